/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/engine/roster.h"

#include <string.h>

#include "common/mem.h"

static void set_text(char **text, const char *to)
{
    if (*text != NULL && to != NULL && strcmp(*text, to) == 0) {
        return; /* as with every heartbeat */
    }
    mem_free(*text);
    *text = to == NULL ? NULL : mem_copy_str(to);
}

void roster_entry_set_unopened(struct roster_entry *entry, const struct wire_unopened *unopened,
                               unsigned count)
{
    const char *whys[WIRE_PROVIDERS_MAX] = {NULL};
    for (unsigned i = 0; i < count; i++) {
        whys[unopened[i].provider] = unopened[i].why;
    }
    for (unsigned provider = 0; provider < WIRE_PROVIDERS_MAX; provider++) {
        set_text(&entry->unopened[provider], whys[provider]);
    }
}

void roster_release(struct roster *roster)
{
    for (unsigned i = 0; i < roster->count; i++) {
        roster_entry_set_unopened(&roster->entries[i], NULL, 0);
    }
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
    roster_entry_set_unopened(&roster->entries[index], NULL, 0);
    roster->entries[index] = roster->entries[--roster->count];
}
