# SPDX-License-Identifier: MIT
"""Finding definitions by name (tools/c_source.py)."""
import unittest

import support  # noqa: F401  (puts tools/ on the path)
import c_source

SOURCE = '''/* A header comment that belongs to nothing. */

#include <stdio.h>

/* Pause between two lines. */
#define PAUSE_MS 500
#define TWO_LINES(x) \\
    ((x) + 1)

/* What a greeting keeps between its two lines. */
struct greeting {
    int left; /* lines to print */
};

typedef void (*step_fn)(struct greeting *g);
typedef struct {
    int x;
} point;

enum outcome { PASSED, FAILED };

static const struct timeval HALF[] = {{.tv_usec = 500000}};

static void print_world(struct greeting *g);

// "{" and a brace in another comment: }
/* Prints the second line. */
static void print_world(struct greeting *g)
{
    /* region: body */
    if (g->left) {
        puts("a { that is no brace");
    }
    /* end region */
}

static int greeting(void)
{
    return '{';
}

START_TEST(stops_at_the_end)
{
    ck_assert(1);
}
END_TEST
'''


def found(name, source=SOURCE):
    return "\n".join(c_source.find(source, name))


class Find(unittest.TestCase):
    def test_function_with_the_comment_right_above(self):
        text = found("print_world")
        self.assertTrue(text.startswith("/* Prints the second line. */\nstatic void"), text)
        self.assertTrue(text.endswith("\n}"), text)

    def test_markers_of_regions_are_not_shown(self):
        self.assertNotIn("region", found("print_world"))

    def test_region_loses_its_common_indentation(self):
        self.assertEqual(found("body").split("\n")[0], "if (g->left) {")

    def test_struct_enum_and_typedef(self):
        self.assertTrue(found("struct greeting").startswith("/* What a greeting keeps"))
        self.assertEqual(found("outcome"), "enum outcome { PASSED, FAILED };")
        self.assertEqual(found("step_fn"), "typedef void (*step_fn)(struct greeting *g);")
        self.assertTrue(found("point").startswith("typedef struct {"))

    def test_macro_and_object(self):
        self.assertEqual(found("PAUSE_MS"), "/* Pause between two lines. */\n#define PAUSE_MS 500")
        self.assertEqual(len(found("TWO_LINES").split("\n")), 2)
        self.assertIn("tv_usec", found("HALF"))

    def test_test_of_a_suite(self):
        self.assertIn("ck_assert(1)", found("stops_at_the_end"))

    def test_a_name_that_is_a_function_and_a_type_must_say_which(self):
        with self.assertRaises(c_source.Ambiguous):
            found("greeting")
        self.assertIn("return", found("greeting()"))

    def test_unknown_name_and_region_without_end(self):
        with self.assertRaises(c_source.NotFound):
            found("no_such_thing")
        with self.assertRaises(c_source.NotFound):
            found("open", "/* region: open */\nint x;\n")

    def test_a_comment_with_a_blank_line_below_is_not_of_the_function(self):
        self.assertEqual(found("f", "/* header */\n\nint f(void)\n{\n}\n"), "int f(void)\n{\n}")

    def test_lines_of_functions(self):
        lines = dict((name, last - first + 1) for name, first, last in c_source.functions(SOURCE))
        self.assertEqual(lines["print_world"], 8)


if __name__ == "__main__":
    unittest.main()
