/* What a host with floating point may do before and after a frame; not needed for frames
 * themselves. C99, freestanding: no library. */
#ifndef NNHW_FLOAT_H
#define NNHW_FLOAT_H

#include "nnhw.h"

/* Elements of an input from real values in the tensor's order (height, width, channels), by the
 * numbers of the table of tensors. NNHW_NO_TENSOR if these are not all that there is to it
 * (preprocess is 2): then the manifest's host_preprocess says what to do. */
int nnhw_preprocess(const struct nnhw_tensor *tensor, const float *values, int8_t *elements);

/* Real values of an output's elements. */
void nnhw_to_real(const struct nnhw_tensor *tensor, const int8_t *elements, float *values);

/* In place, over all values. The relative error is below 2e-6 beyond what float32 makes of the
 * differences to the largest value. */
void nnhw_softmax(float *values, uint32_t count);
void nnhw_sigmoid(float *values, uint32_t count);

#endif
