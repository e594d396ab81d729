/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints docs/delivery-states.md from the transition table, or, given a file, says whether it is
 * what would be printed.
 *
 *     print_states            prints
 *     print_states FILE       exits with 1 if FILE is stale
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "coordinator/engine/delivery_state.h"

static const char HEAD[] =
    "# What may happen to a recipient\n"
    "\n"
    "Generated from the transition table in `coordinator/engine/delivery_state.c` by the target\n"
    "`print-delivery-states`; a test fails when it is stale. States with a thick frame are final:\n"
    "nothing more happens by itself, but that an open step ends: who was accepted, or is held, on "
    "a\n"
    "step that waits for an acknowledgement climbs to the next one when its time is over, and "
    "after\n"
    "the last step is left as he is (`unanswered`, `held`). `uncertain` is held: the message may "
    "have\n"
    "arrived, nobody sends again unasked, and a late outcome may still settle it. `accepted` out "
    "of\n"
    "`waiting` and `retrying` is the late outcome of an attempt whose lease had been given up; "
    "`held`\n"
    "and `unanswered` out of them is a recipient of a cancelled campaign who may have been "
    "reached, or\n"
    "was on an earlier step. `next_endpoint`, `climbed`, `failed` and `suppressed` out of "
    "`waiting` "
    "and\n"
    "`retrying` go past what is barred; `barred` itself moves nobody. An acknowledgement counts\n"
    "wherever a recipient stands, and so does a receipt that says delivered. `bounced` is a "
    "receipt\n"
    "that says failed for good; what the ladder makes of it (`next_endpoint`, `climbed`, or what "
    "an\n"
    "earlier step reached) follows at once. `confirmed` is a delivery of an earlier step while "
    "the\n"
    "ladder goes on, `complained` a receipt that says so; both move nobody.\n"
    "\n";

/* A state that no event leads to or from belongs to what is not built yet. */
static bool is_used(enum delivery_state state)
{
    for (unsigned s = 0; s < DELIVERY_STATES; s++) {
        for (unsigned e = 0; e < DELIVERY_EVENTS; e++) {
            enum delivery_state next =
                delivery_state_next((enum delivery_state)s, (enum delivery_event)e);
            if (next != DELIVERY_STATES && (s == state || next == state)) {
                return true;
            }
        }
    }
    return false;
}

static void put_arrow(struct buf *out, enum delivery_state from, enum delivery_state to)
{
    const char *separator = " : ";
    for (unsigned e = 0; e < DELIVERY_EVENTS; e++) {
        if (delivery_state_next(from, (enum delivery_event)e) != to) {
            continue;
        }
        if (separator[1] == ':') {
            buf_printf(out, "    %s --> %s", delivery_state_name(from), delivery_state_name(to));
        }
        buf_printf(out, "%s%s", separator, delivery_event_name((enum delivery_event)e));
        separator = ", ";
    }
    if (separator[1] != ':') {
        buf_str(out, "\n");
    }
}

static void put_picture(struct buf *out)
{
    buf_str(out, "```mermaid\nstateDiagram-v2\n    direction LR\n");
    buf_str(out, "    classDef final stroke-width:4px\n    [*] --> waiting\n");
    for (unsigned from = 0; from < DELIVERY_STATES; from++) {
        for (unsigned to = 0; to < DELIVERY_STATES; to++) {
            put_arrow(out, (enum delivery_state)from, (enum delivery_state)to);
        }
    }
    for (unsigned s = 0; s < DELIVERY_STATES; s++) {
        if (delivery_state_is_final((enum delivery_state)s) && is_used((enum delivery_state)s)) {
            buf_printf(out, "    class %s final\n", delivery_state_name((enum delivery_state)s));
        }
    }
    buf_str(out, "```\n\n");
}

static void put_table(struct buf *out)
{
    buf_str(out, "| event | from | to |\n|---|---|---|\n");
    for (unsigned e = 0; e < DELIVERY_EVENTS; e++) {
        for (unsigned s = 0; s < DELIVERY_STATES; s++) {
            enum delivery_state next =
                delivery_state_next((enum delivery_state)s, (enum delivery_event)e);
            if (next != DELIVERY_STATES) {
                buf_printf(out, "| `%s` | %s | %s |\n", delivery_event_name((enum delivery_event)e),
                           delivery_state_name((enum delivery_state)s), delivery_state_name(next));
            }
        }
    }
    buf_str(out, "\nThe states ");
    const char *separator = "";
    for (unsigned s = DELIVERY_WAITING; s < DELIVERY_STATES; s++) {
        if (!is_used((enum delivery_state)s)) {
            buf_printf(out, "%s`%s`", separator, delivery_state_name((enum delivery_state)s));
            separator = ", ";
        }
    }
    buf_str(out, " are numbered already, but no event leads there yet.\n");
}

static bool read_file(const char *path, struct buf *contents)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return false;
    }
    size_t got;
    do {
        got = fread(buf_reserve(contents, 4096), 1, 4096, file);
        contents->len += got;
    } while (got > 0);
    (void)fclose(file);
    return true;
}

int main(int argc, char **argv)
{
    struct buf out = {0};
    struct buf there = {0};
    int code = EXIT_SUCCESS;
    buf_str(&out, HEAD);
    put_picture(&out);
    put_table(&out);
    if (argc == 1) {
        (void)fwrite(out.data, 1, out.len, stdout);
    } else if (!read_file(argv[1], &there) || !slice_equal(buf_view(&out), buf_view(&there))) {
        fprintf(stderr, "%s is stale: build the target print-delivery-states\n", argv[1]);
        code = EXIT_FAILURE;
    }
    buf_release(&out);
    buf_release(&there);
    return code;
}
