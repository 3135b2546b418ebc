/* A LiteX system with VexRiscv: where things are stands in addresses.h, which processor.py writes, and
 * a frame is finished when the accelerator's interrupt line says so. */
#if !defined(INTERRUPT_H) && !defined(__ASSEMBLER__)
#define INTERRUPT_H

#include <nnhw.h>

#include "addresses.h" /* ACCELERATOR, INTERRUPT, UART, UART_IS_BUSY */

/* Registers of VexRiscv as LiteX has it: lines that count, and those of them that are high. */
#define WITH_REGISTERS(instruction) ".option push\n.option arch, +zicsr\n" instruction "\n.option pop"

static inline void choose_interrupt(uint32_t lines)
{
    __asm__ volatile(WITH_REGISTERS("csrw 0xbc0, %0") : : "r"(lines));
}

static inline int is_interrupted(void)
{
    uint32_t lines;
    __asm__ volatile(WITH_REGISTERS("csrr %0, 0xfc0") : "=r"(lines));
    return (lines >> INTERRUPT & 1) != 0;
}

static inline int run_with_interrupt(struct nnhw_device *device, const void *input, void *output)
{
    int result;
    choose_interrupt(1u << INTERRUPT);
    nnhw_use_interrupts(device, 1);
    result = nnhw_start(device, input, output);
    if (result != NNHW_OK)
        return result;
    do {
        if (is_interrupted())
            nnhw_interrupt(device);
        result = nnhw_poll(device); /* which moves words, too */
    } while (result == NNHW_BUSY);
    return result;
}

#define RUN(device, input, output) run_with_interrupt(device, input, output)

#endif
