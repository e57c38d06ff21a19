/* p6_request.h: a request, and what can be asked of it; given
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P6_REQUEST_H
#define P6_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

enum {
    HTTP_MORE = 0, /* no status: the head is not complete yet */
    HTTP_SWITCHING_PROTOCOLS = 101,
    HTTP_FINE = 200,
    HTTP_BAD_REQUEST = 400,
    HTTP_FORBIDDEN = 403,
    HTTP_NO_SUCH_PATH = 404,
    HTTP_UPGRADE_REQUIRED = 426,
    HTTP_HEAD_TOO_LARGE = 431,
    HTTP_UNAVAILABLE = 503
};
enum {
    HTTP_HEAD_MOST = 8192, /* bytes of a request, up to the empty line */
    HTTP_FIELDS_MOST = 64
};

struct ws_field {
    const char *name;
    const char *value; /* without the blanks round it */
};

/* All strings are in `text`. */
struct ws_request {
    const char *method; /* "GET" */
    const char *path;   /* "/chat" of GET /chat?room=1, and of GET http://host/chat */
    const char *query;  /* "room=1"; "" if there is none */
    int version;        /* 11 is HTTP/1.1 */
    int n_fields;
    struct ws_field fields[HTTP_FIELDS_MOST];
    char text[HTTP_HEAD_MOST + 1];
};

/* The value of the k-th field of this name, whose case does not matter; NULL if there are fewer.
 * A field that is a list may come in several lines. */
static inline const char *ws_request_value(const struct ws_request *r, const char *name, int k)
{
    for (int i = 0; i < r->n_fields; i++)
        if (strcasecmp(r->fields[i].name, name) == 0 && k-- == 0)
            return r->fields[i].value;
    return NULL;
}

/* Is `token` in the list that the fields of this name are together? Its case does not matter. */
static inline bool ws_request_has(const struct ws_request *r, const char *name, const char *token)
{
    const char *list;

    for (int k = 0; (list = ws_request_value(r, name, k)) != NULL; k++) {
        while (*list != '\0') {
            const size_t element = strcspn(list, ",");
            size_t n = element;

            while (n > 0 && strchr(" \t", list[n - 1]) != NULL)
                n--;
            if (n == strlen(token) && strncasecmp(list, token, n) == 0)
                return true;
            list += element;
            list += strspn(list, ", \t");
        }
    }
    return false;
}

/* Is there one field of this name? Its value, or NULL. */
static inline const char *ws_request_only(const struct ws_request *r, const char *name)
{
    return ws_request_value(r, name, 1) == NULL ? ws_request_value(r, name, 0) : NULL;
}

#endif
