/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/catalog.h"

#include <assert.h>
#include <string.h>

#include "common/mem.h"

/* What uthash's macros hide would count as the complexity of these functions. */
/* NOLINTBEGIN(readability-function-cognitive-complexity, readability-function-size) */

static struct catalog_entry *entry_find(const struct catalog *catalog, uint64_t campaign)
{
    struct catalog_entry *entry = NULL;
    HASH_FIND(hh, catalog->entries, &campaign, sizeof(campaign), entry);
    return entry;
}

static void entry_add(struct catalog *catalog, struct catalog_entry *entry)
{
    HASH_ADD(hh, catalog->entries, campaign, sizeof(entry->campaign), entry);
}

static void entry_unlink(struct catalog *catalog, struct catalog_entry *entry)
{
    HASH_DEL(catalog->entries, entry);
}

/* NOLINTEND(readability-function-cognitive-complexity, readability-function-size) */

static void catalog_remove(struct catalog *catalog, struct catalog_entry *entry)
{
    catalog->wanted -= entry->state == CATALOG_WANTED;
    entry_unlink(catalog, entry);
    render_free(entry->render);
    mem_free(entry);
}

void catalog_release(struct catalog *catalog)
{
    while (catalog->entries != NULL) {
        catalog_remove(catalog, catalog->entries);
    }
}

/* Makes room by forgetting the oldest entries that nobody uses. */
static void catalog_trim(struct catalog *catalog)
{
    struct catalog_entry *entry = catalog->entries;
    while (entry != NULL && HASH_COUNT(catalog->entries) >= CATALOG_UNUSED_MAX) {
        struct catalog_entry *next = entry->hh.next;
        if (entry->users == 0) {
            catalog_remove(catalog, entry);
        }
        entry = next;
    }
}

struct catalog_entry *catalog_use(struct catalog *catalog, uint64_t campaign)
{
    struct catalog_entry *entry = entry_find(catalog, campaign);
    if (entry == NULL) {
        catalog_trim(catalog);
        entry = mem_zalloc(1, sizeof(*entry));
        entry->campaign = campaign;
        catalog->wanted++;
        entry_add(catalog, entry);
    }
    entry->users++;
    return entry;
}

void catalog_unuse(struct catalog *catalog, struct catalog_entry *entry)
{
    assert(entry->users > 0);
    entry->users--;
    if (entry->users == 0 && entry->state == CATALOG_WANTED) { /* nobody waits for it any more */
        catalog_remove(catalog, entry);
    }
}

struct catalog_entry *catalog_take(struct catalog *catalog, const struct wire_content *content,
                                   struct problem *problem)
{
    struct catalog_entry *entry = entry_find(catalog, content->campaign);
    if (entry == NULL || entry->state != CATALOG_WANTED) {
        return NULL;
    }
    enum err err = render_new(&entry->render, content, problem);
    entry->state = err == ERR_OK ? CATALOG_READY : CATALOG_FAILED;
    memcpy(entry->token_key, content->token_key, HASH_KEY_BYTES);
    entry->trace = content->trace;
    catalog->wanted--;
    return entry;
}

struct catalog_entry *catalog_next_wanted(struct catalog *catalog, uint64_t now_ms)
{
    if (catalog->wanted == 0) {
        return NULL;
    }
    for (struct catalog_entry *entry = catalog->entries; entry != NULL; entry = entry->hh.next) {
        if (entry->state == CATALOG_WANTED &&
            (entry->asked_ms == 0 || now_ms >= entry->asked_ms + CATALOG_ASK_AGAIN_MS)) {
            return entry;
        }
    }
    return NULL;
}

void catalog_ask_again(struct catalog *catalog)
{
    for (struct catalog_entry *entry = catalog->entries; entry != NULL; entry = entry->hh.next) {
        entry->asked_ms = 0;
    }
}

void catalog_clear(struct catalog *catalog)
{
    for (const struct catalog_entry *e = catalog->entries; e != NULL; e = e->hh.next) {
        assert(e->users == 0);
    }
    catalog_release(catalog);
}
