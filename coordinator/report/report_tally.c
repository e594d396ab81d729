/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/report/report_tally.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "common/mem.h"

struct entry {
    struct report_group group;
    UT_hash_handle hh;
};

struct report_groups {
    struct entry *entries; /* a hash, in the order of arrival until it is sorted */
    struct entry *last;    /* neighbours are mostly in one group */
    unsigned count;
    struct report_group others;
    const struct report_group **sorted;
};

struct report_tally *report_tally_new(bool has_locales, bool has_groups)
{
    struct report_tally *tally = mem_zalloc(1, sizeof(*tally));
    rate_bins_init(&tally->accepted_bins);
    tally->locales = has_locales ? mem_zalloc(1, sizeof(*tally->locales)) : NULL;
    tally->groups = has_groups ? mem_zalloc(1, sizeof(*tally->groups)) : NULL;
    return tally;
}

static void groups_free(struct report_groups *groups)
{
    struct entry *entry;
    struct entry *next;
    if (groups == NULL) {
        return;
    }
    HASH_ITER(hh, groups->entries, entry, next)
    {
        HASH_DEL(groups->entries, entry);
        mem_free(entry->group.name);
        mem_free(entry);
    }
    mem_free(groups->sorted);
    mem_free(groups);
}

void report_tally_free(struct report_tally *tally)
{
    if (tally == NULL) {
        return;
    }
    for (unsigned i = 0; i < tally->key_count; i++) {
        mem_free(tally->keys[i].key);
    }
    groups_free(tally->locales);
    groups_free(tally->groups);
    mem_free(tally);
}

static char *copy_slice(struct slice value)
{
    char *copy = mem_alloc(value.len + 1);
    memcpy(copy, value.len == 0 ? (const uint8_t *)"" : value.data, value.len);
    copy[value.len] = '\0';
    return copy;
}

struct report_group *report_groups_take(struct report_groups *groups, struct slice value)
{
    struct entry *entry = groups->last;
    const void *bytes = value.len == 0 ? "" : (const void *)value.data;
    if (entry != NULL && strlen(entry->group.name) == value.len &&
        memcmp(entry->group.name, bytes, value.len) == 0) {
        return &entry->group;
    }
    HASH_FIND(hh, groups->entries, bytes, value.len, entry);
    if (entry == NULL && groups->count == REPORT_GROUPS_MAX) {
        return &groups->others;
    }
    if (entry == NULL) {
        entry = mem_zalloc(1, sizeof(*entry));
        entry->group.name = copy_slice(value);
        groups->count++;
        HASH_ADD_KEYPTR(hh, groups->entries, entry->group.name, value.len, entry);
    }
    groups->last = entry;
    return &entry->group;
}

static int compare(const void *a, const void *b)
{
    const struct report_group *left = *(const struct report_group *const *)a;
    const struct report_group *right = *(const struct report_group *const *)b;
    if (left->people != right->people) {
        return left->people < right->people ? 1 : -1;
    }
    return strcmp(left->name, right->name);
}

void report_groups_sort(struct report_groups *groups)
{
    struct entry *entry;
    struct entry *next;
    unsigned i = 0;
    mem_free(groups->sorted);
    groups->sorted = mem_zalloc(groups->count + 1, sizeof(struct report_group *));
    HASH_ITER(hh, groups->entries, entry, next)
    {
        groups->sorted[i++] = &entry->group;
    }
    qsort(groups->sorted, groups->count, sizeof(struct report_group *), compare);
}

const struct report_group *report_groups_at(const struct report_groups *groups, unsigned index)
{
    assert(groups->sorted != NULL);
    return index < groups->count ? groups->sorted[index] : NULL;
}

const struct report_group *report_groups_others(const struct report_groups *groups)
{
    return groups->others.people == 0 ? NULL : &groups->others;
}

void report_tally_name(struct report_tally *tally, struct slice key, uint8_t state, uint16_t reason)
{
    assert(tally->key_count < REPORT_KEYS_MAX);
    tally->keys[tally->key_count++] =
        (struct report_key){.key = copy_slice(key), .state = state, .reason = reason};
}
