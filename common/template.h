/* SPDX-License-Identifier: Apache-2.0 */
/*
 * template: text with placeholders `{{name}}`, parsed once and filled many times.
 *
 * A name is letters, digits, `_`, `-` and `.`, blanks around it are allowed; `{{name|escape}}` asks
 * for an escaping of its own (json, url, html, raw); `\{{` is a literal `{{`. Anything else is
 * refused with the line and column of what is wrong. Names are numbered at parsing by a callback,
 * so that filling does no search. Immutable after parsing: any thread may fill.
 */
#ifndef TOCSIN_COMMON_TEMPLATE_H
#define TOCSIN_COMMON_TEMPLATE_H

#include "common/buf.h"
#include "common/err.h"
#include "common/slice.h"

struct template;

enum template_escape { TEMPLATE_RAW, TEMPLATE_JSON, TEMPLATE_URL, TEMPLATE_HTML };

#define TEMPLATE_NO_VARIABLE (-1)

struct template_piece {
    struct slice literal; /* may be empty */
    int number;           /* of the variable behind it, or TEMPLATE_NO_VARIABLE */
    enum template_escape escape;
};

/* The number of a name (>= 0), or -1 if there is no such variable. */
typedef int (*template_resolve_fn)(void *arg, struct slice name);
/* The value of a number for this filling; false if it is missing (an empty value counts as present:
 * the caller decides). */
typedef bool (*template_value_fn)(void *arg, int number, struct slice *value);

/* text must be UTF-8. `escape` is what a plain {{name}} gets. On error *problem says what, where
 * (line and column) and what would be right; an unknown name is ERR_NOT_FOUND and problem->text
 * quotes it. */
enum err template_new(struct template **out, struct slice text, enum template_escape escape,
                      template_resolve_fn resolve, void *arg, struct problem *problem) WARN_UNUSED;
void template_free(struct template *template);
/* Appends the filled text to buf. -1 on success, else the number of the first variable that is
 * missing (buf then holds what was written so far). */
int template_fill(const struct template *template, struct buf *buf, template_value_fn value,
                  void *arg);
/* Appends a value as this escape has it stand. */
void template_append_value(struct buf *buf, enum template_escape escape, struct slice value);
/* How long a value of `len` bytes can become so. */
size_t template_value_bytes(enum template_escape escape, size_t len);
/* What the template consists of, in order; lives as long as the template. */
const struct template_piece *template_pieces(const struct template *template, size_t *count);
/* Every number that the template uses is reported once or more. */
void template_numbers(const struct template *template, void (*use)(void *arg, int number),
                      void *arg);

#endif
