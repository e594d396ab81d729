/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/content/letter_list.h"

#include <string.h>

#include "common/mem.h"

#define ROOM_MIN 16

/* Where it is, or would be. */
static unsigned place_of(const struct letter_list *list, uint64_t number)
{
    unsigned low = 0;
    unsigned high = list->count;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (list->places[middle].number < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool is_at(const struct letter_list *list, unsigned at, uint64_t number)
{
    return at < list->count && list->places[at].number == number;
}

void letter_list_release(struct letter_list *list)
{
    mem_free(list->places);
    *list = (struct letter_list){0};
}

static void insert(struct letter_list *list, unsigned at, uint64_t number)
{
    if (list->count == list->room) {
        list->room = list->room == 0 ? ROOM_MIN : list->room * 2;
        list->places = mem_resize(list->places, list->room, sizeof(*list->places));
    }
    memmove(&list->places[at + 1], &list->places[at], (list->count - at) * sizeof(*list->places));
    list->places[at] = (struct letter_place){.number = number};
    list->count++;
}

void letter_list_put(struct letter_list *list, uint64_t number, bool is_resent)
{
    unsigned at = place_of(list, number);
    if (!is_at(list, at, number)) {
        insert(list, at, number);
    }
    list->resend -= list->places[at].is_resent;
    list->resend += is_resent;
    list->places[at].is_resent = is_resent;
}

bool letter_list_remove(struct letter_list *list, uint64_t number)
{
    unsigned at = place_of(list, number);
    if (!is_at(list, at, number)) {
        return false;
    }
    list->resend -= list->places[at].is_resent;
    list->count--;
    memmove(&list->places[at], &list->places[at + 1], (list->count - at) * sizeof(*list->places));
    return true;
}

const struct letter_place *letter_list_find(const struct letter_list *list, uint64_t number)
{
    unsigned at = place_of(list, number);
    return is_at(list, at, number) ? &list->places[at] : NULL;
}

uint64_t letter_list_resent(const struct letter_list *list)
{
    for (unsigned i = 0; list->resend > 0 && i < list->count; i++) {
        if (list->places[i].is_resent) {
            return list->places[i].number;
        }
    }
    return 0;
}
