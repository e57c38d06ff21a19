/* unit.h: the suites that test the harness
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef UNIT_H
#define UNIT_H

#include <check.h>

Suite *vclock_suite(void);
Suite *vthreads_suite(void);
Suite *faults_suite(void);
Suite *timeline_suite(void);
Suite *peer_suite(void);
Suite *inflight_suite(void);
Suite *listener_suite(void);
Suite *tls_server_suite(void);
Suite *name_server_suite(void);
Suite *ledger_suite(void);
Suite *affinity_suite(void);
Suite *files_suite(void);
Suite *locks_suite(void);

/* A Check suite with one case of the tests named, on virtual time. */
#define UNIT_SUITE(name, ...) unit_suite((name), (const TTest *const[]){__VA_ARGS__, NULL})
Suite *unit_suite(const char *name, const TTest *const tests[]);

#endif
