/* longjmp_out.c: jumps back to where Check waits for a failure
 *
 * Outcome: failed
 * Says: left before its end
 *
 * SPDX-License-Identifier: MIT
 */
#include "victim.h"

#include <setjmp.h>

extern jmp_buf error_jmp_buffer; /* of libcheck */

int victim_start(struct event_base *base, void (*done)(void *arg), void *arg)
{
    (void)base;
    (void)done;
    (void)arg;
    longjmp(error_jmp_buffer, 1);
    return 0;
}
