/* The simulated design as the driver and the tests see it. */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

uint32_t bench_read(uint32_t address);
void bench_write(uint32_t address, uint32_t value);
void bench_wait(void);
uint32_t bench_cycles(void);
void bench_cleaned(const void *buffer, size_t size);
void bench_invalidated(const void *buffer, size_t size);

#ifdef __cplusplus
}
#endif
#endif
