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

/* Run what was loaded before, after a reset of the accelerator; of two banks, in device->bank. */
void nnhw_restart(struct nnhw_device *device);

/* Of an accelerator with two banks: check an image and load it into the bank that frames do not
 * begin in, while frames go on in the other one. NNHW_BUSY, without a word written, if a frame that
 * has begun there is not finished. Whatever is wrong, the network that runs goes on. */
int nnhw_load_other(struct nnhw_device *device, const void *image, size_t size);

/* Let frames begin in the other bank from now on: those whose first beat was taken before end in
 * the bank in which they have begun. NNHW_NO_NETWORK, without an effect, unless it was loaded since
 * nnhw_open. */
int nnhw_switch(struct nnhw_device *device);

#endif
