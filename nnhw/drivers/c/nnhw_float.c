#include "nnhw_float.h"

static float from_bits(uint32_t bits)
{
    union {
        uint32_t bits;
        float value;
    } both;
    both.bits = bits;
    return both.value;
}

/* Nearest integer, ties to even: of |value| up to 2^22, a sum rounds by itself. */
static int32_t nearest(float value)
{
    volatile float sum;
    if (value > 4194304.0f)
        return 4194304;
    if (value < -4194304.0f)
        return -4194304;
    sum = value + 12582912.0f;
    return (int32_t)(sum - 12582912.0f);
}

int nnhw_preprocess(const struct nnhw_tensor *tensor, const float *values, int8_t *elements)
{
    float offset = 0.0f, scale = from_bits(tensor->scale_bits);
    int32_t low = -((int32_t)1 << (tensor->bits - 1)), high = -low - 1;
    uint32_t index;
    if (tensor->preprocess > 1)
        return NNHW_NO_TENSOR;
    if (tensor->preprocess == 1) {
        offset = from_bits(tensor->host_offset_bits);
        scale = from_bits(tensor->host_scale_bits);
    }
    for (index = 0; index < tensor->size; index++) {
        int32_t element = nearest((values[index] - offset) / scale) + tensor->zero_point;
        elements[index] = (int8_t)(element < low ? low : element > high ? high : element);
    }
    return NNHW_OK;
}

void nnhw_to_real(const struct nnhw_tensor *tensor, const int8_t *elements, float *values)
{
    float scale = from_bits(tensor->scale_bits);
    uint32_t index;
    for (index = 0; index < tensor->size; index++)
        values[index] = scale * (float)(elements[index] - tensor->zero_point);
}

/* e^x: 2^n times the series of e^r, |r| <= ln(2) / 2, to the seventh power. */
static float exponential(float x)
{
    int32_t n;
    float r, sum;
    if (x < -87.0f)
        return 0.0f;
    if (x > 88.0f)
        x = 88.0f;
    n = nearest(x * 1.44269504f);
    r = x - (float)n * 0.693359375f + (float)n * 2.12194440e-4f;
    sum = 1.0f + r * (1.0f + r * (0.5f + r * (1.66666667e-1f + r * (4.16666667e-2f
          + r * (8.33333333e-3f + r * (1.38888889e-3f + r * 1.98412698e-4f))))));
    return sum * from_bits((uint32_t)(n + 127) << 23);
}

void nnhw_softmax(float *values, uint32_t count)
{
    float largest = values[0], sum = 0.0f;
    uint32_t index;
    for (index = 1; index < count; index++)
        if (values[index] > largest)
            largest = values[index];
    for (index = 0; index < count; index++)
        sum += values[index] = exponential(values[index] - largest);
    for (index = 0; index < count; index++)
        values[index] /= sum;
}

void nnhw_sigmoid(float *values, uint32_t count)
{
    uint32_t index;
    for (index = 0; index < count; index++)
        values[index] = 1.0f / (1.0f + exponential(-values[index]));
}
