/* bad_json_types.c: a number is taken out of JSON without a look at what is there
 *
 * asyncio twin: (await response.json())["max"], which gives what is there, "31", None or 31.9; the
 *     mistake shows where somebody computes with it.
 * Run: ./bad_json_types
 * Ends behind its last line. No loop is needed: parsing does not wait.
 * Notice: every line has a number, and only the first one is an answer.
 * A real program asks json_object_is_type() first, and then whether the number is a sensible one.
 *
 * SPDX-License-Identifier: MIT
 */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const BODIES[] = {
    "{\"max\":31}",   "{\"max\":\"31\"}", "{\"max\":\"unknown\"}", "{\"max\":null}",
    "{\"max\":31.9}", "{\"max\":[31]}",   "{\"max\":99999999999}", "{\"minimum\":12}",
};

static int maximum_of(const struct json_object *root)
{
    return json_object_get_int(
        json_object_object_get(root, "max")); /* WRONG: of which type is it? */
}

int main(void)
{
    for (size_t k = 0; k < sizeof(BODIES) / sizeof(BODIES[0]); k++) {
        struct json_object *root = json_tokener_parse(BODIES[k]); /* a string: it ends with NUL */

        if (root == NULL) {
            fprintf(stderr, "bad_json_types: %s: no memory\n", BODIES[k]);
            return EXIT_FAILURE;
        }
        printf("%s is %d\n", BODIES[k], maximum_of(root));
        json_object_put(root);
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "bad_json_types: stdout: cannot write\n");
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
