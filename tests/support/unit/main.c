/* main.c: runs the suites of the harness itself
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>

#include "faults.h"
#include "unit.h"
#include "vclock.h"

/* Each test runs in a child of Check, from time 0, without hooks and faults. */
static void begin(void)
{
    faults_clear();
    vclock_start();
}

static void end(void)
{
    vclock_stop();
}

Suite *unit_suite(const char *name, const TTest *const tests[])
{
    Suite *s = suite_create(name);
    TCase *tc = tcase_create(name);

    tcase_add_checked_fixture(tc, begin, end);
    for (int i = 0; tests[i]; i++)
        tcase_add_test(tc, tests[i]);
    suite_add_tcase(s, tc);
    return s;
}

int main(void)
{
    SRunner *runner = srunner_create(vclock_suite());

    srunner_add_suite(runner, vthreads_suite());
    srunner_add_suite(runner, faults_suite());
    srunner_add_suite(runner, timeline_suite());
    srunner_add_suite(runner, peer_suite());
    srunner_add_suite(runner, inflight_suite());
    srunner_add_suite(runner, listener_suite());
    srunner_add_suite(runner, tls_server_suite());
    srunner_add_suite(runner, name_server_suite());
    srunner_add_suite(runner, ledger_suite());
    srunner_add_suite(runner, affinity_suite());
    srunner_add_suite(runner, files_suite());
    srunner_add_suite(runner, locks_suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
