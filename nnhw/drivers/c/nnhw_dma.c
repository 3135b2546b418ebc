#include "nnhw_dma.h"

#include <nnhw_port.h>

#define ADDRESS(dma, name) ((dma)->base + offsetof(nnhw_t, name))
#define READ(dma, name) nnhw_port_read(ADDRESS(dma, name))
#define WRITE(dma, name, value) nnhw_port_write(ADDRESS(dma, name), value)
#define FIELD(word, name) (((word) & (uint32_t)name##_bm) >> name##_bp)

#define TENSOR_STRIDE (offsetof(nnhw_t, tensor_1) - offsetof(nnhw_t, tensor_0))
#define START ((uint32_t)NNHW__DMA__DMA_CONTROL__START_bm)
#define DOORBELL ((uint32_t)NNHW__DMA__DMA_CONTROL__DOORBELL_bm)

/* words of a descriptor */
enum { STATE = 0, COUNTS = 1, CYCLES = 3, NEXT = 4, HEAD_WORDS = 8, ENTRY_WORDS = 4, BYTES = 2 };
#define OWNED ((uint32_t)1 << 31)
#define DONE ((uint32_t)1 << 30)
#define RESULT 0xffu

static uint32_t tensor_word(const struct nnhw_dma *dma, uint32_t index, uintptr_t offset)
{
    return nnhw_port_read(dma->base + offset + index * TENSOR_STRIDE);
}

static void put_address(volatile uint32_t *words, const volatile void *memory)
{
    uint64_t address = nnhw_port_bus_address(memory);
    words[0] = (uint32_t)address;
    words[1] = (uint32_t)(address >> 32);
}

static void clean(const struct nnhw_dma *dma, struct nnhw_descriptor *descriptor)
{
    if (!dma->mover.is_coherent)
        nnhw_port_cache_clean((const void *)descriptor, sizeof *descriptor);
    nnhw_port_barrier();
}

/* A tensor's place in memory: one pointer each, or, without such, where the table says in frames. */
struct places {
    const void *const *inputs;
    void *const *outputs;
    const uint8_t *input, *output;
};

static const void *place(const struct nnhw_dma *dma, const struct places *places, uint32_t index,
                         uint32_t inputs)
{
    if (places->inputs != NULL)
        return index < inputs ? places->inputs[index] : places->outputs[index - inputs];
    return (index < inputs ? places->input : places->output)
           + tensor_word(dma, index, offsetof(nnhw_t, tensor_0.offset));
}

static void describe(const struct nnhw_dma *dma, struct nnhw_descriptor *descriptor,
                     const struct places *places, const struct nnhw_descriptor *following)
{
    uint32_t counts = READ(dma, capabilities.tensor_counts), index;
    uint32_t inputs = FIELD(counts, NNHW__CAPABILITIES__TENSOR_COUNTS__INPUTS);
    uint32_t count = inputs + FIELD(counts, NNHW__CAPABILITIES__TENSOR_COUNTS__OUTPUTS);
    volatile uint32_t *entry = descriptor->words + HEAD_WORDS;
    descriptor->words[STATE] = 0;
    descriptor->words[COUNTS] = counts;
    put_address(descriptor->words + NEXT, following);
    for (index = 0; index < count; ++index, entry += ENTRY_WORDS) {
        put_address(entry, place(dma, places, index, inputs));
        entry[BYTES] = tensor_word(dma, index, offsetof(nnhw_t, tensor_0.bytes));
    }
}

void nnhw_dma_describe(const struct nnhw_dma *dma, struct nnhw_descriptor *descriptor,
                       const void *const *inputs, void *const *outputs,
                       const struct nnhw_descriptor *following)
{
    struct places places = {inputs, outputs, NULL, NULL};
    describe(dma, descriptor, &places, following);
}

void nnhw_dma_hand_over(const struct nnhw_dma *dma, struct nnhw_descriptor *descriptor)
{
    clean(dma, descriptor); /* all else is in memory before the accelerator sees that it is its own */
    descriptor->words[STATE] = OWNED;
    clean(dma, descriptor);
}

void nnhw_dma_start(const struct nnhw_dma *dma, const struct nnhw_descriptor *descriptor)
{
    uint64_t address = nnhw_port_bus_address(descriptor);
    WRITE(dma, dma.descriptor_low, (uint32_t)address);
    WRITE(dma, dma.descriptor_high, (uint32_t)(address >> 32));
    WRITE(dma, dma.dma_control, START);
}

void nnhw_dma_doorbell(const struct nnhw_dma *dma)
{
    WRITE(dma, dma.dma_control, DOORBELL);
}

enum nnhw_dma_result nnhw_dma_result(const struct nnhw_dma *dma, struct nnhw_descriptor *descriptor,
                                     uint32_t *cycles)
{
    uint32_t state;
    if (!dma->mover.is_coherent)
        nnhw_port_cache_invalidate((void *)descriptor, sizeof *descriptor);
    state = descriptor->words[STATE];
    if (!(state & DONE))
        return NNHW_DMA_PENDING;
    nnhw_port_barrier();
    if (cycles != NULL)
        *cycles = descriptor->words[CYCLES];
    return (enum nnhw_dma_result)(state & RESULT);
}

static int receive(void *context, void *frame, size_t size)
{
    struct nnhw_dma *dma = context;
    (void)size;
    dma->output = frame;
    return 0;
}

static int send(void *context, const void *frame, size_t size)
{
    struct nnhw_dma *dma = context;
    struct places places = {NULL, NULL, frame, dma->output};
    (void)size;
    describe(dma, dma->descriptor, &places, dma->descriptor);
    nnhw_dma_hand_over(dma, dma->descriptor);
    nnhw_dma_start(dma, dma->descriptor);
    return 0;
}

/* If it has ended otherwise, the accelerator raises an event. */
static int is_received(void *context)
{
    struct nnhw_dma *dma = context;
    return nnhw_dma_result(dma, dma->descriptor, NULL) == NNHW_DMA_OK;
}

void nnhw_dma_init(struct nnhw_dma *dma, uintptr_t base, struct nnhw_descriptor *descriptor,
                   int is_coherent)
{
    dma->mover.send = send;
    dma->mover.receive = receive;
    dma->mover.is_received = is_received;
    dma->mover.context = dma;
    dma->mover.is_coherent = is_coherent;
    dma->base = base;
    dma->descriptor = descriptor;
    dma->output = NULL;
}
