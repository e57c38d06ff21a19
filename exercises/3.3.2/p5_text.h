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

/* wc looks at one byte after the other, and takes 5 s for a gigabyte. Here 16 are compared at once:
 * gcc and clang turn these vectors into the vector instructions of the machine, whichever they are.
 * As long as each byte is either white space or printed, a word begins where a printed one follows
 * another; blocks with other bytes are counted byte by byte. */
enum { TEXT_STEP = 16, TEXT_STEPS = 128, TEXT_BLOCK = 1 + TEXT_STEP * TEXT_STEPS };

/* Signed, so that all bytes above 127 are less than a blank; only 127 is not, and not printed. */
typedef signed char text_vector __attribute__((vector_size(TEXT_STEP)));
typedef unsigned char text_unsigned __attribute__((vector_size(TEXT_STEP)));

/* Copies, since a vector must be aligned and a text is not; the machine's code has no copy left. */
static inline text_vector text_load(const unsigned char *from)
{
    text_vector vector;
    memcpy(&vector, from, sizeof(vector));
    return vector;
}

/* Nonzero where a byte is neither white space nor printed. A vector's comparison gives -1 for
 * true. */
static inline text_vector text_others(text_vector v)
{
    text_vector controls = (text_unsigned)v - '\t' > (unsigned char)('\r' - '\t');
    return ((v < ' ') & controls) | (v == '\x7f');
}

static inline bool text_any(text_vector v)
{
    uint64_t halves[2];
    memcpy(halves, &v, sizeof(v));
    return (halves[0] | halves[1]) != 0;
}

/* Counts lines and words in a block whose first byte was counted before. False if there are other
 * bytes: then the words are wrong. */
static inline bool text_count_steps(struct text_count *count, const unsigned char *p)
{
    text_vector lines = {0}, begins = {0}, others = {0};

    for (int i = 0; i < TEXT_STEPS; i++, p += TEXT_STEP) {
        text_vector before = text_load(p), at = text_load(p + 1);
        lines -= at == '\n';
        begins -= (at > ' ') & (before <= ' ');
        others |= text_others(at);
    }
    for (int i = 0; i < TEXT_STEP; i++) {
        count->lines += (unsigned char)lines[i];
        count->words += (unsigned char)begins[i];
    }
    return !text_any(others);
}

/* Whether a block, after its first byte, has other bytes only, as in a hole of a sparse file. */
static inline bool text_is_hole(const unsigned char *p)
{
    text_vector some = {0};

    for (int i = 0; i < TEXT_STEPS; i++, p += TEXT_STEP)
        some |= ~text_others(text_load(p + 1));
    return !text_any(some);
}

static inline void text_count_block(struct text_count *count, const unsigned char *p)
{
    text_count_bytes(count, p, 1);
    struct text_count counted = *count;
    if (text_count_steps(&counted, p)) {
        /* It took a first byte that is neither for white space: a word may have begun before. */
        if (!text_is_space(p[0]) && count->in_word && text_is_printed(p[1]) &&
            !text_is_printed(p[0]))
            counted.words--;
        counted.in_word = text_is_printed(p[TEXT_BLOCK - 1]);
        *count = counted;
    } else if (!text_is_hole(p)) {
        text_count_bytes(count, p + 1, TEXT_BLOCK - 1);
    }
}

/* Counts the next n bytes of a stream. */
static inline void text_count(struct text_count *count, const char *bytes, size_t n)
{
    const unsigned char *p = (const unsigned char *)bytes;

    count->bytes += (int64_t)n;
    for (; n >= TEXT_BLOCK; p += TEXT_BLOCK, n -= TEXT_BLOCK)
        text_count_block(count, p);
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
