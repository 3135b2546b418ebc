/* Loads networks into a programmable accelerator. */
#ifndef NNHW_IMAGE_H
#define NNHW_IMAGE_H

#include "nnhw.h"

/* Whether an image (the file image.bin) is whole and made for this accelerator: NNHW_OK or what is
 * wrong. Nothing is written. */
int nnhw_check_image(const struct nnhw_device *device, const void *image, size_t size);

/* Check an image, wait for so many ticks of the port at most (0: without an end) until frames that
 * have begun are finished, load it and let frames begin. Until the first word is written, and so
 * after NNHW_TIMEOUT and whatever is wrong with the image, the network goes on that was there
 * before. After NNHW_REFUSED nothing runs. */
int nnhw_load(struct nnhw_device *device, const void *image, size_t size, uint32_t ticks);

/* Run what was loaded before, after a reset of the accelerator. */
void nnhw_restart(struct nnhw_device *device);

#endif
