/* The port of the driver to the simulated design. */
#ifndef NNHW_PORT_H
#define NNHW_PORT_H

#include "bench.h"

static inline uint32_t nnhw_port_read(uintptr_t address) { return bench_read((uint32_t)address); }
static inline void nnhw_port_write(uintptr_t address, uint32_t value)
{
    bench_write((uint32_t)address, value);
}
static inline void nnhw_port_barrier(void) {}
static inline void nnhw_port_cache_clean(const void *buffer, size_t size)
{
    bench_cleaned(buffer, size);
}
static inline void nnhw_port_cache_invalidate(void *buffer, size_t size)
{
    bench_invalidated(buffer, size);
}
static inline uint64_t nnhw_port_bus_address(const volatile void *buffer)
{
    return (uint64_t)(uintptr_t)buffer;
}
static inline void nnhw_port_wait(void) { bench_wait(); }
static inline uint32_t nnhw_port_ticks(void) { return bench_cycles(); }

#endif
