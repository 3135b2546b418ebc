#include "nnhw_image.h"

#include <nnhw_port.h>
#include <nnhw_registers.h>

#define ADDRESS(device, name) ((device)->base + offsetof(nnhw_t, name))
#define READ(device, name) nnhw_port_read(ADDRESS(device, name))
#define WRITE(device, name, value) nnhw_port_write(ADDRESS(device, name), value)

#define RUN ((uint32_t)NNHW__LOAD__LOAD_CONTROL__RUN_bm)
#define VALID ((uint32_t)NNHW__LOAD__LOAD_CONTROL__VALID_bm)
#define RUNNING ((uint32_t)NNHW__LOAD__LOAD_STATUS__RUNNING_bm)
#define READY ((uint32_t)NNHW__LOAD__LOAD_STATUS__READY_bm)
#define HAS_QUEUE ((uint32_t)NNHW__CAPABILITIES__FEATURES__LOAD_QUEUE_bm)
#define REFUSED ((uint32_t)NNHW__INTERRUPT__ERROR_CAUSE__LOAD_REFUSED_bm)
#ifdef NNHW__LOAD__LOAD_CONTROL__BANK_bm
#define BANK ((uint32_t)NNHW__LOAD__LOAD_CONTROL__BANK_bm)
#define FREE ((uint32_t)NNHW__LOAD__LOAD_STATUS__FREE_bm)
#else /* there is one only */
#define BANK ((uint32_t)0)
#define FREE ((uint32_t)0)
#endif
#define HASH_STRIDE (offsetof(nnhw_t, capabilities.machine_hash_1) \
                     - offsetof(nnhw_t, capabilities.machine_hash_0))

/* The format: see nnhw/image/file.py, or the manual. All numbers are little-endian. */
enum {
    FORMAT = 1,
    AT_FORMAT = 8,
    AT_COUNT = 12,
    AT_MACHINE = 16,
    HASH_WORDS = 8,
    HEADER_SIZE = 52,
    MOST_SECTIONS = 16,
    SECTION_SIZE = 24,
    AT_ADDRESS = 4, /* of a section */
    AT_COLUMNS = 8,
    AT_DISTANCE = 12,
    AT_WORDS = 16,
    AT_CRC = 20,
    BANK_BIT = 30 /* of an address that is loaded */
};
static const uint8_t MAGIC[8] = {'N', 'N', 'H', 'W', 'I', 'M', 'G', 0};

static uint32_t number(const uint8_t *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16
           | (uint32_t)bytes[3] << 24;
}

