/* Frames in memory, which the accelerator fetches and writes by itself, as descriptors say. */
#ifndef NNHW_DMA_H
#define NNHW_DMA_H

#include "nnhw.h"

#include <nnhw_registers.h>

#define NNHW_DESCRIPTOR_WORDS \
    (8 + 4 * (unsigned)NNHW__IDENTIFICATION__MEMORY_BUS__ENTRIES_reset)

/* Little-endian. At a multiple of NNHW_DESCRIPTOR_ALIGNMENT bytes, and in cache lines of its own. */
struct nnhw_descriptor {
    volatile uint32_t words[NNHW_DESCRIPTOR_WORDS];
};
#define NNHW_DESCRIPTOR_ALIGNMENT 32

/* How a frame has ended. */
enum nnhw_dma_result {
    NNHW_DMA_OK = 0,
    NNHW_DMA_ABORTED = 1,
    NNHW_DMA_READ_ERROR = 2,  /* memory has answered a read of an input with an error */
    NNHW_DMA_WRITE_ERROR = 3, /* likewise a write of an output */
    NNHW_DMA_ADDRESS = 4,     /* a tensor is not at a whole word of the bus, or beyond its addresses */
    NNHW_DMA_SIZE = 5,        /* the tensors are not the network's */
    NNHW_DMA_PENDING = 256    /* not yet: the descriptor is the accelerator's, or was not handed over */
};

struct nnhw_dma {
    struct nnhw_mover mover; /* for nnhw_open */
    uintptr_t base;
    struct nnhw_descriptor *descriptor;
    void *output;
};

/* Make a mover of a descriptor: nnhw_start, nnhw_poll and the like move a frame at a time. Frames are
 * as on streams: tensors at the offsets that nnhw_get_tensor tells. `is_coherent`: see nnhw_mover. */
void nnhw_dma_init(struct nnhw_dma *dma, uintptr_t base, struct nnhw_descriptor *descriptor,
                   int is_coherent);

/* For frames in lists, whose tensors may be anywhere: at whole words of the bus. Caches are the
 * caller's affair, but for those of descriptors. Fill in a descriptor: a pointer for each tensor, and
 * the descriptor that follows, which may be the same one. It is not the accelerator's yet. */
void nnhw_dma_describe(const struct nnhw_dma *dma, struct nnhw_descriptor *descriptor,
                       const void *const *inputs, void *const *outputs,
                       const struct nnhw_descriptor *following);

/* Hand it over; it must not be changed before nnhw_dma_result says something else than
 * NNHW_DMA_PENDING. */
void nnhw_dma_hand_over(const struct nnhw_dma *dma, struct nnhw_descriptor *descriptor);

/* Begin with a descriptor, when nothing is under way any more. */
void nnhw_dma_start(const struct nnhw_dma *dma, const struct nnhw_descriptor *descriptor);

/* Go on where a descriptor was not the accelerator's. */
void nnhw_dma_doorbell(const struct nnhw_dma *dma);

/* How its frame has ended, and in how many clock cycles, if `cycles` is not NULL. */
enum nnhw_dma_result nnhw_dma_result(const struct nnhw_dma *dma, struct nnhw_descriptor *descriptor,
                                     uint32_t *cycles);

#endif
