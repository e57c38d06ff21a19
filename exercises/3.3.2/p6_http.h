/* p6_http.h: as much of HTTP/1.1 as a WebSocket server needs; given
 *
 * http_parse() makes a struct ws_request of the bytes of a request's head, or says that they are
 * none. What is in it nobody has judged yet: whether it asks for a WebSocket, and may have one, is
 * for its user to say. Then come the parts of an answer.
 *
 * It is stricter than HTTP has to be: lines end with CRLF, a field has one line, there is no body.
 * What one program takes for the end of a request and another one does not is how requests are
 * smuggled past a proxy.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P6_HTTP_H
#define P6_HTTP_H

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "p6_request.h"

enum {
    HTTP_REPLY_MOST = 512, /* bytes that http_reply() and http_switch() write */
    ACCEPT_SIZE = 28       /* characters of a Sec-WebSocket-Accept */
};

/* ---- reading a request ---- */

/* Are there characters, and only those that a name may have (RFC 9110, section 5.6.2)? */
static inline bool http_is_token(const char *text)
{
    const size_t n = strspn(text, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

    return n > 0 && text[n] == '\0';
}

/* "/chat?x", or "http://host/chat?x" as proxies have it. */
static inline int http_parse_target(struct ws_request *r, char *target)
{
    char *authority = strstr(target, "://");

    if (target[0] != '/' && authority != NULL)
        target = strchr(authority + 3, '/');
    if (target == NULL || target[0] != '/' || strchr(target, '#') != NULL)
        return HTTP_BAD_REQUEST;
    r->path = target;
    r->query = "";
    target = strchr(target, '?');
    if (target != NULL) {
        *target = '\0';
        r->query = target + 1;
    }
    return HTTP_FINE;
}

static inline int http_parse_first_line(struct ws_request *r, char *line)
{
    char *target = strchr(line, ' ');
    char *version = target != NULL ? strchr(target + 1, ' ') : NULL;

    if (version == NULL)
        return HTTP_BAD_REQUEST;
    *target++ = '\0';
    *version++ = '\0';
    r->method = line;
    if (!http_is_token(line) || strlen(version) != 8 || strncmp(version, "HTTP/", 5) != 0 ||
        strspn(version + 5, "0123456789") != 1 || version[6] != '.' ||
        strspn(version + 7, "0123456789") != 1)
        return HTTP_BAD_REQUEST;
    r->version = 10 * (version[5] - '0') + version[7] - '0';
    return http_parse_target(r, target);
}

static inline int http_parse_field(struct ws_request *r, char *line)
{
    char *value = strchr(line, ':');
    size_t n;

    if (r->n_fields == HTTP_FIELDS_MOST)
        return HTTP_HEAD_TOO_LARGE;
    if (value == NULL)
        return HTTP_BAD_REQUEST;
    *value++ = '\0';
    value += strspn(value, " \t");
    for (n = strlen(value); n > 0 && strchr(" \t", value[n - 1]) != NULL; n--)
        ;
    value[n] = '\0';
    r->fields[r->n_fields++] = (struct ws_field){line, value};
    return http_is_token(line) ? HTTP_FINE : HTTP_BAD_REQUEST;
}

/* Is there something behind the head that belongs to the request? */
static inline bool http_has_body(const struct ws_request *r)
{
    const char *length = ws_request_value(r, "Content-Length", 0);

    return ws_request_value(r, "Transfer-Encoding", 0) != NULL ||
           (length != NULL && strcmp(length, "0") != 0);
}

/* Looks for the empty line. HTTP_FINE, and the head's length with it; or why there is none. */
static inline int http_find_end(const char *bytes, size_t n, size_t *length)
{
    size_t line = 0;

    for (size_t k = 0; k < n; k++) {
        const unsigned char byte = (unsigned char)bytes[k];

        if (k == HTTP_HEAD_MOST)
            return HTTP_HEAD_TOO_LARGE;
        if (byte == '\n' && k == line + 1 && bytes[line] == '\r') {
            *length = k + 1;
            return HTTP_FINE;
        }
        if (byte == '\n')
            line = k + 1;
        if ((byte < ' ' && byte != '\t' && byte != '\r' && byte != '\n') || byte == 0x7f ||
            (byte == '\n') != (k > 0 && bytes[k - 1] == '\r'))
            return HTTP_BAD_REQUEST;
    }
    return HTTP_MORE;
}

/* Makes a request of the first of these bytes, whose number is then in *taken. HTTP_FINE;
 * HTTP_MORE as long as its end has not come; otherwise the status of the refusal. */
static inline int http_parse(struct ws_request *r, const unsigned char *data, size_t n,
                             size_t *taken)
{
    const char *bytes = (const char *)data;
    const size_t skipped = n >= 2 && memcmp(bytes, "\r\n", 2) == 0 ? 2 : 0; /* RFC 9112, 2.2 */
    size_t length = 0;
    int status = http_find_end(bytes + skipped, n - skipped, &length);

    if (status != HTTP_FINE)
        return status;
    *taken = skipped + length;
    memcpy(r->text, bytes + skipped, length);
    r->text[length] = '\0';
    r->n_fields = 0;
    for (char *line = r->text, *end; (end = strstr(line, "\r\n")) != line; line = end + 2) {
        *end = '\0';
        status = line == r->text ? http_parse_first_line(r, line) : http_parse_field(r, line);
        if (status != HTTP_FINE)
            return status;
    }
    return http_has_body(r) ? HTTP_BAD_REQUEST : HTTP_FINE;
}

/* ---- answering ---- */

static inline const char *http_reason(int status)
{
    switch (status) {
    case HTTP_FINE:
        return "OK";
    case HTTP_BAD_REQUEST:
        return "Bad Request";
    case HTTP_FORBIDDEN:
        return "Forbidden";
    case HTTP_NO_SUCH_PATH:
        return "Not Found";
    case HTTP_UPGRADE_REQUIRED:
        return "Upgrade Required";
    case HTTP_HEAD_TOO_LARGE:
        return "Request Header Fields Too Large";
    case HTTP_UNAVAILABLE:
        return "Service Unavailable";
    default:
        return "Refused";
    }
}

/* Writes the head of an answer with a body of so many bytes, after which the connection is closed.
 * A 426 says which version is spoken here. Returns how many bytes it wrote. */
static inline size_t http_reply(char *out, int status, size_t n_body)
{
    const bool upgrade = status == HTTP_UPGRADE_REQUIRED;

    return (size_t)snprintf(
        out, HTTP_REPLY_MOST,
        "HTTP/1.1 %d %s\r\nContent-Type: %s; charset=utf-8\r\nContent-Length: %zu\r\n%s\r\n",
        status, http_reason(status), status == HTTP_FINE ? "text/html" : "text/plain", n_body,
        upgrade
            ? "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nConnection: upgrade, close\r\n"
            : "Connection: close\r\n");
}

/* The answer to a Sec-WebSocket-Key (RFC 6455, section 4.2.2): base64 of the SHA-1 of the key and a
 * fixed text. */
static inline void http_accept(const char *key, char accept[ACCEPT_SIZE + 1])
{
    char text[128];
    unsigned char digest[SHA_DIGEST_LENGTH];
    const int n = snprintf(text, sizeof(text), "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);

    (void)SHA1((const unsigned char *)text, (size_t)n, digest);
    (void)EVP_EncodeBlock((unsigned char *)accept, digest, sizeof(digest));
}

/* Writes the answer that opens a WebSocket. Returns how many bytes it wrote. */
static inline size_t http_switch(char *out, const char *key)
{
    char accept[ACCEPT_SIZE + 1];

    http_accept(key, accept);
    return (size_t)snprintf(out, HTTP_REPLY_MOST,
                            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                            "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                            accept);
}

#endif