/* CRC-32 of IEEE 802.3, four bits at a time. */
static uint32_t crc32(const uint8_t *bytes, size_t size)
{
    static const uint32_t table[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
        0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    uint32_t crc = 0xffffffff;
    while (size-- != 0) {
        crc ^= *bytes++;
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

static int is_for(const struct nnhw_device *device, const uint8_t *hash)
{
    struct nnhw_device part = *device;
    unsigned word;
    for (word = 0; word < HASH_WORDS; ++word, part.base += HASH_STRIDE)
        if (READ(&part, capabilities.machine_hash_0) != number(hash + 4 * word))
            return 0;
    return 1;
}

int nnhw_check_image(const struct nnhw_device *device, const void *image, size_t size)
{
    const uint8_t *bytes = image, *section, *words;
    size_t head, left;
    uint32_t count, index;
    for (index = 0; index < sizeof MAGIC; ++index)
        if (index >= size || bytes[index] != MAGIC[index])
            return NNHW_NO_IMAGE;
    if (size < HEADER_SIZE + 4)
        return NNHW_WRONG_SIZE;
    if (number(bytes + AT_FORMAT) != FORMAT)
        return NNHW_WRONG_FORMAT;
    count = number(bytes + AT_COUNT);
    head = HEADER_SIZE + (size_t)count * SECTION_SIZE;
    if (count > MOST_SECTIONS || size < head + 4)
        return NNHW_WRONG_SIZE;
    if (crc32(bytes, head) != number(bytes + head))
        return NNHW_WRONG_CRC;
    if (!is_for(device, bytes + AT_MACHINE))
        return NNHW_WRONG_MACHINE;
    words = bytes + head + 4;
    left = size - head - 4;
    for (section = bytes + HEADER_SIZE; section != bytes + head; section += SECTION_SIZE) {
        uint32_t columns = number(section + AT_COLUMNS), length = number(section + AT_WORDS);
        if (left / 4 < length || columns == 0)
            return NNHW_WRONG_SIZE;
        if (crc32(words, (size_t)length * 4) != number(section + AT_CRC))
            return NNHW_WRONG_CRC;
        words += (size_t)length * 4;
        left -= (size_t)length * 4;
    }
    return left == 0 ? NNHW_OK : NNHW_WRONG_SIZE;
}

static int stop(struct nnhw_device *device, uint32_t ticks)
{
    uint32_t start = nnhw_port_ticks(), before = READ(device, load.load_control);
    WRITE(device, load.load_control, before & ~RUN);
    while ((READ(device, load.load_status) & RUNNING) != 0) {
        if (ticks != 0 && nnhw_port_ticks() - start >= ticks) {
            WRITE(device, load.load_control, before);
            return NNHW_TIMEOUT;
        }
        nnhw_port_wait();
    }
    /* what registers say of the network reads zero until all of it is there */
    WRITE(device, load.load_control, before & BANK);
    device->bank = (before & BANK) != 0;
    return NNHW_OK;
}

static void load_word(struct nnhw_device *device, const uint8_t *word, uint32_t has_queue)
{
    if (has_queue != 0)
        while ((READ(device, load.load_status) & READY) == 0)
            nnhw_port_wait();
    WRITE(device, load.load_data, number(word));
}

static void load_section(struct nnhw_device *device, const uint8_t *section, const uint8_t *words,
                         uint32_t bank)
{
    uint32_t row = number(section + AT_ADDRESS) | bank << BANK_BIT;
    uint32_t distance = number(section + AT_DISTANCE);
    uint32_t columns = number(section + AT_COLUMNS), left = number(section + AT_WORDS), column;
    uint32_t has_queue = READ(device, capabilities.features) & HAS_QUEUE;
    for (; left != 0; row += distance) {
        /* the address counts up by itself */
        WRITE(device, load.load_address, row);
        for (column = 0; column < columns && left != 0; ++column, --left, words += 4)
            load_word(device, words, has_queue);
    }
}

/* All words of an image that was checked, into a bank that nothing runs in. */
static int load_sections(struct nnhw_device *device, const uint8_t *bytes, uint32_t bank)
{
    size_t head = HEADER_SIZE + (size_t)number(bytes + AT_COUNT) * SECTION_SIZE;
    const uint8_t *words = bytes + head + 4, *section;
    device->loaded &= ~((uint32_t)1 << bank);
    WRITE(device, interrupt.error_cause, REFUSED);
    for (section = bytes + HEADER_SIZE; section != bytes + head; section += SECTION_SIZE) {
        load_section(device, section, words, bank);
        words += (size_t)number(section + AT_WORDS) * 4;
    }
    if ((READ(device, interrupt.error_cause) & REFUSED) != 0) {
        WRITE(device, interrupt.error_cause, REFUSED);
        return NNHW_REFUSED;
    }
    device->loaded |= (uint32_t)1 << bank;
    return NNHW_OK;
}

int nnhw_load(struct nnhw_device *device, const void *image, size_t size, uint32_t ticks)
{
    int result = nnhw_check_image(device, image, size);
    if (result == NNHW_OK)
        result = stop(device, ticks);
    if (result == NNHW_OK)
        result = load_sections(device, image, device->bank);
    if (result == NNHW_OK)
        nnhw_restart(device);
    return result;
}

void nnhw_restart(struct nnhw_device *device)
{
    WRITE(device, load.load_control, VALID | RUN | (device->bank != 0 ? BANK : 0));
}

int nnhw_load_other(struct nnhw_device *device, const void *image, size_t size)
{
    uint32_t status = READ(device, load.load_status);
    int result = BANK != 0 ? nnhw_check_image(device, image, size) : NNHW_NO_NETWORK;
    if (result != NNHW_OK)
        return result;
    if ((status & RUNNING) != 0 && (status & FREE) == 0)
        return NNHW_BUSY;
    return load_sections(device, image, device->bank ^ 1);
}

int nnhw_switch(struct nnhw_device *device)
{
    if (BANK == 0 || (device->loaded >> (device->bank ^ 1) & 1) == 0)
        return NNHW_NO_NETWORK;
    device->bank ^= 1;
    nnhw_restart(device);
    return NNHW_OK;
}
