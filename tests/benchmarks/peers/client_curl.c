/* client_curl.c: asks for the time with libcurl on epoll, as client_bench.h says
 *
 * SPDX-License-Identifier: MIT
 */
#include <curl/curl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "../client_bench.h"

enum { BODY_MOST = 1024, EVENTS = 64 };

struct request {
    CURL *easy;
    int index; /* of the request, for client_bench.h */
    size_t length;
    char body[BODY_MOST];
};

static long timeout_ms = -1; /* after which libcurl wants to be called without an event */

static size_t on_body(char *bytes, size_t one, size_t n, void *arg)
{
    struct request *request = arg;

    (void)one;
    if (n > BODY_MOST - request->length)
        return 0;
    memcpy(request->body + request->length, bytes, n);
    request->length += n;
    return n;
}

/* What libcurl wants to know of a socket. `known` is not NULL if epoll has it. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
    static int yes;
    struct epoll_event event = {.data.fd = fd};
    void **program = arg; /* the CURLM, and the descriptor of epoll */
    const int epoll_fd = *(int *)program[1];

    (void)easy;
    event.events = (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
    if (what == CURL_POLL_REMOVE)
        (void)epoll_ctl(epoll_fd, EPOLL_CTL_DEL, fd, NULL);
    else if (epoll_ctl(epoll_fd, known != NULL ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) != 0)
        return -1;
    (void)curl_multi_assign(program[0], fd, what == CURL_POLL_REMOVE ? NULL : &yes);
    return 0;
}

static int on_timeout(CURLM *multi, long ms, void *arg)
{
    (void)multi;
    (void)arg;
    timeout_ms = ms;
    return 0;
}

static void ask(struct client_bench *b, CURLM *multi, struct request *request)
{
    request->length = 0;
    if (bench_asks(b, request->index))
        (void)curl_multi_add_handle(multi, request->easy);
}

/* Takes what is answered, and asks again. */
static void take_answers(struct client_bench *b, CURLM *multi)
{
    struct json_object *json;
    struct request *request;
    CURLMsg *message;
    long status;
    int left;

    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
        CURL *easy = message->easy_handle;

        (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&request);
        (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        (void)curl_multi_remove_handle(multi, easy);
        request->body[request->length < BODY_MOST ? request->length : BODY_MOST - 1] = '\0';
        json = json_tokener_parse(request->body);
        bench_answer(b, request->index, (int)status, json);
        json_object_put(json);
        ask(b, multi, request);
    }
}

static void run(struct client_bench *b, CURLM *multi, int epoll_fd)
{
    struct epoll_event events[EVENTS];
    int running = 1, n;

    while (running > 0) {
        n = timeout_ms == 0 ? 0 : epoll_wait(epoll_fd, events, EVENTS, (int)timeout_ms);
        if (n == 0) {
            timeout_ms = -1;
            (void)curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
        }
        for (int k = 0; k < n; k++) {
            const int what = (events[k].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                             (events[k].events & ~EPOLLOUT ? CURL_CSELECT_IN : 0);

            (void)curl_multi_socket_action(multi, events[k].data.fd, what, &running);
        }
        take_answers(b, multi);
        if (timeout_ms == 0) /* take_answers() has asked */
            running = 1;
    }
}

int main(int argc, char **argv)
{
    struct client_bench *b = bench_new(argc, argv);
    CURLM *multi = curl_multi_init();
    int epoll_fd = epoll_create1(0);
    void *program[] = {multi, &epoll_fd};
    struct request *requests = calloc(AT_ONCE_MOST, sizeof(*requests));

    if (b == NULL || multi == NULL || epoll_fd < 0 || requests == NULL)
        return EXIT_FAILURE;
    (void)curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    (void)curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, program);
    (void)curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timeout);
    (void)curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)b->at_once);
    for (int k = 0; k < b->at_once; k++) {
        CURL *easy = curl_easy_init();

        requests[k] = (struct request){.easy = easy, .index = k};
        (void)curl_easy_setopt(easy, CURLOPT_URL, b->url);
        (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
        (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, &requests[k]);
        (void)curl_easy_setopt(easy, CURLOPT_PRIVATE, &requests[k]);
        ask(b, multi, &requests[k]);
    }
    run(b, multi, epoll_fd);
    for (int k = 0; k < b->at_once; k++)
        curl_easy_cleanup(requests[k].easy);
    (void)curl_multi_cleanup(multi);
    (void)close(epoll_fd);
    free(requests);
    return bench_end(b);
}
