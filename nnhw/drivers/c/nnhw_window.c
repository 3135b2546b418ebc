#include "nnhw_window.h"

#include <nnhw_port.h>
#include <nnhw_registers.h>

#define ADDRESS(window, name) ((window)->base + offsetof(nnhw_t, name))
#define READ(window, name) nnhw_port_read(ADDRESS(window, name))
#define WRITE(window, name, value) nnhw_port_write(ADDRESS(window, name), value)

#define ROOM ((uint32_t)NNHW__WINDOW__INPUT_STATUS__ROOM_bm)
#define WORDS ((uint32_t)NNHW__WINDOW__OUTPUT_STATUS__WORDS_bm)
#define OUTPUT_BYTES (4 * (size_t)NNHW__CAPABILITIES__WINDOW_WORDS__OUTPUT_reset)

static void write_words(struct nnhw_window *window)
{
    const uint8_t *bytes = window->input;
    uint32_t room = 0, word;
    if (window->input_left != 0)
        room = READ(window, window.input_status) & ROOM;
    for (; room != 0 && window->input_left != 0; --room, bytes += 4) {
        word = bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16
               | (uint32_t)bytes[3] << 24;
        window->input_left -= 4;
        if (window->input_left != 0)
            WRITE(window, window.input_data, word);
        else
            WRITE(window, window.input_last, word);
    }
    window->input = bytes;
}

static void read_words(struct nnhw_window *window)
{
    uint8_t *bytes = window->output;
    uint32_t words = 0, word;
    if (window->output_left != 0)
        words = READ(window, window.output_status) & WORDS;
    for (; words != 0 && window->output_left != 0; --words, bytes += 4) {
        word = READ(window, window.output_data);
        bytes[0] = (uint8_t)word;
        bytes[1] = (uint8_t)(word >> 8);
        bytes[2] = (uint8_t)(word >> 16);
        bytes[3] = (uint8_t)(word >> 24);
        window->output_left -= 4;
    }
    window->output = bytes;
}

static int send(void *context, const void *frame, size_t size)
{
    struct nnhw_window *window = context;
    window->input = frame;
    window->input_left = size;
    write_words(window);
    return 0;
}

static int receive(void *context, void *frame, size_t size)
{
    struct nnhw_window *window = context;
    window->output = frame;
    window->output_left = size;
    return 0;
}

static int is_received(void *context)
{
    struct nnhw_window *window = context;
    write_words(window);
    read_words(window);
    if (window->output_left == 0)
        return 1;
    /* an event comes when the frame's last word is in the window, if there is room for it */
    return window->input_left == 0 && window->output_left <= OUTPUT_BYTES ? 0 : -1;
}

void nnhw_window_init(struct nnhw_window *window, uintptr_t base)
{
    window->mover.send = send;
    window->mover.receive = receive;
    window->mover.is_received = is_received;
    window->mover.context = window;
    window->mover.is_coherent = 1;
    window->base = base;
    window->input_left = 0;
    window->output_left = 0;
}
