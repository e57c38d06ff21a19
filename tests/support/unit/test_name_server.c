/* test_name_server.c: tests of name_server.h
 *
 * SPDX-License-Identifier: MIT
 */
#include "name_server.h"

#include <arpa/inet.h>
#include <event2/dns.h>
#include <event2/util.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ledger.h"
#include "suite.h"
#include "unit.h"

static char seen[512]; /* "100 127.0.0.1;" for each answer */

static void note(const char *text)
{
    const size_t used = strlen(seen);

    snprintf(seen + used, sizeof seen - used, "%d %s;", now_ms(), text);
}

static void on_addresses(int error, struct evutil_addrinfo *found, void *arg)
{
    char text[64];

    (void)arg;
    if (error)
        note(error == EVUTIL_EAI_NONAME ? "no such name" : "failed");
    for (struct evutil_addrinfo *a = found; a; a = a->ai_next) {
        const void *address = a->ai_family == AF_INET
                                  ? (void *)&((struct sockaddr_in *)a->ai_addr)->sin_addr
                                  : (void *)&((struct sockaddr_in6 *)a->ai_addr)->sin6_addr;
        note(inet_ntop(a->ai_family, address, text, sizeof text));
    }
    if (found)
        evutil_freeaddrinfo(found);
}

static void ask(struct evdns_base *dns, const char *name, int family)
{
    struct evutil_addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_STREAM};

    (void)evdns_getaddrinfo(dns, name, NULL, &hints, on_addresses, NULL);
}

START_TEST(addresses_come_by_type)
{
    struct name_server *s = name_server_open();
    struct evdns_base *dns = name_server_resolver(s);

    name_server_add(s, "api.test", "127.0.0.1");
    name_server_add(s, "api.test", "127.0.0.2");
    name_server_add(s, "api.test", "::1");
    ask(dns, "api.test", AF_INET);
    run_loop();
    ask(dns, "API.test", AF_INET6);
    run_loop();
    ask(dns, "none.test", AF_INET);
    run_loop();
    ck_assert_str_eq(seen, "0 127.0.0.1;0 127.0.0.2;0 ::1;0 no such name;");
    ck_assert_int_eq(name_server_questions(s, "api.test"), 2);
    ck_assert_int_eq(name_server_questions(s, NULL), 3);
    ck_assert_int_eq(name_server_questions(s, "other.test"), 0);
    evdns_base_free(dns, 0);
    name_server_free(s);
}
END_TEST

START_TEST(answers_come_in_their_time)
{
    struct name_server *s = name_server_open();
    struct evdns_base *dns = name_server_resolver(s);

    name_server_add(s, "slow.test", "127.0.0.1");
    name_server_add(s, "fast.test", "127.0.0.2");
    name_server_delay(s, "slow.test", 250);
    name_server_delay(s, "none.test", 300);
    ask(dns, "slow.test", AF_INET);
    ask(dns, "fast.test", AF_INET);
    ask(dns, "none.test", AF_INET);
    run_loop();
    ck_assert_str_eq(seen, "0 127.0.0.2;250 127.0.0.1;300 no such name;");
    evdns_base_free(dns, 0);
    name_server_free(s);
}
END_TEST

START_TEST(no_answer_is_a_timeout)
{
    struct name_server *s = name_server_open();
    struct evdns_base *dns = name_server_resolver(s);

    name_server_add(s, "api.test", "127.0.0.1");
    name_server_answer(s, "api.test", NAME_SILENT);
    ck_assert_int_eq(evdns_base_set_option(dns, "timeout", "2"), 0);
    ck_assert_int_eq(evdns_base_set_option(dns, "attempts", "2"), 0);
    ask(dns, "api.test", AF_INET);
    run_loop_for(10000);
    ck_assert_str_eq(seen, "4000 failed;");
    ck_assert_int_eq(name_server_questions(s, "api.test"), 2);
    evdns_base_free(dns, 0);
    name_server_free(s);
}
END_TEST

static void answer_and_ask(struct name_server *s, enum name_answer how)
{
    struct evdns_base *dns =
        name_server_resolver(s); /* a new one: the last one may have given up */

    seen[0] = '\0';
    name_server_answer(s, "api.test", how);
    ck_assert_int_eq(evdns_base_set_option(dns, "timeout", "1"), 0);
    ck_assert_int_eq(evdns_base_set_option(dns, "attempts", "1"), 0);
    ask(dns, "api.test", AF_INET);
    run_loop_for(2000);
    evdns_base_free(dns, 1);
    run_loop_for(0);
}

START_TEST(answers_can_be_wrong)
{
    struct name_server *s = name_server_open();

    name_server_add(s, "api.test", "127.0.0.1");
    answer_and_ask(s, NAME_DOES_NOT_EXIST);
    ck_assert_str_eq(seen, "0 no such name;");
    answer_and_ask(s, NAME_WRONG_ID);
    ck_assert_str_eq(seen, "3000 failed;");
    answer_and_ask(s, NAME_GARBAGE);
    ck_assert_str_eq(seen, "5000 failed;");
    answer_and_ask(s, NAME_FAILS);
    ck_assert_str_eq(seen, "6000 failed;");
    answer_and_ask(s, NAME_ANSWERED);
    ck_assert_str_eq(seen, "8000 127.0.0.1;");
    name_server_free(s);
}
END_TEST

/* A timeout is due in the next millisecond: it must not win against an answer under way. */
START_TEST(datagrams_arrive_before_time_jumps)
{
    struct name_server *s = name_server_open();
    struct evdns_base *dns = name_server_resolver(s);
    char expected[64];

    name_server_add(s, "api.test", "127.0.0.1");
    name_server_delay(s, "api.test", 1);
    for (int round = 0; round < 200; round++) {
        const int asked_at_ms = now_ms();
        seen[0] = '\0';
        ask(dns, "api.test", AF_INET);
        run_loop_for(2);
        snprintf(expected, sizeof expected, "%d 127.0.0.1;", asked_at_ms + 1);
        ck_assert_str_eq(seen, expected);
    }
    evdns_base_free(dns, 0);
    name_server_free(s);
}
END_TEST

START_TEST(nothing_of_a_name_server_is_charged_to_the_learner)
{
    static char text[1024];

    (void)test_base();
    ledger_start();
    struct name_server *s = name_server_open();
    struct evdns_base *dns = name_server_resolver(s);
    name_server_add(s, "api.test", "127.0.0.1");
    name_server_delay(s, "api.test", 100);
    ask(dns, "api.test", AF_INET);
    run_loop_for(10);
    evdns_base_free(dns, 1);
    ck_assert_int_ge(event_base_loop(test_base(), EVLOOP_NONBLOCK), 0);
    ck_assert_int_eq(ledger_pending_events(test_base(), text, sizeof text), 0);
    run_loop();
    ck_assert_int_eq(now_ms(), 10);
    name_server_free(s);
    ck_assert_int_eq(ledger_new_descriptors(text, sizeof text), 0);
}
END_TEST

Suite *name_server_suite(void)
{
    return UNIT_SUITE("name_server", addresses_come_by_type, answers_come_in_their_time,
                      no_answer_is_a_timeout, answers_can_be_wrong,
                      datagrams_arrive_before_time_jumps,
                      nothing_of_a_name_server_is_charged_to_the_learner);
}
