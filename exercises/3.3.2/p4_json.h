/* p4_json.h: JSON is what RFC 8259 says it is, and nothing else; given
 *
 * json-c is generous, also when it is told to be strict: it takes NaN, 'abc', 01, 1., and control
 * characters in strings, for example. So each byte is looked at before json-c sees any. What is
 * valid and yet does not fit, json-c changes silently: an integer beyond 64 bits becomes the
 * nearest that fits, and of two members with one name the last one stays.
 *
 *     json_check(text, n, &where)    is it JSON?
 *     json_parse(text, n, &json)     the same, and what it says
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P4_JSON_H
#define P4_JSON_H

#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { JSON_DEPTH = 32 }; /* levels, the innermost value being one; also json-c's default */

struct json_reader {
    const unsigned char *at, *end;
    int depth;
};

static inline void json_skip_space(struct json_reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r'))
        r->at++;
}

static inline bool json_take(struct json_reader *r, char c)
{
    if (r->at == r->end || *r->at != (unsigned char)c)
        return false;
    r->at++;
    return true;
}

static inline bool json_digits(struct json_reader *r)
{
    const unsigned char *begin = r->at;

    while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
        r->at++;
    return r->at > begin;
}

static inline bool json_number(struct json_reader *r)
{
    (void)json_take(r, '-');
    if (!json_take(r, '0') && !json_digits(r))
        return false;
    if (json_take(r, '.') && !json_digits(r))
        return false;
    if (json_take(r, 'e') || json_take(r, 'E')) {
        if (!json_take(r, '+'))
            (void)json_take(r, '-');
        return json_digits(r);
    }
    return true;
}

/* One character outside of ASCII: RFC 3629, the shortest form, no surrogates, up to U+10FFFF. */
static inline bool json_utf8(struct json_reader *r)
{
    const unsigned char first = *r->at;
    const int more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
    unsigned code = first & (0x3fu >> more);

    if (first < 0xc2 || first > 0xf4 || r->end - r->at <= more)
        return false;
    for (int k = 1; k <= more; k++) {
        if ((r->at[k] & 0xc0) != 0x80)
            return false;
        code = code << 6 | (r->at[k] & 0x3f);
    }
    if ((more == 2 && code < 0x800) || (more == 3 && (code < 0x10000 || code > 0x10ffff)) ||
        (code >= 0xd800 && code <= 0xdfff))
        return false;
    r->at += 1 + more;
    return true;
}

static inline bool json_escape(struct json_reader *r)
{
    if (r->at == r->end || *r->at == '\0' || strchr("\"\\/bfnrtu", *r->at) == NULL)
        return false;
    if (*r->at++ != 'u')
        return true;
    for (int k = 0; k < 4; k++, r->at++)
        if (r->at == r->end || *r->at == '\0' || strchr("0123456789abcdefABCDEF", *r->at) == NULL)
            return false;
    return true;
}

static inline bool json_string(struct json_reader *r)
{
    if (!json_take(r, '"'))
        return false;
    while (r->at < r->end) {
        if (*r->at == '"') {
            r->at++;
            return true;
        }
        if (*r->at == '\\') {
            r->at++;
            if (!json_escape(r))
                return false;
        } else if (*r->at < 0x20) {
            return false;
        } else if (*r->at < 0x80) {
            r->at++;
        } else if (!json_utf8(r)) {
            return false;
        }
    }
    return false;
}

static inline bool json_word(struct json_reader *r, const char *word)
{
    const size_t n = strlen(word);

    if ((size_t)(r->end - r->at) < n || memcmp(r->at, word, n) != 0)
        return false;
    r->at += n;
    return true;
}

static inline bool json_value(struct json_reader *r);

/* What is between the brackets, up to `close`; an object has names. */
static inline bool json_members(struct json_reader *r, char close)
{
    json_skip_space(r);
    if (json_take(r, close))
        return true;
    do {
        if (close == '}') {
            json_skip_space(r);
            if (!json_string(r))
                return false;
            json_skip_space(r);
            if (!json_take(r, ':'))
                return false;
        }
        if (!json_value(r))
            return false;
    } while (json_take(r, ','));
    return json_take(r, close);
}

/* With the white space on both sides. */
static inline bool json_value(struct json_reader *r)
{
    bool good;

    json_skip_space(r);
    if (r->at == r->end)
        return false;
    switch (*r->at) {
    case '{':
    case '[':
        if (++r->depth > JSON_DEPTH - 1)
            return false;
        good = json_members(r, *r->at++ == '{' ? '}' : ']');
        r->depth--;
        break;
    case '"':
        good = json_string(r);
        break;
    case 't':
        good = json_word(r, "true");
        break;
    case 'f':
        good = json_word(r, "false");
        break;
    case 'n':
        good = json_word(r, "null");
        break;
    default:
        good = json_number(r);
    }
    json_skip_space(r);
    return good;
}

/* 0, or -EBADMSG; then `*where` is the offset of the byte up to which it could be JSON. */
static inline int json_check(const char *text, size_t n, size_t *where)
{
    struct json_reader r = {(const unsigned char *)text, (const unsigned char *)text + n, 0};
    const bool good = json_value(&r) && r.at == r.end;

    *where = (size_t)(r.at - (const unsigned char *)text);
    return good ? 0 : -EBADMSG;
}

/* `*json` gets the value, which is the caller's; "null" is NULL. 0, -EBADMSG or -ENOMEM. */
static inline int json_parse(const char *text, size_t n, struct json_object **json)
{
    struct json_tokener *tokener;
    enum json_tokener_error error;
    size_t where;

    *json = NULL;
    if (n > INT_MAX - 1 || json_check(text, n, &where) != 0)
        return -EBADMSG;
    tokener = json_tokener_new();
    if (tokener == NULL)
        return -ENOMEM;
    *json = json_tokener_parse_ex(tokener, text, (int)n);
    if (json_tokener_get_error(tokener) == json_tokener_continue)
        *json = json_tokener_parse_ex(tokener, "", 1); /* a number ends with its last digit */
    error = json_tokener_get_error(tokener);
    json_tokener_free(tokener);
    return error == json_tokener_success ? 0 : -EBADMSG;
}

#endif
