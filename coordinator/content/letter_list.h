/* SPDX-License-Identifier: Apache-2.0 */
/*
 * letter_list: which dead letters of one subscriber there are (content/subscription_store.h), by
 * the numbers of their events, as it was decided last: what is in a record that is not durable yet
 * counts. So how many there are, which is the oldest and what is to be sent again is always exact,
 * whatever the disk has of it; the letters themselves are read from there. 16 bytes each.
 */
#ifndef TOCSIN_CONTENT_LETTER_LIST_H
#define TOCSIN_CONTENT_LETTER_LIST_H

#include <stdbool.h>
#include <stdint.h>

struct letter_place {
    uint64_t number;
    bool is_resent; /* it is to be sent again */
};

/* A value; all zero: empty. */
struct letter_list {
    struct letter_place *places; /* ascending */
    unsigned count;
    unsigned room;
    unsigned resend; /* of them, to be sent again */
};

void letter_list_release(struct letter_list *list);
/* In place of what it said of that number. */
void letter_list_put(struct letter_list *list, uint64_t number, bool is_resent);
/* False: there was none. */
bool letter_list_remove(struct letter_list *list, uint64_t number);
/* NULL: there is none. Valid until the next change. */
const struct letter_place *letter_list_find(const struct letter_list *list, uint64_t number);
/* The oldest that is to be sent again; 0: none is. */
uint64_t letter_list_resent(const struct letter_list *list);

#endif
