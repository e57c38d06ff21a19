/* bad_mask_restart.c: WRONG: the mask begins anew with each portion of a payload
 *
 * asyncio twin of the mistake, with data_received() of a protocol:
 *     def data_received(self, data):
 *         print(bytes(byte ^ MASK[k % 4] for k, byte in enumerate(data)))
 * Run: ./bad_mask_restart 5, or 3: so many bytes the network brings at once
 * Ends when the payload has come: its timer is then removed, the loop's last event.
 * Notice: with 5 the payload comes whole, and is right. With 3 its end is not.
 * The repair is a member: how many bytes of the payload have come before this portion.
 *
 * SPDX-License-Identifier: MIT
 */
#include <ctype.h>
#include <event2/event.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MASK_SIZE = 4, PAYLOAD_SIZE = 5, EXIT_USAGE = 2 };
static const struct timeval PORTION_TIME = {.tv_usec = 10 * 1000};
static const uint8_t MASK[MASK_SIZE] = {0x37, 0xfa, 0x21, 0x3d};
static const uint8_t PAYLOAD[PAYLOAD_SIZE] = {0x7f, 0x9f, 0x4d, 0x51, 0x58}; /* "Hello", masked */

struct program {
    struct event *network; /* runs on_time() each 10 ms; owned */
    int portion;           /* bytes that come at once */
    int next;              /* the first byte that has not come */
};

/* `n` bytes of the payload have come. */
static void on_portion(const uint8_t *bytes, int n)
{
    printf("portion:");
    for (int k = 0; k < n; k++) {
        int c = bytes[k] ^ MASK[k % MASK_SIZE]; /* WRONG: k counts from the start of the portion */

        printf("  %02x is %02x '%c'", bytes[k], c, isprint(c) ? c : '.');
    }
    printf("\n");
}

static void on_time(evutil_socket_t fd, short what, void *arg)
{
    struct program *program = arg;
    int left = PAYLOAD_SIZE - program->next;
    int n = left < program->portion ? left : program->portion;

    (void)fd;   /* a timer has no descriptor, */
    (void)what; /* and only one thing can happen to it */
    on_portion(PAYLOAD + program->next, n);
    program->next += n;
    if (program->next == PAYLOAD_SIZE)
        (void)event_del(program->network); /* cannot fail: the event is a good one */
}

int main(int argc, char **argv)
{
    const char *digit = argc == 2 ? argv[1] : "3";
    struct program program = {.portion = digit[0] - '0'};
    struct event_base *base;
    int status = EXIT_FAILURE;

    if (argc > 2 || strlen(digit) != 1 || program.portion < 1 || program.portion > PAYLOAD_SIZE) {
        fprintf(stderr, "usage: bad_mask_restart [1|2|3|4|5]\n");
        return EXIT_USAGE;
    }
    base = event_base_new();
    if (base != NULL)
        program.network = event_new(base, -1, EV_PERSIST, on_time, &program);
    if (program.network == NULL || event_add(program.network, &PORTION_TIME) != 0) {
        fprintf(stderr, "bad_mask_restart: set-up: out of memory\n");
        goto cleanup;
    }
    if (event_base_dispatch(base) != 1) {
        fprintf(stderr, "bad_mask_restart: event loop: it ended before its work did\n");
        goto cleanup;
    }
    /* stdout remembers a write that failed: one look here serves every line above. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "bad_mask_restart: stdout: cannot write\n");
        goto cleanup;
    }
    status = EXIT_SUCCESS;

cleanup:
    if (program.network != NULL)
        event_free(program.network);
    if (base != NULL)
        event_base_free(base);
    return status;
}
