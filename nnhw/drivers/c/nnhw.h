/* Driver of an accelerator with a control bus. C99, freestanding: no allocation, no floating point,
 * no library. nnhw_registers.h is the design's own, from its folder `registers`. */
#ifndef NNHW_H
#define NNHW_H

#include <stddef.h>
#include <stdint.h>

enum nnhw_result {
    NNHW_OK = 0,
    NNHW_BUSY = 1,        /* not finished yet */
    NNHW_NO_DEVICE = -1,  /* there is no accelerator at this address */
    NNHW_WRONG_ABI = -2,  /* its registers are not those that the driver knows */
    NNHW_NO_TENSOR = -3,  /* the index is too large */
    NNHW_DAMAGED = -4,    /* the input frame was dropped; see nnhw_error_causes */
    NNHW_ABORTED = -5,
    NNHW_TIMEOUT = -6,
    NNHW_NO_MOVER = -7,   /* the data mover refused */
    /* of nnhw_image.h, for programmable accelerators */
    NNHW_NO_IMAGE = -8,       /* it does not begin like an image */
    NNHW_WRONG_FORMAT = -9,   /* its format has a version that the driver does not know */
    NNHW_WRONG_SIZE = -10,    /* it was cut off, or something stands behind its end */
    NNHW_WRONG_CRC = -11,     /* it is damaged: a CRC-32 is another one */
    NNHW_WRONG_MACHINE = -12, /* it is for another accelerator */
    NNHW_REFUSED = -13,       /* the accelerator has refused a word */
    NNHW_CORRUPTED = -14,     /* what was loaded has changed: load it again */
    NNHW_NO_NETWORK = -15     /* the other bank was not loaded, or there is none */
};

/* Moves frames between memory and the accelerator: a DMA engine, mostly, or nnhw_window.h or
 * nnhw_dma.h, as the design has it. All
 * functions return 0 if they succeed; none of them waits. */
struct nnhw_mover {
    int (*send)(void *context, const void *frame, size_t size);
    int (*receive)(void *context, void *frame, size_t size);
    /* 1: all of the frame is in memory; 0: not yet; -1: nor will it be, unless this is called on and
     * on, without waiting for an interrupt */
    int (*is_received)(void *context);
    void *context;
    int is_coherent; /* not 0: it sees memory as the processor does, through all caches */
};

struct nnhw_device {
    uintptr_t base;
    const struct nnhw_mover *mover;
    int uses_interrupts;
    int is_moving; /* the mover does not go on by itself */
    void *output;
    volatile uint32_t events; /* of the interrupt status, not yet looked at */
    /* of programmable accelerators */
    uint32_t bank;   /* in which frames begin; 0 where there is one only */
    uint32_t loaded; /* banks that were loaded, a bit each */
};

struct nnhw_tensor {
    uint32_t offset; /* in its frame, in bytes, as is size */
    uint32_t size;
    uint32_t height, width, channels;
    uint32_t bits;
    int is_signed, is_output;
    int32_t zero_point;
    uint32_t multiplier; /* one step is multiplier / 2^shift */
    int32_t shift;
    uint32_t scale_bits; /* the same as the bits of a float */
    uint32_t preprocess, postprocess;
    uint32_t host_offset_bits, host_scale_bits;
};

/* Find the accelerator, clear old events and let frames begin. */
int nnhw_open(struct nnhw_device *device, uintptr_t base, const struct nnhw_mover *mover);

/* Raise the interrupt at the end of frames, at errors and after aborts; nnhw_interrupt is to be
 * called then. Without it, nnhw_finish asks the registers. */
void nnhw_use_interrupts(struct nnhw_device *device, int on);
void nnhw_interrupt(struct nnhw_device *device);

/* Entry `index` of the table of tensors: inputs, then outputs. */
int nnhw_get_tensor(const struct nnhw_device *device, uint32_t index, struct nnhw_tensor *tensor);

/* Bytes of a frame in memory: whole beats. */
size_t nnhw_input_size(const struct nnhw_device *device);
size_t nnhw_output_size(const struct nnhw_device *device);

/* Begin with a frame. Both buffers belong to the accelerator until nnhw_finish says something else
 * than NNHW_BUSY or NNHW_TIMEOUT. */
int nnhw_start(struct nnhw_device *device, const void *input, void *output);

/* NNHW_BUSY, or how the frame has ended. */
int nnhw_poll(struct nnhw_device *device);

/* Wait until the frame has ended, for so many ticks of the port at most; 0: without an end. */
int nnhw_finish(struct nnhw_device *device, uint32_t ticks);

/* nnhw_start and nnhw_finish. */
int nnhw_run(struct nnhw_device *device, const void *input, void *output, uint32_t ticks);

/* Give up all that has begun, and wait until that is done. The mover's transfers are its own
 * affair: an output frame that has begun is closed by a beat with tlast and bit 0 of
 * tuser. */
int nnhw_abort(struct nnhw_device *device, uint32_t ticks);

/* Hold back frames that have not begun, or let them begin. */
void nnhw_enable(struct nnhw_device *device, int on);

/* Bits of the register error_cause, which are cleared. */
uint32_t nnhw_error_causes(struct nnhw_device *device);

struct nnhw_counters {
    uint64_t accepted, dropped, delivered, frame_cycles, input_stalls, output_stalls;
};
void nnhw_get_counters(const struct nnhw_device *device, struct nnhw_counters *counters);

/* The element for the real value value / 2^fraction: rounded, ties to even, saturated. */
int32_t nnhw_quantize(const struct nnhw_tensor *tensor, int32_t value, unsigned fraction);

/* The real value of an element in units of 2^-fraction: rounded, ties to even, saturated. */
int32_t nnhw_dequantize(const struct nnhw_tensor *tensor, int32_t element, unsigned fraction);

/* Index of the largest of some elements, the first one of equals. */
uint32_t nnhw_argmax(const int8_t *elements, uint32_t count);

#endif
