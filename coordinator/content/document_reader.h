/* SPDX-License-Identifier: Apache-2.0 */
/*
 * document_reader: JSON read strictly. An object is described by a table of its fields; what the
 * table does not know is refused with the nearest known name, and every complaint says where it
 * belongs by a JSON pointer (RFC 6901).
 */
#ifndef TOCSIN_CONTENT_DOCUMENT_READER_H
#define TOCSIN_CONTENT_DOCUMENT_READER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/slice.h"

#define DOCUMENT_POINTER_MAX 200

struct document_problem {
    struct problem problem;
    char pointer[DOCUMENT_POINTER_MAX + 1]; /* "" is the whole document; cut off if longer */
    unsigned line;                          /* of what is no JSON; else 0 */
    unsigned column;
};

struct document_reader {
    struct document_problem *problem;
    void *arg; /* the caller's, for the fields' functions */
    char pointer[DOCUMENT_POINTER_MAX + 1];
    size_t pointer_len;
};

struct document_field {
    const char *key; /* NULL ends a table */
    bool required;
    enum err (*read)(struct document_reader *reader, json_t *value);
};

/* The whole of `text` as a JSON object; the caller owns *out. ERR_INVALID with line and column: no
 * JSON, a name twice, no object. */
enum err document_parse(struct slice text, json_t **out,
                        struct document_problem *problem) WARN_UNUSED;
/* The same for any JSON. */
enum err document_parse_any(struct slice text, json_t **out,
                            struct document_problem *problem) WARN_UNUSED;
/* An object in YAML, as yaml_json.h takes it. Also ERR_LIMIT. */
enum err document_parse_yaml(struct slice text, json_t **out,
                             struct document_problem *problem) WARN_UNUSED;
void document_reader_init(struct document_reader *reader, struct document_problem *problem,
                          void *arg);

/* Fields are read in the order of the table. null counts as absent. */
enum err document_object(struct document_reader *reader, json_t *value,
                         const struct document_field *fields) WARN_UNUSED;
/* Is it an object, with members of the table alone? document_object asks this first. */
enum err document_check_known(struct document_reader *reader, json_t *value,
                              const struct document_field *fields) WARN_UNUSED;
/* Steps into a member, and back to where it was. */
size_t document_enter(struct document_reader *reader, const char *key);
void document_leave(struct document_reader *reader, size_t mark);
/* Fills the problem with the present place and returns err. The text begins with the member's name.
 */
enum err document_refuse(struct document_reader *reader, enum err err, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* The same for a word that is not among `known` (NULL-terminated): names the nearest, or all of
 * them. */
enum err document_refuse_word(struct document_reader *reader, const char *what, const char *word,
                              const char *const *known);

/* min and max in bytes. The string belongs to the value. */
enum err document_string(struct document_reader *reader, json_t *value, size_t min, size_t max,
                         const char **out) WARN_UNUSED;
/* The same, on one line: no control characters. */
enum err document_line(struct document_reader *reader, json_t *value, size_t min, size_t max,
                       const char **out) WARN_UNUSED;
enum err document_integer(struct document_reader *reader, json_t *value, uint64_t min, uint64_t max,
                          uint64_t *out) WARN_UNUSED;
/* Any number, rounded to the thousandth, which is how it is kept. `hint` follows the complaint. */
enum err document_number(struct document_reader *reader, json_t *value, double min, double max,
                         const char *hint, double *out) WARN_UNUSED;
/* A string as text_duration_ms takes it. */
enum err document_duration(struct document_reader *reader, json_t *value, uint64_t min_ms,
                           uint64_t max_ms, uint64_t *out) WARN_UNUSED;
/* One of `words` (NULL-terminated); *index says which. `what` names the kind: "priority". */
enum err document_word(struct document_reader *reader, json_t *value, const char *what,
                       const char *const *words, unsigned *index) WARN_UNUSED;

/* "250ms", "90s", "15m", "4h", "2d": the largest unit that divides it. */
#define DOCUMENT_DURATION_BYTES 24
void document_duration_write(char text[DOCUMENT_DURATION_BYTES], uint64_t ms);

#endif
