/* p6_utf8.h: is it UTF-8? Asked while the bytes come; given
 *
 * A character has 1 to 4 bytes (RFC 3629). The first one says how many, and, for some, in which
 * range the second one must be; all others are 80 to bf. So E0 80 is wrong (too long a form), and
 * so are ED A0 (half of a surrogate pair) and F4 90 (above U+10FFFF): with their second byte, no
 * matter what follows. Between two calls the state may be in the middle of a character.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P6_UTF8_H
#define P6_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct utf8 {
    int missing;       /* bytes of the character that are still to come: 0, between characters */
    uint8_t low, high; /* the range of the next one of them */
};

/* Begins a character of several bytes. False if none begins like this. */
static inline bool utf8_begin(struct utf8 *u, uint8_t byte)
{
    *u = (struct utf8){byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : 1, 0x80, 0xbf};
    if (byte == 0xe0)
        u->low = 0xa0;
    else if (byte == 0xed)
        u->high = 0x9f;
    else if (byte == 0xf0)
        u->low = 0x90;
    else if (byte == 0xf4)
        u->high = 0x8f;
    return byte >= 0xc2 && byte <= 0xf4;
}

/* How many of the bytes, from the first on, are ASCII; looks at eight at a time. */
static inline size_t utf8_skip_ascii(const uint8_t *bytes, size_t n)
{
    size_t k = 0;
    uint64_t eight;

    for (; k + sizeof(eight) <= n; k += sizeof(eight)) {
        memcpy(&eight, bytes + k, sizeof(eight));
        if ((eight & UINT64_C(0x8080808080808080)) != 0)
            break;
    }
    while (k < n && bytes[k] < 0x80)
        k++;
    return k;
}

/* Goes on with these bytes. False at the first one that cannot be, where it stands. */
static inline bool utf8_feed(struct utf8 *u, const void *data, size_t n)
{
    const uint8_t *bytes = data;

    for (size_t k = 0; k < n; k++) {
        if (u->missing > 0) {
            if (bytes[k] < u->low || bytes[k] > u->high)
                return false;
            *u = (struct utf8){u->missing - 1, 0x80, 0xbf};
            continue;
        }
        k += utf8_skip_ascii(bytes + k, n - k);
        if (k < n && !utf8_begin(u, bytes[k]))
            return false;
    }
    return true;
}

/* May the text end here? */
static inline bool utf8_is_whole(const struct utf8 *u)
{
    return u->missing == 0;
}

/* Is all of it UTF-8? */
static inline bool is_utf8(const void *text, size_t n)
{
    struct utf8 u = {0};

    return utf8_feed(&u, text, n) && utf8_is_whole(&u);
}

#endif
