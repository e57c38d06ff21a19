/* ladder_bench.c: what a suspension costs on each rung of the ladder of 3.3.1
 *
 *     ladder_bench RUNG COUNT STEPS      COUNT coroutines are resumed STEPS times each, in turn
 *
 * RUNG is callbacks, machine, macros, ucontext or setjmp. The job is the same on all, and has two
 * suspension points, so that there is a place to remember:
 *
 *     for (n = 0; n < rounds; n++) {
 *         total += n;      SUSPEND
 *         total += 1;      SUSPEND
 *     }
 *
 * The driver calls each coroutine by a pointer, as an event loop does. Prints one line of JSON:
 * the compiler; resumptions, and seconds of CPU for them; bytes that say where to go on; bytes of
 * memory that each coroutine came to use; whether all totals are right. ladder.py compares. To be
 * compiled with -O2 and without sanitizers.
 *
 * SPDX-License-Identifier: MIT
 */
#undef _FORTIFY_SOURCE /* takes a jump to another stack for an attack; some compilers set it */
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "../../exercises/coro.h"
#include "figures.h"

enum { STACK_BYTES = 64 * 1024, GUARD_BYTES = 64 * 1024 }; /* as in chapter-3.3.1/stackful.c */

#ifdef __clang__
#define COMPILER       "clang"
#define COMPILER_MAJOR __clang_major__
#define COMPILER_MINOR __clang_minor__
#else
#define COMPILER       "gcc"
#define COMPILER_MAJOR __GNUC__
#define COMPILER_MINOR __GNUC_MINOR__
#endif

/* What the driver sees of a coroutine: the first member of each rung's struct. */
struct coroutine {
    void (*resume)(struct coroutine *c);
    long long total; /* valid at the end; the first three rungs also add up here */
};

/* ---- callbacks: each function names the next one ---- */

struct chain {
    struct coroutine head;
    int n, rounds;
};

static void on_one_added(struct coroutine *c);

static void on_begin_round(struct coroutine *c)
{
    struct chain *chain = (struct chain *)c;
    if (chain->n == chain->rounds)
        return;
    c->total += chain->n;
    c->resume = on_one_added;
}

static void on_one_added(struct coroutine *c)
{
    struct chain *chain = (struct chain *)c;
    c->total += 1;
    chain->n++;
    c->resume = on_begin_round;
}

static void chain_begin(struct coroutine *c, int rounds)
{
    ((struct chain *)c)->rounds = rounds;
    c->resume = on_begin_round;
}

/* ---- an explicit state machine ---- */

struct machine {
    struct coroutine head;
    enum { BEGIN_ROUND, ADD_ONE } state;
    int n, rounds;
};

static void machine_resume(struct coroutine *c)
{
    struct machine *m = (struct machine *)c;
    switch (m->state) {
    case BEGIN_ROUND:
        if (m->n == m->rounds)
            return;
        c->total += m->n;
        m->state = ADD_ONE;
        break;
    case ADD_ONE:
        c->total += 1;
        m->n++;
        m->state = BEGIN_ROUND;
        break;
    }
}

static void machine_begin(struct coroutine *c, int rounds)
{
    ((struct machine *)c)->rounds = rounds;
    c->resume = machine_resume;
}

/* ---- the macros of coro.h ---- */

struct macros {
    struct coroutine head;
    struct gen gen;
    int n, rounds;
};

static bool macros_next(struct macros *m)
{
    GEN_BEGIN(&m->gen);
    for (m->n = 0; m->n < m->rounds; m->n++) {
        m->head.total += m->n;
        GEN_YIELD(&m->gen, 0);
        m->head.total += 1;
        GEN_YIELD(&m->gen, 0);
    }
    GEN_END(&m->gen);
}

static void macros_resume(struct coroutine *c)
{
    (void)macros_next((struct macros *)c); /* the driver knows how many steps there are */
}

static void macros_begin(struct coroutine *c, int rounds)
{
    ((struct macros *)c)->rounds = rounds;
    c->resume = macros_resume;
}

/* ---- a stack each: the same loop with plain locals ---- */

struct stackful {
    struct coroutine head;
    int rounds;
    bool began; /* setjmp: it is on its stack, and `jump` is valid */
    char *memory;
    ucontext_t *loop;
    jmp_buf *loop_jump;
    union {
        ucontext_t context; /* setjmp: how to come onto the stack the first time */
        jmp_buf jump;
    } own;
};

static void suspend_context(struct stackful *s)
{
    (void)swapcontext(&s->own.context, s->loop);
}

/* _setjmp() keeps the registers as swapcontext() does, but not the signal mask. ISO C does not say
 * what a jump to another stack does; on Linux it does what one expects, and qemu lives on it. */
static void suspend_jump(struct stackful *s)
{
    if (_setjmp(s->own.jump) == 0)
        _longjmp(*s->loop_jump, 1);
}

static void stackful_run(struct stackful *s, void (*suspend)(struct stackful *s))
{
    long long total = 0;
    for (int n = 0; n < s->rounds; n++) {
        total += n;
        suspend(s);
        total += 1;
        s->head.total = total; /* the driver reads it after the last step */
        suspend(s);
    }
    abort(); /* not resumed so often */
}

static void context_resume(struct coroutine *c)
{
    struct stackful *s = (struct stackful *)c;
    (void)swapcontext(s->loop, &s->own.context);
}

static void jump_resume(struct coroutine *c)
{
    struct stackful *s = (struct stackful *)c;
    if (_setjmp(*s->loop_jump) != 0)
        return;
    if (s->began)
        _longjmp(s->own.jump, 1);
    s->began = true;
    (void)setcontext(&s->own.context);
}

