/* Classifies the digits of digits.h, and prints class and scores of each on the UART. */
#include <nnhw.h>
#include <nnhw_window.h>

#include "digits.h" /* DIGITS, PIXELS, digits[DIGITS][PIXELS] */

#ifndef ACCELERATOR /* a header that is included before says where things are */
#define ACCELERATOR 0x40000000u
#define UART 0x10000000u
#define UART_IS_BUSY UART
#define RUN(device, input, output) nnhw_run(device, input, output, 0)
#endif
#define BRIGHTEST 16   /* of a pixel */
#define OUTPUT_MOST 64 /* bytes of an output frame */
#define END_OF_TRANSMISSION 4

static struct nnhw_window window;
static struct nnhw_device device;
static int8_t input[PIXELS], output[OUTPUT_MOST];

static void print_character(char character)
{
    while (*(volatile uint32_t *)UART_IS_BUSY != 0) {
    }
    *(volatile uint32_t *)UART = (uint8_t)character;
}

static void print(const char *text)
{
    while (*text != 0)
        print_character(*text++);
}

static void print_number(int32_t number)
{
    char digits[11];
    int count = 0;
    uint32_t left = (uint32_t)number;
    if (number < 0) {
        print_character('-');
        left = 0 - left;
    }
    do {
        digits[count++] = (char)('0' + left % 10);
        left /= 10;
    } while (left != 0);
    while (count != 0)
        print_character(digits[--count]);
}

static int classify_all(void)
{
    struct nnhw_tensor image, scores;
    int8_t elements[BRIGHTEST + 1];
    int32_t pixel, digit;
    uint32_t index;
    int result = nnhw_open(&device, ACCELERATOR, &window.mover);
    if (result == NNHW_OK)
        result = nnhw_get_tensor(&device, 0, &image);
    if (result == NNHW_OK)
        result = nnhw_get_tensor(&device, 1, &scores);
    if (result != NNHW_OK)
        return result;
    if (nnhw_input_size(&device) != sizeof input || nnhw_output_size(&device) > sizeof output)
        return NNHW_NO_TENSOR; /* another network than this one is for */
    for (pixel = 0; pixel <= BRIGHTEST; ++pixel)
        elements[pixel] = (int8_t)nnhw_quantize(&image, pixel, 0);
    for (digit = 0; digit < DIGITS; ++digit) {
        for (index = 0; index < PIXELS; ++index)
            input[index] = elements[digits[digit][index]];
        result = RUN(&device, input, output);
        if (result != NNHW_OK)
            return result;
        print("digit ");
        print_number(digit);
        print(" is a ");
        print_number((int32_t)nnhw_argmax(output + scores.offset, scores.size));
        print(", scores");
        for (index = 0; index < scores.size; ++index) {
            print(" ");
            print_number(output[scores.offset + index]);
        }
        print("\n");
    }
    return NNHW_OK;
}

int main(void)
{
    int result;
    nnhw_window_init(&window, ACCELERATOR);
    result = classify_all();
    if (result != NNHW_OK) {
        print("error ");
        print_number(result);
        print("\n");
    }
    print_character(END_OF_TRANSMISSION);
    return 0;
}
