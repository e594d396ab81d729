/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/ended_pages.h"

#include "common/mem.h"

#define KEPT_MAX  64U
#define BYTES_MAX (64U * 1024)

struct ended_page {
    struct ended_page_key key;
    char *text; /* NULL: the place is free */
    size_t len;
    uint64_t used;
};

struct ended_pages {
    uint64_t uses;
    struct ended_page kept[KEPT_MAX];
};

struct ended_pages *ended_pages_new(void)
{
    return mem_zalloc(1, sizeof(struct ended_pages));
}

void ended_pages_free(struct ended_pages *pages)
{
    for (unsigned i = 0; pages != NULL && i < KEPT_MAX; i++) {
        mem_free(pages->kept[i].text);
    }
    mem_free(pages);
}

static bool is_same(const struct ended_page_key *a, const struct ended_page_key *b)
{
    return a->campaign == b->campaign && a->rest == b->rest && a->states == b->states &&
           a->limit == b->limit && a->from == b->from;
}

struct slice ended_pages_find(struct ended_pages *pages, const struct ended_page_key *key)
{
    for (unsigned i = 0; i < KEPT_MAX; i++) {
        struct ended_page *page = &pages->kept[i];
        if (page->text != NULL && is_same(&page->key, key)) {
            page->used = ++pages->uses;
            return slice_of(page->text, page->len);
        }
    }
    return slice_of(NULL, 0);
}

void ended_pages_keep(struct ended_pages *pages, const struct ended_page_key *key,
                      struct slice text)
{
    struct ended_page *oldest = &pages->kept[0];
    if (text.len > BYTES_MAX || ended_pages_find(pages, key).len > 0) {
        return;
    }
    for (unsigned i = 1; i < KEPT_MAX; i++) {
        oldest = pages->kept[i].used < oldest->used ? &pages->kept[i] : oldest;
    }
    mem_free(oldest->text);
    *oldest = (struct ended_page){*key, mem_copy(text.data, text.len), text.len, ++pages->uses};
}
