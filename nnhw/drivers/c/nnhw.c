#include "nnhw.h"

/* found by the compiler's include paths, so that a system's own port can come first */
#include <nnhw_port.h>
#include <nnhw_registers.h>

/* The structure gives the places of registers only: it is packed, and accessing its members might
 * be split into bytes. */
#define ADDRESS(device, name) ((device)->base + offsetof(nnhw_t, name))
#define READ(device, name) nnhw_port_read(ADDRESS(device, name))
#define WRITE(device, name, value) nnhw_port_write(ADDRESS(device, name), value)
#define FIELD(word, name) (((word) & (uint32_t)name##_bm) >> name##_bp)

#define MAGIC NNHW__IDENTIFICATION__MAGIC__VALUE_reset
#define ABI_MAJOR NNHW__IDENTIFICATION__ABI__MAJOR_reset
#define ENABLE ((uint32_t)NNHW__CONTROL__CONTROL__ENABLE_bm)
#define ABORT ((uint32_t)NNHW__CONTROL__CONTROL__ABORT_bm)
#define ABORTING ((uint32_t)NNHW__CONTROL__STATUS__ABORTING_bm)
#define DELIVERED ((uint32_t)NNHW__INTERRUPT__IRQ_STATUS__DELIVERED_bm)
#define DAMAGED ((uint32_t)NNHW__INTERRUPT__IRQ_STATUS__ERROR_bm)
#define ABORTED ((uint32_t)NNHW__INTERRUPT__IRQ_STATUS__ABORTED_bm)
#define EVENTS (DELIVERED | DAMAGED | ABORTED)
#define TENSOR_STRIDE (offsetof(nnhw_t, tensor_1) - offsetof(nnhw_t, tensor_0))

int nnhw_open(struct nnhw_device *device, uintptr_t base, const struct nnhw_mover *mover)
{
    device->base = base;
    device->mover = mover;
    device->uses_interrupts = 0;
    device->is_moving = 0;
    device->output = NULL;
    device->events = 0;
    device->bank = 0;
    device->loaded = 0;
    if (READ(device, identification.magic) != MAGIC)
        return NNHW_NO_DEVICE;
    if (FIELD(READ(device, identification.abi), NNHW__IDENTIFICATION__ABI__MAJOR) != ABI_MAJOR)
        return NNHW_WRONG_ABI;
    WRITE(device, interrupt.irq_enable, 0);
    WRITE(device, interrupt.irq_status, EVENTS);
    (void)nnhw_error_causes(device);
    nnhw_enable(device, 1);
    return NNHW_OK;
}

void nnhw_use_interrupts(struct nnhw_device *device, int on)
{
    device->uses_interrupts = on;
    WRITE(device, interrupt.irq_enable, on ? EVENTS : 0);
}

void nnhw_interrupt(struct nnhw_device *device)
{
    uint32_t events = READ(device, interrupt.irq_status);
    /* what comes in between stays set */
    WRITE(device, interrupt.irq_status, events);
    device->events |= events;
}

int nnhw_get_tensor(const struct nnhw_device *device, uint32_t index, struct nnhw_tensor *tensor)
{
    uint32_t counts = READ(device, capabilities.tensor_counts), element, host;
    struct nnhw_device entry = *device;
    if (index >= FIELD(counts, NNHW__CAPABILITIES__TENSOR_COUNTS__INPUTS)
                     + FIELD(counts, NNHW__CAPABILITIES__TENSOR_COUNTS__OUTPUTS))
        return NNHW_NO_TENSOR;
    entry.base += index * TENSOR_STRIDE;
    element = READ(&entry, tensor_0.element);
    host = READ(&entry, tensor_0.host);
    tensor->offset = READ(&entry, tensor_0.offset);
    tensor->size = READ(&entry, tensor_0.bytes);
    tensor->height = READ(&entry, tensor_0.height);
    tensor->width = READ(&entry, tensor_0.width);
    tensor->channels = READ(&entry, tensor_0.channels);
    tensor->bits = FIELD(element, NNHW__TENSOR_0__ELEMENT__BITS);
    tensor->is_signed = (int)FIELD(element, NNHW__TENSOR_0__ELEMENT__IS_SIGNED);
    tensor->is_output = (int)FIELD(element, NNHW__TENSOR_0__ELEMENT__IS_OUTPUT);
    tensor->zero_point = (int32_t)READ(&entry, tensor_0.zero_point);
    tensor->multiplier = READ(&entry, tensor_0.multiplier);
    tensor->shift = (int32_t)READ(&entry, tensor_0.shift);
    tensor->scale_bits = READ(&entry, tensor_0.scale);
    tensor->preprocess = FIELD(host, NNHW__TENSOR_0__HOST__PREPROCESS);
    tensor->postprocess = FIELD(host, NNHW__TENSOR_0__HOST__POSTPROCESS);
    tensor->host_offset_bits = READ(&entry, tensor_0.host_offset);
    tensor->host_scale_bits = READ(&entry, tensor_0.host_scale);
    return NNHW_OK;
}

size_t nnhw_input_size(const struct nnhw_device *device)
{
    uint32_t bytes = READ(device, capabilities.stream_bytes);
    return (size_t)READ(device, capabilities.input_beats)
           * FIELD(bytes, NNHW__CAPABILITIES__STREAM_BYTES__INPUT);
}