static struct stackful *from_halves(unsigned high, unsigned low)
{
    return (struct stackful *)(uintptr_t)((uint64_t)high << 32 | low);
}

static void context_main(unsigned high, unsigned low)
{
    stackful_run(from_halves(high, low), suspend_context);
}

static void jump_main(unsigned high, unsigned low)
{
    stackful_run(from_halves(high, low), suspend_jump);
}

static void stackful_begin(struct stackful *s, int rounds, void (*entry)(unsigned, unsigned))
{
    static ucontext_t loop; /* one for all: only one coroutine runs at a time */
    static jmp_buf loop_jump;
    uint64_t pointer = (uintptr_t)s;

    s->rounds = rounds;
    s->loop = &loop;
    s->loop_jump = &loop_jump;
    s->memory = mmap(NULL, GUARD_BYTES + STACK_BYTES, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (s->memory == MAP_FAILED || mprotect(s->memory, GUARD_BYTES, PROT_NONE) != 0) {
        perror("ladder_bench: mmap: a stack"); /* each takes two of vm.max_map_count */
        exit(1);
    }
    (void)getcontext(&s->own.context);
    s->own.context.uc_stack.ss_sp = s->memory + GUARD_BYTES;
    s->own.context.uc_stack.ss_size = STACK_BYTES;
    makecontext(&s->own.context, (void (*)(void))entry, 2, (unsigned)(pointer >> 32),
                (unsigned)pointer);
}

static void context_begin(struct coroutine *c, int rounds)
{
    c->resume = context_resume;
    stackful_begin((struct stackful *)c, rounds, context_main);
}

static void jump_begin(struct coroutine *c, int rounds)
{
    c->resume = jump_resume;
    stackful_begin((struct stackful *)c, rounds, jump_main);
}

static void stackful_end(struct coroutine *c)
{
    (void)munmap(((struct stackful *)c)->memory, GUARD_BYTES + STACK_BYTES);
}

/* ---- the measurement ---- */

static void no_end(struct coroutine *c)
{
    (void)c;
}

static const struct rung {
    const char *name;
    size_t bytes; /* of its struct */
    size_t place; /* of what says where to go on */
    void (*begin)(struct coroutine *c, int rounds);
    void (*end)(struct coroutine *c);
} RUNGS[] = {
    {"callbacks", sizeof(struct chain), sizeof(void (*)(void)), chain_begin, no_end},
    {"machine", sizeof(struct machine), sizeof(int), machine_begin, no_end},
    {"macros", sizeof(struct macros), sizeof(int), macros_begin, no_end},
    {"ucontext", sizeof(struct stackful), sizeof(ucontext_t), context_begin, stackful_end},
    {"setjmp", sizeof(struct stackful), sizeof(jmp_buf), jump_begin, stackful_end},
};

/* In bytes, exactly: the counters of /proc/self/status are some pages off. */
static long resident_memory(void)
{
    char line[128];
    long kib = 0;
    FILE *smaps = fopen("/proc/self/smaps_rollup", "r");
    while (smaps != NULL && fgets(line, sizeof(line), smaps) != NULL)
        if (sscanf(line, "Rss: %ld", &kib) == 1)
            break;
    if (smaps != NULL)
        fclose(smaps);
    return kib * 1024;
}

static void resume_all(struct coroutine **all, int count, int steps)
{
    for (int step = 0; step < steps; step++)
        for (int i = 0; i < count; i++)
            all[i]->resume(all[i]);
}

static bool measure(const struct rung *rung, int count, int rounds)
{
    struct coroutine **all = malloc((size_t)count * sizeof(*all));
    const long long expected = (long long)rounds * (rounds - 1) / 2 + rounds;
    bool ok = true;
    memset(all, 0, (size_t)count * sizeof(*all));
    (void)resident_memory(); /* its own memory is not to be counted */
    long memory = resident_memory();

    for (int i = 0; i < count; i++) {
        all[i] = calloc(1, rung->bytes);
        rung->begin(all[i], rounds);
    }
    resume_all(all, count, 1); /* the first step touches a stack that was never used */
    double cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    resume_all(all, count, 2 * rounds - 1);
    cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    memory = resident_memory() - memory;
    for (int i = 0; i < count; i++) {
        ok = ok && all[i]->total == expected;
        rung->end(all[i]);
        free(all[i]);
    }
    free(all);
    printf("{\"compiler\": \"" COMPILER " %d.%d\", \"ops\": %lld, \"cpu\": %.6f, \"place\": %zu, "
           "\"memory\": %ld, \"ok\": %s}\n",
           COMPILER_MAJOR, COMPILER_MINOR, (2LL * rounds - 1) * count, cpu, rung->place,
           memory / count, ok ? "true" : "false");
    return ok;
}

int main(int argc, char **argv)
{
    int count = argc > 2 ? atoi(argv[2]) : 0;
    int steps = argc > 3 ? atoi(argv[3]) : 0;

    for (size_t k = 0; k < sizeof(RUNGS) / sizeof(RUNGS[0]); k++)
        if (argc == 4 && strcmp(argv[1], RUNGS[k].name) == 0 && count > 0 && steps > 1)
            return measure(&RUNGS[k], count, steps / 2) ? 0 : 1;
    fprintf(stderr, "usage: ladder_bench callbacks|machine|macros|ucontext|setjmp COUNT STEPS\n");
    return 2;
}
