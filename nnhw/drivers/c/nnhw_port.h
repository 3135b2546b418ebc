/* What the driver needs of a system: put a file of this name into a folder that your compiler searches
 * before this one.
 *
 * As it stands, registers are memory of the processor, which has no caches in the way, and waiting
 * is a loop. Addresses are those of 32-bit registers, little-endian. */
#ifndef NNHW_PORT_H
#define NNHW_PORT_H

#include <stddef.h>
#include <stdint.h>

static inline uint32_t nnhw_port_read(uintptr_t address)
{
    return *(volatile uint32_t *)address;
}

static inline void nnhw_port_write(uintptr_t address, uint32_t value)
{
    *(volatile uint32_t *)address = value;
}

/* Memory accesses before it are seen by everybody before those behind it. */
static inline void nnhw_port_barrier(void)
{
}

/* Write back what a cache has of a buffer that a data mover is to read. */
static inline void nnhw_port_cache_clean(const void *buffer, size_t size)
{
    (void)buffer;
    (void)size;
}

/* Forget what a cache has of a buffer that a data mover has written. */
static inline void nnhw_port_cache_invalidate(void *buffer, size_t size)
{
    (void)buffer;
    (void)size;
}

/* Where an accelerator that fetches frames by itself finds a buffer: a physical address, mostly. */
static inline uint64_t nnhw_port_bus_address(const volatile void *buffer)
{
    return (uint64_t)(uintptr_t)buffer;
}

/* Called while nothing is to be done but to wait: with interrupts, sleep until the next one; it
 * must return, too, if one has come since the last call. */
static inline void nnhw_port_wait(void)
{
}

/* Time in units of your own, for timeouts; may wrap around. */
static inline uint32_t nnhw_port_ticks(void)
{
    return 0;
}

#endif
