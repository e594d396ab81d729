/* SPDX-License-Identifier: Apache-2.0 */
/*
 * progress: how a campaign stands, as text: the live view, a line for a pipe, the closing report.
 * Pure: from counts to text, nothing is asked or printed here.
 */
#ifndef TOCSIN_CLI_PROGRESS_H
#define TOCSIN_CLI_PROGRESS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"

/* What a state means to whoever watches; the bar is made of these parts, in this order. */
enum progress_part {
    PROGRESS_REACHED,
    PROGRESS_IN_HAND,
    PROGRESS_AGAIN,    /* a later attempt is due */
    PROGRESS_DOUBTFUL, /* may have been reached, is not tried again */
    PROGRESS_LOST,
    PROGRESS_TO_DO,
    PROGRESS_PARTS
};

/* X(name, the API's word, part), in the order in which people read them. */
#define PROGRESS_STATE_MAP(X)                                                                      \
    X(ACKNOWLEDGED, "acknowledged", REACHED)                                                       \
    X(DELIVERED, "delivered", REACHED)                                                             \
    X(ACCEPTED, "accepted", REACHED)                                                               \
    X(LEASED, "leased", IN_HAND)                                                                   \
    X(RETRYING, "retrying", AGAIN)                                                                 \
    X(UNCERTAIN, "uncertain", DOUBTFUL)                                                            \
    X(FAILED, "failed", LOST)                                                                      \
    X(UNREACHABLE, "unreachable", LOST)                                                            \
    X(EXPIRED, "expired", LOST)                                                                    \
    X(SUPPRESSED, "suppressed", LOST)                                                              \
    X(CANCELLED, "cancelled", LOST)                                                                \
    X(WAITING, "waiting", TO_DO)

enum progress_state {
#define PROGRESS_STATE_MEMBER(name, word, part) PROGRESS_##name,
    PROGRESS_STATE_MAP(PROGRESS_STATE_MEMBER)
#undef PROGRESS_STATE_MEMBER
        PROGRESS_STATES
};

const char *progress_state_name(enum progress_state state);
enum progress_part progress_state_part(enum progress_state state);

#define PROGRESS_NAME_MAX   128
#define PROGRESS_PLAN_MAX   255
#define PROGRESS_WORD_MAX   31
#define PROGRESS_NOTICE_MAX 200
#define PROGRESS_NOTICES    4

#define PROGRESS_RUNGS 16

/* A step of the plan, or its message sent again. */
struct progress_rung {
    unsigned step;   /* as it is written, from 1 on */
    unsigned repeat; /* 0, or for the how many-th time again */
    bool is_beside;  /* of two steps at once the second one: it is counted for itself */
    char channel[PROGRESS_WORD_MAX + 1];
    uint64_t counts[PROGRESS_STATES]; /* who stands there, or ended there */
    uint64_t open;                    /* of the accepted and uncertain: an answer is awaited */
    double next_s;                    /* until somebody is due there; below 0: nobody is, later */
};

/* A value. */
struct progress {
    char id[PROGRESS_WORD_MAX + 1];
    char name[PROGRESS_NAME_MAX + 1];
    char plan[PROGRESS_PLAN_MAX + 1]; /* as plan_text has it */
    char state[PROGRESS_WORD_MAX +
               1]; /* of the campaign: draft, running, paused, finished, cancelled */
    uint64_t recipients;
    uint64_t counts[PROGRESS_STATES];
    uint64_t open;  /* of the accepted and uncertain: an acknowledgement is awaited */
    uint64_t other; /* in states that this program does not know */
    uint64_t repeated;
    double rate_per_s;
    double time_left_s;  /* below 0: unknown */
    double elapsed_s;    /* since the launch, to the end or until now; below 0: not launched */
    double next_climb_s; /* until somebody's step ends; below 0: nobody's */
    unsigned rung_count; /* 0 also if the plan is one step, or the steps were not counted */
    struct progress_rung rungs[PROGRESS_RUNGS];
    unsigned notice_count;
    char notices[PROGRESS_NOTICES][PROGRESS_NOTICE_MAX + 1]; /* well-formed, without controls */
};

struct progress_style {
    unsigned columns; /* of the terminal; what is longer is broken or cut */
    bool has_colour;
    bool has_unicode;
};

/* From the API's campaign. False when it is none. Notices are left empty. */
bool progress_read(struct progress *progress, const json_t *campaign, uint64_t now_unix_ms);
/* A notice below the view, if the text is not empty; foreign text is made safe, what is too long is
 * cut. */
void progress_add_notice(struct progress *progress, const char *text);
/* From the API's campaign: a notice of what it will do by itself, or did: when it begins, when it
 * expires, what stopped it, what took its place. */
void progress_add_control(struct progress *progress, const json_t *campaign);
/* From the API's list of providers: a notice for each of the plan's channels that is slowed down,
 * has an open breaker, or cannot be opened by a worker. */
void progress_add_providers(struct progress *progress, const json_t *providers);

/* Is there something to send, and nobody has any of it in hand? */
bool progress_is_stalled(const struct progress *progress);
/* From the API's list of workers, for one that is stalled: a notice for each of the plan's channels
 * on which none of them can send. */
void progress_add_workers(struct progress *progress, const json_t *workers);

/* Finished; or cancelled with nothing in hand any more. Nothing will change by itself. */
bool progress_is_over(const struct progress *progress);
uint64_t progress_sum(const struct progress *progress);
/* Recipients of a part, or not reached for certain: neither reached nor still on their way. */
uint64_t progress_part(const struct progress *progress, enum progress_part part);
uint64_t progress_not_reached(const struct progress *progress);
/* Nothing more will happen to them by themselves. */
uint64_t progress_settled(const struct progress *progress);
/* Do the counts of both say the same? Then a line for a pipe would be news to nobody. */
bool progress_is_same(const struct progress *a, const struct progress *b);

/* The live view: a few lines, each ended by a line break, none wider than style->columns. */
void progress_view(struct buf *buf, const struct progress *progress,
                   const struct progress_style *style);
/* One line, for a pipe or a log. */
void progress_line(struct buf *buf, const struct progress *progress);
/* What came of it, with a sum that can be checked by eye. */
void progress_closing(struct buf *buf, const struct progress *progress,
                      const struct progress_style *style);

#endif
