/* result_text.h: results in messages, as the headers of the exercises write them
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RESULT_TEXT_H
#define RESULT_TEXT_H

#include <errno.h>
#include <stdio.h>

/* -ECANCELED -> "-ECANCELED", 6 -> "6"; -1 is both, -EPERM and what functions return that know no
 * errno: "-1 (-EPERM)". Valid until the eighth call from now. */
static inline const char *result_text(int result)
{
    static const struct {
        int value;
        const char *name;
    } errors[] = {{EACCES, "EACCES"},
                  {EAGAIN, "EAGAIN"},
                  {EALREADY, "EALREADY"},
                  {EBADF, "EBADF"},
                  {EBADMSG, "EBADMSG"},
                  {EBUSY, "EBUSY"},
                  {ECANCELED, "ECANCELED"},
                  {ECONNREFUSED, "ECONNREFUSED"},
                  {ECONNRESET, "ECONNRESET"},
                  {EDEADLK, "EDEADLK"},
                  {EEXIST, "EEXIST"},
                  {EFAULT, "EFAULT"},
                  {EFBIG, "EFBIG"},
                  {EHOSTUNREACH, "EHOSTUNREACH"},
                  {EINPROGRESS, "EINPROGRESS"},
                  {EINTR, "EINTR"},
                  {EINVAL, "EINVAL"},
                  {EIO, "EIO"},
                  {EISDIR, "EISDIR"},
                  {ELOOP, "ELOOP"},
                  {EMFILE, "EMFILE"},
                  {EMSGSIZE, "EMSGSIZE"},
                  {ENOBUFS, "ENOBUFS"},
                  {ENODATA, "ENODATA"},
                  {ENOENT, "ENOENT"},
                  {ENOMEM, "ENOMEM"},
                  {ENOSPC, "ENOSPC"},
                  {ENOSYS, "ENOSYS"},
                  {ENOTCONN, "ENOTCONN"},
                  {ENOTDIR, "ENOTDIR"},
                  {ENOTSOCK, "ENOTSOCK"},
                  {ENOTTY, "ENOTTY"},
                  {EOVERFLOW, "EOVERFLOW"},
                  {EPERM, "EPERM"},
                  {EPIPE, "EPIPE"},
                  {EPROTO, "EPROTO"},
                  {EROFS, "EROFS"},
                  {ESHUTDOWN, "ESHUTDOWN"},
                  {ESPIPE, "ESPIPE"},
                  {ETIMEDOUT, "ETIMEDOUT"},
                  {EXDEV, "EXDEV"}};
    static char texts[8][24];
    static int next;
    char *text = texts[next++ % 8];

    snprintf(text, sizeof(texts[0]), "%d", result);
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
        if (result == -errors[i].value)
            snprintf(text, sizeof(texts[0]), result == -1 ? "-1 (-%s)" : "-%s", errors[i].name);
    return text;
}

#endif
