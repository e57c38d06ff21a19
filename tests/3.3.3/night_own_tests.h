/* night_own_tests.h: whose a night is, for check_16_resource_scope.c: freed or run again by whoever
 * is told, and two nights at once
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef NIGHT_OWN_TESTS_H
#define NIGHT_OWN_TESTS_H

/* The one who is told frees the night, as a caller with one of its own memory does. */
static void on_told_free(int err, void *arg)
{
    struct night **night = arg;

    trace("told: %s", result_text(err));
    free(*night);
    *night = NULL;
}

START_TEST(freed_by_the_one_who_is_told)
{
    struct sky sky;
    struct night *night = malloc(sizeof(*night));

    ck_assert_ptr_nonnull(night);
    sky_init(&sky);
    *night = sky.night;
    ck_assert_int_eq(night_run(night, on_told_free, &night), 0);
    run_loop();
    if (night != NULL)
        fail_test("expected  on_left is called at 1.300\ngot       it was not called");
    expect_trace_in_order(WHOLE_NIGHT);
    sky_free(&sky);
}
END_TEST

static void expect_as_filled_in(const struct sky *sky, size_t n)
{
    const struct night *night = &sky->night;

    if (night->n != n)
        fail_test("what the caller has filled in, when on_left is called\n"
                  "expected  night->n is %zu, as it was\ngot       night->n is %zu",
                  n, night->n);
    if (night->parts != sky->parts || night->expose != sky_expose || night->obj != &sky->expose)
        fail_test("what the caller has filled in, when on_left is called\n"
                  "expected  night->parts, night->expose and night->obj are as they were");
}

/* The one who is told runs the same night again: a second one, and no third. */
static void on_told_again(int err, void *arg)
{
    struct sky *sky = arg;

    trace("told: %s", result_text(err));
    expect_as_filled_in(sky, 2);
    sky->open[1].err = 0;
    if (sky->told.calls++ == 0)
        ck_assert_int_eq(night_run(&sky->night, on_told_again, sky), 0);
}

START_TEST(run_again_by_the_one_who_is_told)
{
    struct sky sky;

    sky_init(&sky);
    sky.night.n = 2;
    sky.open[1].err = -EIO; /* in the first night */
    ck_assert_int_eq(night_run(&sky.night, on_told_again, &sky), 0);
    run_loop();
    expect_trace_in_order("0.000  open dome: begins\n"
                          "0.100  open dome: ends\n"
                          "0.100  open cover: begins\n"
                          "0.300  open cover: ends with -EIO\n"
                          "0.300  close dome: begins\n"
                          "0.400  close dome: ends\n"
                          "0.400  told: -EIO\n"
                          "0.400  open dome: begins\n"
                          "0.500  open dome: ends\n"
                          "0.500  open cover: begins\n"
                          "0.700  open cover: ends\n"
                          "0.700  expose: begins\n"
                          "1.100  expose: ends\n"
                          "1.100  close cover: begins\n"
                          "1.200  close cover: ends\n"
                          "1.200  close dome: begins\n"
                          "1.300  close dome: ends\n"
                          "1.300  told: 0\n");
    sky_free(&sky);
}
END_TEST

/* Two observatories with two parts. B begins later, and its exposure fails. */
static void two_skies_init(struct sky skies[2])
{
    static const char *const names[2][5] = {
        {"A: open dome", "A: open cover", "A: expose", "A: close dome", "A: close cover"},
        {"B: open dome", "B: open cover", "B: expose", "B: close dome", "B: close cover"}};

    for (int k = 0; k < 2; k++) {
        sky_init(&skies[k]);
        skies[k].night.n = 2;
        skies[k].open[0].name = names[k][0];
        skies[k].open[1].name = names[k][1];
        skies[k].expose.name = names[k][2];
        skies[k].close[0].name = names[k][3];
        skies[k].close[1].name = names[k][4];
        skies[k].told.who = k == 0 ? "A: " : "B: ";
    }
    skies[1].expose.err = -ENOSPC;
    skies[1].expose.ms = 100;
}

START_TEST(two_nights_at_once)
{
    struct sky skies[2];

    two_skies_init(skies);
    sky_run(&skies[0], 0);
    run_loop_for(50);
    sky_run(&skies[1], 0);
    run_loop();
    expect_trace_in_order("0.000  A: open dome: begins\n"
                          "0.050  B: open dome: begins\n"
                          "0.100  A: open dome: ends\n"
                          "0.100  A: open cover: begins\n"
                          "0.150  B: open dome: ends\n"
                          "0.150  B: open cover: begins\n"
                          "0.300  A: open cover: ends\n"
                          "0.300  A: expose: begins\n"
                          "0.350  B: open cover: ends\n"
                          "0.350  B: expose: begins\n"
                          "0.450  B: expose: ends with -ENOSPC\n"
                          "0.450  B: close cover: begins\n"
                          "0.550  B: close cover: ends\n"
                          "0.550  B: close dome: begins\n"
                          "0.650  B: close dome: ends\n"
                          "0.650  B: told: -ENOSPC\n"
                          "0.700  A: expose: ends\n"
                          "0.700  A: close cover: begins\n"
                          "0.800  A: close cover: ends\n"
                          "0.800  A: close dome: begins\n"
                          "0.900  A: close dome: ends\n"
                          "0.900  A: told: 0\n");
    sky_free(&skies[0]);
    sky_free(&skies[1]);
}
END_TEST

#endif