size_t nnhw_output_size(const struct nnhw_device *device)
{
    uint32_t bytes = READ(device, capabilities.stream_bytes);
    return (size_t)READ(device, capabilities.output_beats)
           * FIELD(bytes, NNHW__CAPABILITIES__STREAM_BYTES__OUTPUT);
}

int nnhw_start(struct nnhw_device *device, const void *input, void *output)
{
    const struct nnhw_mover *mover = device->mover;
    size_t input_size = nnhw_input_size(device), output_size = nnhw_output_size(device);
    if (!mover->is_coherent) {
        nnhw_port_cache_clean(input, input_size);
        /* no line of the output may be written back over what the mover writes */
        nnhw_port_cache_invalidate(output, output_size);
    }
    nnhw_port_barrier();
    device->output = output;
    if (mover->receive(mover->context, output, output_size) != 0
        || mover->send(mover->context, input, input_size) != 0)
        return NNHW_NO_MOVER;
    return NNHW_OK;
}

/* Look at an event, once. Of two that are there, the first one in `wanted` counts. */
static int take(struct nnhw_device *device, uint32_t wanted)
{
    uint32_t events;
    if (!device->uses_interrupts)
        nnhw_interrupt(device);
    events = device->events & wanted;
    if (events == 0)
        return 0;
    if (device->uses_interrupts)
        WRITE(device, interrupt.irq_enable, 0); /* the handler changes `events`, too */
    device->events &= ~events;
    if (device->uses_interrupts)
        WRITE(device, interrupt.irq_enable, EVENTS);
    return (int)events;
}

/* Whether a parity was wrong; the cause stays set. */
static int is_corrupted(const struct nnhw_device *device)
{
#ifdef NNHW__INTERRUPT__ERROR_CAUSE__PARITY_bm
    uint32_t parity = (uint32_t)NNHW__INTERRUPT__ERROR_CAUSE__PARITY_bm;
    return (READ(device, interrupt.error_cause) & parity) != 0;
#else
    (void)device;
    return 0;
#endif
}

int nnhw_poll(struct nnhw_device *device)
{
    const struct nnhw_mover *mover = device->mover;
    uint32_t events = (uint32_t)take(device, DAMAGED | ABORTED);
    int received;
    if (events & DAMAGED)
        return is_corrupted(device) ? NNHW_CORRUPTED : NNHW_DAMAGED;
    if (events & ABORTED)
        return NNHW_ABORTED;
    /* the last beat has left the accelerator before the mover has it in memory */
    received = mover->is_received(mover->context);
    device->is_moving = received < 0;
    if (received <= 0 || take(device, DELIVERED) == 0)
        return NNHW_BUSY;
    nnhw_port_barrier();
    if (!mover->is_coherent)
        nnhw_port_cache_invalidate(device->output, nnhw_output_size(device));
    return NNHW_OK;
}

int nnhw_finish(struct nnhw_device *device, uint32_t ticks)
{
    uint32_t start = nnhw_port_ticks();
    int result;
    while ((result = nnhw_poll(device)) == NNHW_BUSY) {
        if (ticks != 0 && nnhw_port_ticks() - start >= ticks)
            return NNHW_TIMEOUT;
        if (!device->is_moving)
            nnhw_port_wait();
    }
    return result;
}

int nnhw_run(struct nnhw_device *device, const void *input, void *output, uint32_t ticks)
{
    int result = nnhw_start(device, input, output);
    return result == NNHW_OK ? nnhw_finish(device, ticks) : result;
}

int nnhw_abort(struct nnhw_device *device, uint32_t ticks)
{
    uint32_t start = nnhw_port_ticks();
    uint32_t enable = READ(device, control.control) & ENABLE;
    WRITE(device, control.control, enable | ABORT);
    /* the event may be that of an earlier abort, for which nobody has waited long enough */
    while (take(device, ABORTED) == 0 || (READ(device, control.status) & ABORTING) != 0) {
        if (ticks != 0 && nnhw_port_ticks() - start >= ticks)
            return NNHW_TIMEOUT;
        nnhw_port_wait();
    }
    /* what happened before counts no more */
    WRITE(device, interrupt.irq_enable, 0);
    nnhw_interrupt(device);
    device->events = 0;
    WRITE(device, interrupt.irq_enable, device->uses_interrupts ? EVENTS : 0);
    return NNHW_OK;
}

void nnhw_enable(struct nnhw_device *device, int on)
{
    WRITE(device, control.control, on ? ENABLE : 0);
}

uint32_t nnhw_error_causes(struct nnhw_device *device)
{
    uint32_t causes = READ(device, interrupt.error_cause);
    WRITE(device, interrupt.error_cause, causes);
    return causes;
}

/* Reading the low word keeps the high one. */
#define COUNTER(device, name) \
    (low = READ(device, counters.name##_low), \
     low | (uint64_t)READ(device, counters.name##_high) << 32)

void nnhw_get_counters(const struct nnhw_device *device, struct nnhw_counters *counters)
{
    uint32_t low;
    counters->accepted = COUNTER(device, frames_accepted);
    counters->dropped = COUNTER(device, frames_dropped);
    counters->delivered = COUNTER(device, frames_delivered);
    counters->frame_cycles = COUNTER(device, frame_cycles);
    counters->input_stalls = COUNTER(device, input_stalls);
    counters->output_stalls = COUNTER(device, output_stalls);
}
