/* SPDX-License-Identifier: Apache-2.0 */
/*
 * health: how well a provider does, and what share of its channel it gets for that.
 *
 * Attempts are counted by what they say of the provider, and half of what was counted is forgotten
 * every HEALTH_HALF_MS. What is a recipient's own trouble (no such number) says that the provider
 * is well; what a worker found out by itself says nothing.
 *
 * A provider's part of its channel is its weight among the weights. While it does badly points are
 * taken off it, HEALTH_POINTS at a time, and go to those that do well; while it does well they come
 * back as slowly. Between bad and well nothing moves, and neither does anything sooner after a move
 * than a while: so a share does not swing. It always keeps a little, by which it is seen that it
 * does well again.
 *
 * Values; time comes in. A point is one in a hundred of the channel.
 */
#ifndef TOCSIN_ENGINE_HEALTH_H
#define TOCSIN_ENGINE_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/outcome.h"

#define HEALTH_HALF_MS 10000
#define HEALTH_POINTS  10.0
#define HEALTH_LEAST   5.0  /* points that are never taken; half of its part if that is less */
#define HEALTH_BAD     0.20 /* share of errors from which on points are taken */
#define HEALTH_WELL    0.05 /* up to which they come back */
#define HEALTH_DOWN_MS 2000 /* after a move, at the soonest */
#define HEALTH_UP_MS   5000

/* X(name, word) */
#define HEALTH_CLASS_MAP(X)                                                                        \
    X(ANSWERED, "answered")   /* as it should, whatever the answer */                              \
    X(THROTTLED, "throttled") /* it asks to slow down: counts as half an error */                  \
    X(FAULT, "fault")     /* its own: 5xx, no connection, refuses us, an answer that is none */    \
    X(TIMEOUT, "timeout") /* no answer, or the connection broke */

enum health_class {
#define HEALTH_CLASS_MEMBER(name, word) HEALTH_##name,
    HEALTH_CLASS_MAP(HEALTH_CLASS_MEMBER)
#undef HEALTH_CLASS_MEMBER
        HEALTH_CLASSES
};
const char *health_class_name(enum health_class health_class);
/* False: it says nothing of the provider. */
bool health_class_of(enum outcome outcome, uint16_t reason, enum health_class *health_class);

struct health {
    double seen[HEALTH_CLASSES]; /* attempts, fading */
    double latency_ms;           /* sum over `timed`, fading */
    double timed;
    uint64_t faded_ms;
    double lowered; /* points that were taken */
    uint64_t moved_ms;
};

void health_on_attempts(struct health *health, enum health_class health_class, uint32_t count,
                        uint64_t now_ms);
/* So long it took them from the start to the answer, on average. */
void health_on_latency(struct health *health, double latency_ms, uint32_t count, uint64_t now_ms);
/* 0..1; 0 if nothing was seen of late. */
double health_share_of(struct health *health, enum health_class health_class, uint64_t now_ms);
/* All errors together, as they count. */
double health_errors(struct health *health, uint64_t now_ms);
/* -1: not known. */
double health_latency_ms(struct health *health, uint64_t now_ms);

/* One of the providers of a channel. */
struct health_member {
    struct health *health;
    double weight;
    bool is_down; /* it cannot be used at all now */
    double share; /* what comes out: points, which add up to 100 */
};
/* Its weight among the weights, in points. */
double health_part(const struct health_member *members, unsigned count, unsigned which);
/* Those whose time it is move, and the shares are told. */
void health_review(struct health_member *members, unsigned count, uint64_t now_ms);

#endif
