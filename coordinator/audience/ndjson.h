/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ndjson: one flat JSON object (RFC 8259) a line, from bytes that come in pieces of any size. Pure,
 * and the same rows come out however the bytes are cut.
 *
 * A row is the list of its members as they stand in the line. Values are strings (unescaped),
 * numbers (as they are written), true and false; null is a value of length 0. An array of such
 * values gives one member for each, with the same name and ranks 0, 1, 2, ...; an empty array gives
 * none. Empty lines are no rows. A byte order mark in front is passed over.
 *
 * Not accepted: anything but one object a line, nested objects, arrays in arrays, control
 * characters or ill-formed UTF-8, escapes that are none, half a surrogate pair, a line above
 * NDJSON_ROW_MAX or with more than NDJSON_MEMBERS_MAX values. A line that is refused costs that
 * line, no other.
 */
#ifndef TOCSIN_AUDIENCE_NDJSON_H
#define TOCSIN_AUDIENCE_NDJSON_H

#include <stdbool.h>
#include <stdint.h>

#include "coordinator/audience/cell.h"
#include "coordinator/audience/window.h"

#define NDJSON_MEMBERS_MAX 128
#define NDJSON_ROW_MAX     131072 /* bytes of a line with its line end: 128 KiB */

#define NDJSON_FLAW_MAP(X)                                                                         \
    X(NONE, "")                                                                                    \
    X(NOT_OBJECT, "the line is not a JSON object; NDJSON has one object {...} a line")             \
    X(NAME, "a name in double quotes is expected here")                                            \
    X(COLON, "a colon is expected here")                                                           \
    X(VALUE, "a value is expected here: a string, a number, true, false, null or an array")        \
    X(COMMA, "a comma or the closing bracket is expected here")                                    \
    X(TRAILING, "something follows the object; NDJSON has one object a line")                      \
    X(NESTED, "objects and arrays may not be nested: a row is flat")                               \
    X(NUMBER, "this is not a JSON number")                                                         \
    X(OPEN_STRING, "a string is opened and not closed on its line")                                \
    X(CONTROL, "a control character inside a string; write it as an escape")                       \
    X(ESCAPE, "this is not a JSON escape")                                                         \
    X(SURROGATE, "half of a surrogate pair")                                                       \
    X(UTF8, "this is not UTF-8")                                                                   \
    X(TOO_MANY, "the row has more than 128 values")                                                \
    X(TOO_LONG, "the line is longer than 128 KiB")

enum ndjson_flaw {
#define NDJSON_FLAW_MEMBER(name, sentence) NDJSON_FLAW_##name,
    NDJSON_FLAW_MAP(NDJSON_FLAW_MEMBER)
#undef NDJSON_FLAW_MEMBER
};

const char *ndjson_flaw_sentence(enum ndjson_flaw flaw);

enum ndjson_status {
    NDJSON_MORE,   /* push more bytes or say ndjson_end */
    NDJSON_ROW,    /* *row is filled, valid until the next call */
    NDJSON_BROKEN, /* a line that is no row: line, flaw, and flaw_at */
    NDJSON_DONE    /* after ndjson_end: there are no more rows */
};

struct ndjson_member {
    struct slice name;
    struct cell value;
    unsigned rank; /* place in an array */
    bool is_array;
};

struct ndjson_row {
    uint64_t line; /* from 1 */
    enum ndjson_flaw flaw;
    size_t flaw_at; /* byte of the line, from 1 */
    bool is_plain;  /* surely ASCII without control characters */
    unsigned count;
    struct ndjson_member members[NDJSON_MEMBERS_MAX];
};

struct ndjson {
    struct window window;
    uint64_t line;   /* of window.start */
    size_t searched; /* no line feed in this many bytes behind window.start */
    bool has_begun;
    bool has_ended;
    bool is_skipping; /* up to the next line feed */
};

void ndjson_init(struct ndjson *ndjson);
void ndjson_release(struct ndjson *ndjson);
void ndjson_push(struct ndjson *ndjson, struct slice bytes);
void ndjson_end(struct ndjson *ndjson);
enum ndjson_status ndjson_next(struct ndjson *ndjson, struct ndjson_row *row);

#endif
