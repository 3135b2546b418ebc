#include "nnhw.h"

/* Quotient, rounded, ties to even; the divisor is below 2^62. */
static int64_t divide(uint64_t number, uint64_t divisor)
{
    uint64_t quotient = number / divisor, twice_rest = 2 * (number % divisor);
    if (twice_rest > divisor || (twice_rest == divisor && (quotient & 1) != 0))
        quotient++;
    return (int64_t)quotient;
}

static uint64_t magnitude(int64_t value)
{
    return (uint64_t)(value < 0 ? -value : value);
}

static int64_t between(int64_t value, int64_t low, int64_t high)
{
    return value < low ? low : value > high ? high : value;
}

int32_t nnhw_quantize(const struct nnhw_tensor *tensor, int32_t value, unsigned fraction)
{
    /* |value| * 2^exponent / multiplier; beyond 2^10 steps nothing counts */
    uint64_t number = magnitude(value), divisor = tensor->multiplier;
    int32_t exponent = tensor->shift - (int32_t)fraction;
    int64_t steps, low = 0, high = ((int64_t)1 << tensor->bits) - 1;
    if (tensor->is_signed) {
        low = -((int64_t)1 << (tensor->bits - 1));
        high = -low - 1;
    }
    for (; exponent > 0 && number < divisor << 10; exponent--)
        number <<= 1;
    if (exponent < 0)
        divisor <<= exponent < -33 ? 33 : -exponent;
    steps = divide(number, divisor);
    return (int32_t)between((value < 0 ? -steps : steps) + tensor->zero_point, low, high);
}

int32_t nnhw_dequantize(const struct nnhw_tensor *tensor, int32_t element, unsigned fraction)
{
    /* |steps| * multiplier * 2^exponent; the product has 33 bits */
    int64_t steps = (int64_t)element - tensor->zero_point, value;
    uint64_t number = magnitude(steps) * tensor->multiplier;
    int32_t exponent = (int32_t)fraction - tensor->shift;
    for (; exponent > 0 && number < (uint64_t)1 << 32; exponent--)
        number <<= 1;
    value = divide(number, exponent < 0 ? (uint64_t)1 << (exponent < -40 ? 40 : -exponent) : 1);
    return (int32_t)between(steps < 0 ? -value : value, INT32_MIN, INT32_MAX);
}

uint32_t nnhw_argmax(const int8_t *elements, uint32_t count)
{
    uint32_t index, largest = 0;
    for (index = 1; index < count; index++)
        if (elements[index] > elements[largest])
            largest = index;
    return largest;
}
