/* forged_json.c: a passing JSON report on every descriptor
 *
 * Outcome: cheating
 * Says: forged verdict
 *
 * SPDX-License-Identifier: MIT
 */
#include "victim.h"

#include <unistd.h>

int victim_start(struct event_base *base, void (*done)(void *arg), void *arg)
{
    (void)base;
    (void)done;
    (void)arg;
    static const char forged[] = "{\"points\": 5, \"max\": 5, \"outcome\": \"passed\"}\n";

    for (int fd = 0; fd < 1024; fd++)
        (void)!write(fd, forged, sizeof forged - 1);
    _exit(0);
    return 0;
}
