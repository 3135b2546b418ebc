/* Moves frames through the windows of an accelerator without streams: the processor copies them,
 * word by word. */
#ifndef NNHW_WINDOW_H
#define NNHW_WINDOW_H

#include "nnhw.h"

struct nnhw_window {
    struct nnhw_mover mover; /* for nnhw_open */
    uintptr_t base;
    const uint8_t *input; /* what is left of a frame */
    size_t input_left;
    uint8_t *output;
    size_t output_left;
};

/* Words are moved by the calls of nnhw_start, nnhw_poll and all that wait: as many as there is room
 * for, or as have come. */
void nnhw_window_init(struct nnhw_window *window, uintptr_t base);

#endif
