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
    "ladder goes on, `complained` a receipt that says so; both move nobody. `retried` begins "
    "another\n"
    "round of a campaign that has finished.\n"
    "\n"
    "`climbed` may lead back, once: whoever passed by a step that was down and would end without "
    "a\n"
    "try (`unreachable`, `suppressed`) climbs from there again, and waits for it.\n"
    "\n"
    "Who stands on a step and on one `with_previous` has two such states, one for each. `climbed` "
    "out\n"
    "of `failed`, `suppressed`, `unreachable` and `expired` leaves such a pair when both have "
    "ended;\n"
    "out of `none`, which is nowhere, it begins the step beside. A repetition of one of the two "
    "is\n"
    "`climbed` on its own track. `failed` out of `waiting` and `retrying` also gives one of the "
    "two\n"
    "up while its channel is down and its plan says `if_down: climb`, and `held` does where he "
    "may\n"
    "have been reached. Shown and counted is the more advanced of both: `unreachable`, given up\n"
    "without a try, `suppressed`, `failed`, `expired`, `cancelled`, `waiting`, `retrying`, "
    "`leased`,\n"
    "`uncertain`, `accepted`, `delivered`, `acknowledged`.\n"
    "\n"
    "Each event is in one of the pictures. States that are left in the same way share a box, and "
    "what\n"
    "moves nobody is in the table alone.\n"
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

/* ---- pictures ---- */

/* Each event is in one picture, so that all of them together are the table. */
enum picture { PICTURE_CONTROL, PICTURE_SENDING, PICTURE_LADDER, PICTURE_NEWS, PICTURES };

static const char *const titles[PICTURES] = {
    [PICTURE_SENDING] = "A step is sent",
    [PICTURE_LADDER] = "The ladder goes on, ends, or begins anew",
    [PICTURE_NEWS] = "Somebody says what became of it",
    [PICTURE_CONTROL] = "Time, lists and orders",
};

/* In the order of the page. */
static const enum picture order[PICTURES] = {PICTURE_SENDING, PICTURE_LADDER, PICTURE_NEWS,
                                             PICTURE_CONTROL};

/* Whatever is not named is an order. */
static const enum picture picture_of[DELIVERY_EVENTS] = {
    [DELIVERY_EVENT_LEASED] = PICTURE_SENDING,
    [DELIVERY_EVENT_ACCEPTED] = PICTURE_SENDING,
    [DELIVERY_EVENT_DEFERRED] = PICTURE_SENDING,
    [DELIVERY_EVENT_RELEASED] = PICTURE_SENDING,
    [DELIVERY_EVENT_NEXT_ENDPOINT] = PICTURE_SENDING,
    [DELIVERY_EVENT_REPEATED] = PICTURE_SENDING,
    [DELIVERY_EVENT_FAILED] = PICTURE_SENDING,
    [DELIVERY_EVENT_UNREACHABLE] = PICTURE_SENDING,
    [DELIVERY_EVENT_HELD] = PICTURE_SENDING,
    [DELIVERY_EVENT_CLIMBED] = PICTURE_LADDER,
    [DELIVERY_EVENT_UNANSWERED] = PICTURE_LADDER,
    [DELIVERY_EVENT_ACKNOWLEDGED] = PICTURE_NEWS,
    [DELIVERY_EVENT_RETRIED] = PICTURE_LADDER,
    [DELIVERY_EVENT_DELIVERED] = PICTURE_NEWS,
    [DELIVERY_EVENT_BOUNCED] = PICTURE_NEWS,
    [DELIVERY_EVENT_CONFIRMED] = PICTURE_NEWS,
    [DELIVERY_EVENT_COMPLAINED] = PICTURE_NEWS,
};

/* Where the event moves to in this picture; DELIVERY_STATES if it moves nobody. */
static unsigned move(enum picture picture, unsigned from, unsigned event)
{
    enum delivery_state to =
        delivery_state_next((enum delivery_state)from, (enum delivery_event)event);
    return picture_of[event] == picture && to != from ? to : DELIVERY_STATES;
}

static bool has_arrow_in(enum picture picture, unsigned state)
{
    for (unsigned s = 0; s < DELIVERY_STATES; s++) {
        for (unsigned e = 0; e < DELIVERY_EVENTS; e++) {
            if (move(picture, s, e) == state) {
                return true;
            }
        }
    }
    return false;
}

static bool has_arrow_out(enum picture picture, unsigned state)
{
    for (unsigned e = 0; e < DELIVERY_EVENTS; e++) {
        if (move(picture, state, e) != DELIVERY_STATES) {
            return true;
        }
    }
    return false;
}

