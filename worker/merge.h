/* SPDX-License-Identifier: Apache-2.0 */
/*
 * merge: one message for many recipients, as a provider's bulk form takes it: what is the same for
 * all once, and what differs as values, one for each slot. A slot is a variable together with how
 * it is escaped, so that a value which stands raw in the text and escaped in the HTML has two; a
 * slot may stand in several places of all parts. Immutable after making; one thread.
 *
 * How a slot is marked in what goes out is the adapter's business (`{{{v1}}}`, `-k3Qz01-`): it puts
 * the pieces together, and sees to it that no literal is taken for a mark.
 */
#ifndef TOCSIN_WORKER_MERGE_H
#define TOCSIN_WORKER_MERGE_H

#include "common/buf.h"
#include "common/template.h"

#define MERGE_NO_SLOT UINT32_MAX

struct merge_piece {
    struct slice literal; /* of the template; may be empty */
    uint32_t slot;        /* behind it, or MERGE_NO_SLOT */
};

struct merge_part {
    struct merge_piece *pieces; /* none: the message has no such part */
    size_t count;
};

struct merge_slot {
    int number; /* of the variable */
    enum template_escape escape;
};

struct merge {
    struct merge_part subject;
    struct merge_part text;
    struct merge_part html;
    struct merge_slot *slots;
    uint32_t slot_count;
};

/* Any of the templates may be NULL; they must outlive the merge. */
struct merge *merge_new(const struct template *subject, const struct template *text,
                        const struct template *html);
void merge_free(struct merge *merge);
/* One recipient's values, `slot_count` of them: they point into what `value` gave, or into buf
 * (cleared before). -1, or the number of the first variable that is missing. What `value` gives
 * must stay until the values are used. */
int merge_fill(const struct merge *merge, struct buf *buf, template_value_fn value, void *arg,
               struct slice *values);

#endif
