/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recipient_query: who is looked for over all campaigns: a recipient's key, or an endpoint in the
 * form that audiences keep it in. Pure.
 */
#ifndef TOCSIN_API_RECIPIENT_QUERY_H
#define TOCSIN_API_RECIPIENT_QUERY_H

#include <stdbool.h>

#include "common/err.h"
#include "coordinator/content/suppression.h"
#include "proto/channel_kind.h"

struct recipient_query {
    bool is_endpoint;
    enum channel_kind channel; /* of an endpoint */
    struct suppression entry;  /* whose `value` is the key, or the endpoint, normalised */
};

/* Exactly one of key and endpoint; the others are NULL. The channel of an endpoint is taken from
 * its form if there is none. As a `+` that nobody encoded comes as a blank, a number may begin with
 * one. ERR_INVALID: *parameter is the one that is wrong, the problem says what would be right. */
enum err recipient_query_read(struct recipient_query *query, const char *key, const char *endpoint,
                              const char *channel, const char **parameter,
                              struct problem *problem) WARN_UNUSED;

static inline const char *recipient_query_value(const struct recipient_query *query)
{
    return query->entry.value;
}

#endif
