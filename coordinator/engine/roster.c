/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/engine/roster.h"

#include "common/mem.h"

void roster_release(struct roster *roster)
{
    mem_free(roster->entries);
    *roster = (struct roster){0};
}

struct roster_entry *roster_find(struct roster *roster, uint64_t instance)
{
    for (unsigned i = 0; i < roster->count; i++) {
        if (roster->entries[i].instance == instance) {
            return &roster->entries[i];
        }
    }
    return NULL;
}

struct roster_entry *roster_find_worker(struct roster *roster, uint32_t worker)
{
    for (unsigned i = 0; i < roster->count; i++) {
        if (roster->entries[i].present && roster->entries[i].worker == worker) {
            return &roster->entries[i];
        }
    }
    return NULL;
}

struct roster_entry *roster_add(struct roster *roster, uint64_t instance)
{
    struct roster_entry *entry = roster_find(roster, instance);
    if (entry != NULL) {
        return entry;
    }
    if (roster->count == roster->cap) {
        roster->cap = roster->cap == 0 ? 8 : roster->cap * 2;
        roster->entries = mem_resize(roster->entries, roster->cap, sizeof(*roster->entries));
    }
    entry = &roster->entries[roster->count++];
    *entry = (struct roster_entry){.instance = instance};
    return entry;
}

void roster_remove(struct roster *roster, unsigned index)
{
    roster->entries[index] = roster->entries[--roster->count];
}
