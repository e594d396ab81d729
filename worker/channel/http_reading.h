/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_reading: an answer under examination. Its body is parsed at most once, and only if somebody
 * looks. Also where in it the provider's id of the message stands, and patterns for its text.
 */
#ifndef TOCSIN_CHANNEL_HTTP_READING_H
#define TOCSIN_CHANNEL_HTTP_READING_H

#include <jansson.h>
#include <regex.h>
#include <stdbool.h>

#include "common/err.h"
#include "net/http_client.h"

struct http_ref;

struct http_reading {
    const struct http_answer *answer;
    json_t *json;
    bool parsed;
};

void http_reading_init(struct http_reading *reading, const struct http_answer *answer);
void http_reading_release(struct http_reading *reading);
/* The body as JSON, borrowed; NULL if it is none. */
json_t *http_reading_json(struct http_reading *reading);

/* Where the provider's id of the message stands: exactly one of {json: pointer}, {header: name},
 * {regex: pattern whose first group it is}. `where` begins the problem's text. ERR_INVALID. */
enum err http_ref_new(struct http_ref **out, json_t *object, const char *where,
                      struct problem *problem) WARN_UNUSED;
void http_ref_free(struct http_ref *ref);
/* Name of the header of the answer that is looked at, or NULL. */
const char *http_ref_header(const struct http_ref *ref);
/* Empty if there is none or it is longer than OUTCOME_REF_MAX. Valid until the reading is released
 * or the ref is asked again. */
struct slice http_ref_find(struct http_ref *ref, struct http_reading *reading);

/* Patterns are POSIX extended regular expressions. `where` and `key` begin the problem's text. */
enum err http_reading_regex(regex_t **out, const char *pattern, const char *where, const char *key,
                            struct problem *problem) WARN_UNUSED;
void http_reading_regex_free(regex_t *regex);
/* ERR_INVALID if it is NULL or no JSON pointer. */
enum err http_reading_check_pointer(const char *pointer, const char *where,
                                    struct problem *problem) WARN_UNUSED;

#endif
