/* p5_text.h: counting lines, words and bytes, and a report as JSON. Given.
 *
 * A word is what `LC_ALL=C wc` of GNU coreutils 9.1 takes for one: bytes between white space
 * (blank, \t \n \v \f \r) of which one at least can be printed, '!' to '~'. Any other byte, control
 * characters and those above 127, neither begins a word nor ends one: "a\001b" is one word, and
 * "\377" is none.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P5_TEXT_H
#define P5_TEXT_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "p5_file_processor.h"

/* What has been counted of a stream that comes in pieces. Begins with zeros. */
struct text_count {
    int64_t lines, words, bytes;
    bool in_word; /* the last white space lies before something printed */
};

static inline bool text_is_space(unsigned char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline bool text_is_printed(unsigned char c)
{
    return c > ' ' && c <= '~';
}

static inline void text_count_bytes(struct text_count *count, const unsigned char *p, size_t n)
{
    int in_word = count->in_word;

    for (size_t i = 0; i < n; i++) {
        int is_space = text_is_space(p[i]), is_printed = text_is_printed(p[i]);
        count->lines += p[i] == '\n';
        count->words += is_printed & ~in_word;
        in_word = (in_word | is_printed) & ~is_space;
    }
    count->in_word = in_word;
}

/* wc looks at one byte after the other, and takes 5 s for a gigabyte. Here 32 are compared at once:
 * gcc and clang turn these vectors into the vector instructions of the machine, whichever they are.
 * As long as each byte is either white space or printed, a word begins where a printed one follows
 * another; blocks with other bytes are counted byte by byte. */
enum { TEXT_STEP = 32, TEXT_STEPS_MOST = 128 }; /* a byte of a vector counts the steps */

/* Signed, so that all bytes above 127 are less than a blank; only 127 is not, and not printed. */
typedef signed char text_vector __attribute__((vector_size(TEXT_STEP)));
typedef unsigned char text_unsigned __attribute__((vector_size(TEXT_STEP)));

/* Nonzero where a byte is neither white space nor printed. A vector's comparison gives -1 for
 * true. A macro, since such a vector is handed to a function in another way if there is AVX. */
#define TEXT_OTHERS(v)                                                                             \
    ((((v) < ' ') & ((text_unsigned)(v) - '\t' > (unsigned char)('\r' - '\t'))) | ((v) == '\x7f'))

static inline bool text_any(const text_vector *v)
{
    uint64_t parts[TEXT_STEP / 8], any = 0;

    memcpy(parts, v, sizeof(parts));
    for (int i = 0; i < TEXT_STEP / 8; i++)
        any |= parts[i];
    return any != 0;
}

/* Counts lines and words in so many steps behind p[0], which was counted before. False if there are
 * other bytes: then the words are wrong. The loads are copies, since a vector must be aligned and a
 * text is not; the machine's code has no copy left. */
__attribute__((always_inline)) static inline bool
text_count_steps(struct text_count *count, const unsigned char *p, int steps)
{
    text_vector lines = {0}, begins = {0}, others = {0}, before, at;

    for (int i = 0; i < steps; i++, p += TEXT_STEP) {
        memcpy(&before, p, sizeof(before));
        memcpy(&at, p + 1, sizeof(at));
        lines -= at == '\n';
        begins -= (at > ' ') & (before <= ' ');
        others |= TEXT_OTHERS(at);
    }
    for (int i = 0; i < TEXT_STEP; i++) {
        count->lines += (unsigned char)lines[i];
        count->words += (unsigned char)begins[i];
    }
    return !text_any(&others);
}

/* The same, made for processors with AVX2, which compare all 32 by one instruction: counting takes
 * half of the time. */
#if defined(__x86_64__)
__attribute__((target("avx2"))) static inline bool
text_count_steps_avx2(struct text_count *count, const unsigned char *p, int steps)
{
    return text_count_steps(count, p, steps);
}
#define TEXT_HAS_AVX2 __builtin_cpu_supports("avx2")
#else
#define text_count_steps_avx2 text_count_steps
#define TEXT_HAS_AVX2         false
#endif

/* Whether all bytes behind p[0] are other bytes, as in a hole of a sparse file. */
static inline bool text_is_hole(const unsigned char *p, int steps)
{
    text_vector some = {0}, at;

    for (int i = 0; i < steps; i++, p += TEXT_STEP) {
        memcpy(&at, p + 1, sizeof(at));
        some |= ~TEXT_OTHERS(at);
    }
    return !text_any(&some);
}

/* Counts p[0], and so many steps behind it. */
static inline void text_count_block(struct text_count *count, const unsigned char *p, int steps)
{
    text_count_bytes(count, p, 1);
    struct text_count counted = *count;
    if (TEXT_HAS_AVX2 ? text_count_steps_avx2(&counted, p, steps)
                      : text_count_steps(&counted, p, steps)) {
        /* It took a first byte that is neither for white space: a word may have begun before. */
        if (!text_is_space(p[0]) && count->in_word && text_is_printed(p[1]) &&
            !text_is_printed(p[0]))
            counted.words--;
        counted.in_word = text_is_printed(p[TEXT_STEP * steps]);
        *count = counted;
    } else if (!text_is_hole(p, steps)) {
        text_count_bytes(count, p + 1, (size_t)TEXT_STEP * (size_t)steps);
    }
}

/* Counts the next n bytes of a stream. */
static inline void text_count(struct text_count *count, const char *bytes, size_t n)
{
    const unsigned char *p = (const unsigned char *)bytes;

    count->bytes += (int64_t)n;
    while (n > TEXT_STEP) {
        size_t steps = (n - 1) / TEXT_STEP, taken;
        if (steps > TEXT_STEPS_MOST)
            steps = TEXT_STEPS_MOST;
        text_count_block(count, p, (int)steps);
        taken = 1 + steps * TEXT_STEP;
        p += taken;
        n -= taken;
    }
    text_count_bytes(count, p, n);
}

/* ---- JSON ---- */

/* {"path": ..., "lines": ..., "words": ..., "bytes": ..., "n_errors": ..., "errors": [{"line": 7,
 * "error": "..."}]}, or {"path": ..., "error": "..."} if the result is not 0. The caller puts it;
 * NULL without memory. */
static inline struct json_object *file_report_json(const char *path, int result,
                                                   const struct file_report *report)
{
    struct json_object *root = json_object_new_object();
    struct json_object *errors;

    json_object_object_add(root, "path", json_object_new_string(path));
    if (result != 0) {
        json_object_object_add(root, "error", json_object_new_string(strerror(-result)));
        return root;
    }
    json_object_object_add(root, "lines", json_object_new_int64(report->lines));
    json_object_object_add(root, "words", json_object_new_int64(report->words));
    json_object_object_add(root, "bytes", json_object_new_int64(report->bytes));
    json_object_object_add(root, "n_errors", json_object_new_int64(report->n_errors));
    errors = json_object_new_array();
    for (int i = 0; i < FILE_ERRORS_MOST && i < report->n_errors; i++) {
        struct json_object *error = json_object_new_object();
        json_object_object_add(error, "line", json_object_new_int64(report->errors[i].line));
        json_object_object_add(error, "error",
                               json_object_new_string(strerror(-report->errors[i].error)));
        json_object_array_add(errors, error);
    }
    json_object_object_add(root, "errors", errors);
    return root;
}

#endif
