/* override_epoll_wait.c: its own epoll_wait()
 *
 * Outcome: cheating
 * Says: defines epoll_wait\(\) itself
 *
 * SPDX-License-Identifier: MIT
 */
#include "victim.h"

#include <sys/epoll.h>

int epoll_wait(int epfd, struct epoll_event *events, int max, int timeout)
{
    (void)epfd;
    (void)events;
    (void)max;
    (void)timeout;
    return 0;
}

int victim_start(struct event_base *base, void (*done)(void *arg), void *arg)
{
    (void)base;
    (void)done;
    (void)arg;
    return 0;
}
