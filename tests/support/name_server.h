/* name_server.h: a DNS server of the test's own
 *
 * It lives on test_base(), on a UDP port of 127.0.0.1, and answers from a table. Names that are
 * not in the table do not exist (NXDOMAIN). Case does not matter. Its events do not keep the loop
 * alive, and it is not subject to faults.h. Questions and answers that are under way arrive before
 * virtual time jumps.
 *
 * Interface
 *   struct name_server *names = name_server_open();
 *   name_server_add(names, "api.test", "127.0.0.1");
 *   name_server_delay(names, "api.test", 250);
 *   struct evdns_base *dns = name_server_resolver(names);
 *   ... the learner's side resolves api.test with it ...
 *   run_loop();
 *   name_server_questions(names, "api.test")
 *   evdns_base_free(dns, 1);
 *   name_server_free(names);
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef NAME_SERVER_H
#define NAME_SERVER_H

struct name_server;
struct evdns_base;

struct name_server *name_server_open(void);

int name_server_port(const struct name_server *s);

/* Gives a name an address: "127.0.0.1" is of type A, "::1" of type AAAA. A name may have several.
 * Asked for the type that it has not, the server answers without an address. */
void name_server_add(struct name_server *s, const char *name, const char *address);

enum name_answer {
    NAME_ANSWERED,       /* as the table says */
    NAME_SILENT,         /* never */
    NAME_DOES_NOT_EXIST, /* NXDOMAIN, though it has addresses */
    NAME_FAILS,          /* SERVFAIL */
    NAME_WRONG_ID,       /* to another question: a resolver must not believe it */
    NAME_GARBAGE,        /* bytes that are no answer */
};

/* How questions for a name are answered, from now on. */
void name_server_answer(struct name_server *s, const char *name, enum name_answer how);

/* Answers so many virtual milliseconds after the question, from now on. */
void name_server_delay(struct name_server *s, const char *name, int ms);

/* How many questions came for a name, of any type; NULL: for all names. A resolver may ask again,
 * and asks for A and AAAA apart. */
int name_server_questions(const struct name_server *s, const char *name);

/* A resolver on test_base() that asks this server and nobody else. While it waits for nothing, it
 * does not keep the loop alive. Owned by the caller: evdns_base_free(dns, 1); with 0, what waits in
 * evdns_getaddrinfo() is not freed. */
struct evdns_base *name_server_resolver(const struct name_server *s);

/* NULL is let through. */
void name_server_free(struct name_server *s);

#endif
