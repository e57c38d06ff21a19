/* p4_url.h: where a request goes, and where a Location leads; given
 *
 *     struct url                          the parts that a client needs
 *     url_set_host(), url_set_target()    fill it in, with copies
 *     url_resolve(&base, "../b?c")        RFC 3986, 5.2: a Location as a whole URL
 *
 * How a URL becomes a struct url, and which ones are refused, is yours: p4_http_client.c.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P4_URL_H
#define P4_URL_H

#include <ctype.h>
#include <errno.h>
#include <event2/util.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct url {
    bool tls;     /* https */
    char *host;   /* lower case, an IPv6 address without its brackets; owned */
    int port;     /* 1 to 65535 */
    char *target; /* path and query, as the request line has them; owned */
};

/* Frees what `url` owns, also if it is only half filled in. */
static inline void url_clear(struct url *url)
{
    free(url->host);
    free(url->target);
    url->host = url->target = NULL;
}

/* The same scheme, host and port: what may share connections, and secrets. */
static inline bool url_is_same_origin(const struct url *a, const struct url *b)
{
    return a->tls == b->tls && a->port == b->port && strcmp(a->host, b->host) == 0;
}

/* The value of a Host header, or, with `scheme`, what stands in front of a URL's path. Returns
 * snprintf()'s length. */
static inline int url_print_origin(const struct url *url, bool scheme, char *out, size_t size)
{
    const bool v6 = strchr(url->host, ':') != NULL;
    char port[16] = "";

    if (url->port != (url->tls ? 443 : 80))
        (void)snprintf(port, sizeof(port), ":%d", url->port);
    return snprintf(out, size, "%s%s%s%s%s",
                    !scheme    ? ""
                    : url->tls ? "https://"
                               : "http://",
                    v6 ? "[" : "", url->host, v6 ? "]" : "", port);
}

/* `text` is a host as it stands in a URL; NULL: there was none. 0, -EINVAL if it is none that a
 * client could go to, or -ENOMEM. */
static inline int url_set_host(struct url *url, const char *text)
{
    const size_t n = text != NULL ? strlen(text) : 0;
    const bool brackets = n > 2 && text[0] == '[' && text[n - 1] == ']';
    unsigned char address[16];

    if (n == 0 || n > 253)
        return -EINVAL;
    url->host = strdup(text + brackets);
    if (url->host == NULL)
        return -ENOMEM;
    if (brackets)
        url->host[n - 2] = '\0';
    for (char *c = url->host; *c != '\0'; c++)
        *c = (char)tolower((unsigned char)*c);
    if (brackets ? evutil_inet_pton(AF_INET6, url->host, address) == 1
                 : url->host[strspn(url->host, "abcdefghijklmnopqrstuvwxyz0123456789-_.")] == '\0')
        return 0;
    return -EINVAL;
}

/* `query` may be NULL. 0, or -ENOMEM. */
static inline int url_set_target(struct url *url, const char *path, const char *query)
{
    const size_t room = strlen(path) + (query != NULL ? strlen(query) : 0) + 3;

    url->target = malloc(room);
    if (url->target == NULL)
        return -ENOMEM;
    (void)snprintf(url->target, room, "%s%s%s", *path != '\0' ? path : "/",
                   query != NULL ? "?" : "", query != NULL ? query : "");
    return 0;
}

/* ---- references: what a Location holds ---- */

/* Takes "." and ".." out of a path, in place; the query stays as it is. RFC 3986, 5.2.4. */
static inline void url_remove_dots(char *path)
{
    const size_t length = strcspn(path, "?");
    char *const end = path + length;
    char *out = path;

    for (char *in = path, *next; in < end; in = next) {
        next = in + 1 + strcspn(in + 1, "/?"); /* `in` is at a slash */
        const size_t n = (size_t)(next - in);
        const bool up = n == 3 && strncmp(in, "/..", 3) == 0;
        if (up || (n == 2 && in[1] == '.')) {
            while (up && out > path && *--out != '/')
                ;
            if (next == end) /* the last one leaves its slash */
                *out++ = '/';
        } else {
            memmove(out, in, n);
            out += n;
        }
    }
    memmove(out, end, strlen(end) + 1);
}

/* True if it begins with a scheme and a colon. */
static inline bool url_is_absolute(const char *reference)
{
    const size_t n = strspn(reference, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                       "0123456789+-.");

    return n > 0 && reference[n] == ':';
}

/* A URL that `reference`, found at `base`, leads to; its fragment is left out. Not checked. To be
 * freed by the caller. NULL without memory. */
static inline char *url_resolve(const struct url *base, const char *reference)
{
    const int length = (int)strcspn(reference, "#");
    const size_t room = strlen(base->host) + strlen(base->target) + (size_t)length + 32;
    char *const whole = malloc(room);
    int kept = 0; /* bytes of the base's target */
    char *path;

    if (whole == NULL)
        return NULL;
    if (url_is_absolute(reference) || strncmp(reference, "//", 2) == 0) {
        const char *scheme = *reference != '/' ? "" : base->tls ? "https:" : "http:";

        (void)snprintf(whole, room, "%s%.*s", scheme, length, reference);
        return whole;
    }
    path = whole + url_print_origin(base, true, whole, room);
    if (length == 0) /* the same again */
        kept = (int)strlen(base->target);
    else if (*reference == '?')
        kept = (int)strcspn(base->target, "?");
    else if (*reference != '/') /* beside the last part of the path */
        for (kept = (int)strcspn(base->target, "?"); base->target[kept - 1] != '/'; kept--)
            ;
    (void)snprintf(path, room - (size_t)(path - whole), "%.*s%.*s", kept, base->target, length,
                   reference);
    url_remove_dots(path);
    return whole;
}

#endif