static bool are_alike(enum picture picture, unsigned a, unsigned b)
{
    for (unsigned e = 0; e < DELIVERY_EVENTS; e++) {
        if (move(picture, a, e) != move(picture, b, e)) {
            return false;
        }
    }
    return delivery_state_is_final((enum delivery_state)a) ==
           delivery_state_is_final((enum delivery_state)b);
}

/* States that nothing leads to, and that all leave in the same way, share a box: the first of them
 * stands for all. */
static unsigned box_of(enum picture picture, unsigned state)
{
    if (has_arrow_in(picture, state)) {
        return state;
    }
    for (unsigned s = DELIVERY_WAITING; s < state; s++) { /* "none" is nowhere, and for itself */
        if (!has_arrow_in(picture, s) && has_arrow_out(picture, s) &&
            are_alike(picture, s, state)) {
            return s;
        }
    }
    return state;
}

static void put_box(struct buf *out, enum picture picture, unsigned box)
{
    const char *separator = "";
    buf_str(out, "    state \"");
    for (unsigned s = box; s < DELIVERY_STATES; s++) {
        if (box_of(picture, s) == box) {
            buf_printf(out, "%s%s", separator, delivery_state_name((enum delivery_state)s));
            separator = "<br>";
        }
    }
    buf_printf(out, "\" as %s\n", delivery_state_name((enum delivery_state)box));
    if (box != DELIVERY_NONE && delivery_state_is_final((enum delivery_state)box)) {
        buf_printf(out, "    class %s final\n", delivery_state_name((enum delivery_state)box));
    }
}

static void put_arrow(struct buf *out, enum picture picture, unsigned from, unsigned to)
{
    const char *separator = " : ";
    for (unsigned e = 0; e < DELIVERY_EVENTS; e++) {
        if (move(picture, from, e) != to) {
            continue;
        }
        if (separator[1] == ':') {
            buf_printf(out, "    %s --> %s", delivery_state_name((enum delivery_state)from),
                       delivery_state_name((enum delivery_state)to));
        }
        buf_printf(out, "%s%s", separator, delivery_event_name((enum delivery_event)e));
        separator = "<br>";
    }
    if (separator[1] != ':') {
        buf_str(out, "\n");
    }
}

static void put_picture(struct buf *out, enum picture picture)
{
    buf_printf(out, "## %s\n\n```mermaid\nstateDiagram-v2\n    direction LR\n", titles[picture]);
    buf_str(out, "    classDef final stroke-width:4px\n");
    for (unsigned s = 0; s < DELIVERY_STATES; s++) {
        if ((has_arrow_in(picture, s) || has_arrow_out(picture, s)) && box_of(picture, s) == s) {
            put_box(out, picture, s);
        }
    }
    if (picture == PICTURE_SENDING) {
        buf_str(out, "    [*] --> waiting\n");
    }
    for (unsigned from = 0; from < DELIVERY_STATES; from++) {
        for (unsigned to = 0; to < DELIVERY_STATES && box_of(picture, from) == from; to++) {
            put_arrow(out, picture, from, to);
        }
    }
    buf_str(out, "```\n\n");
}

/* ---- the table ---- */

/* A row for each event and each state that it leads to; "the same" where it moves nobody. */
static void put_row(struct buf *out, enum delivery_event event, unsigned to)
{
    const char *separator = "";
    for (unsigned s = 0; s < DELIVERY_STATES; s++) {
        unsigned next = delivery_state_next((enum delivery_state)s, event);
        bool is_here = to == DELIVERY_STATES ? next == s : next == to && next != s;
        if (!is_here) {
            continue;
        }
        if (*separator == '\0') {
            buf_printf(out, "| `%s` | ", delivery_event_name(event));
        }
        buf_printf(out, "%s%s", separator, delivery_state_name((enum delivery_state)s));
        separator = ", ";
    }
    if (*separator != '\0') {
        buf_printf(out, " | %s |\n",
                   to == DELIVERY_STATES ? "the same"
                                         : delivery_state_name((enum delivery_state)to));
    }
}

static void put_table(struct buf *out)
{
    const char *separator = "";
    buf_str(out, "## The whole table\n\n| event | from | to |\n|---|---|---|\n");
    for (unsigned e = 0; e < DELIVERY_EVENTS; e++) {
        for (unsigned to = 0; to <= DELIVERY_STATES; to++) {
            put_row(out, (enum delivery_event)e, to);
        }
    }
    for (unsigned s = DELIVERY_WAITING; s < DELIVERY_STATES; s++) {
        if (!is_used((enum delivery_state)s)) {
            buf_printf(out, "%s`%s`", *separator == '\0' ? "\nNo event leads yet to " : separator,
                       delivery_state_name((enum delivery_state)s));
            separator = ", ";
        }
    }
    buf_str(out, *separator == '\0' ? "" : ".\n");
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
    for (unsigned i = 0; i < PICTURES; i++) {
        put_picture(&out, order[i]);
    }
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
