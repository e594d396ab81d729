/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/content/plan_registry.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/mem.h"
#include "common/text.h"
#include "common/yaml_json.h"

#define TOLD_MAX 8 /* names in a complaint */

struct entry {
    char name[PLAN_NAME_MAX + 1];
    uint64_t modified_ms;
    json_t *plan;
};

struct plan_registry {
    unsigned count;
    struct entry *entries[PLAN_REGISTRY_MAX]; /* by name */
};

struct load {
    struct plan_registry *registry;
    struct problem *problem;
    enum err err;
};

static int compare(struct slice a, struct slice b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter == 0 ? 0 : memcmp(a.data, b.data, shorter);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* The first with a name of `name` or behind it. */
static unsigned position(const struct plan_registry *registry, struct slice name)
{
    unsigned low = 0;
    unsigned high = registry->count;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (compare(slice_str(registry->entries[middle]->name), name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool is_at(const struct plan_registry *registry, unsigned at, const char *name)
{
    return at < registry->count && strcmp(registry->entries[at]->name, name) == 0;
}

static void entry_free(struct entry *entry)
{
    json_decref(entry->plan);
    mem_free(entry);
}

/* There is room. */
static struct entry *insert(struct plan_registry *registry, unsigned at, const char *name)
{
    struct entry *entry = mem_zalloc(1, sizeof(*entry));
    assert(registry->count < PLAN_REGISTRY_MAX && strlen(name) <= PLAN_NAME_MAX);
    memcpy(entry->name, name, strlen(name) + 1);
    memmove(&registry->entries[at + 1], &registry->entries[at],
            (registry->count - at) * sizeof(registry->entries[0]));
    registry->entries[at] = entry;
    registry->count++;
    return entry;
}

static struct named_plan view_of(const struct entry *entry)
{
    return (struct named_plan){entry->name, entry->modified_ms, entry->plan};
}

/* ---- catalogue ---- */

static void encode(const struct entry *entry, struct buf *buf)
{
    json_t *json = json_pack("{s:i, s:s, s:I, s:O}", "version", PLAN_REGISTRY_VERSION, "name",
                             entry->name, "modified_ms", (json_int_t)entry->modified_ms, "steps",
                             json_object_get(entry->plan, "steps"));
    char *text = json_dumps(json, JSON_COMPACT);
    buf_str(buf, text);
    free(text);
    json_decref(json);
}

static enum err decode(struct plan_registry *registry, struct slice id, json_t *json)
{
    json_t *steps = json_object_get(json, "steps");
    json_t *modified = json_object_get(json, "modified_ms");
    const char *name = json_string_value(json_object_get(json, "name"));
    json_int_t version = json_integer_value(json_object_get(json, "version"));
    if (version > PLAN_REGISTRY_VERSION) {
        return ERR_NEWER_VERSION;
    }
    if (version != PLAN_REGISTRY_VERSION || name == NULL || !slice_equal(slice_str(name), id) ||
        !text_is_name(id, PLAN_NAME_MAX) || json_array_size(steps) == 0 ||
        !json_is_integer(modified) || json_integer_value(modified) < 0) {
        return ERR_CORRUPT;
    }
    if (registry->count == PLAN_REGISTRY_MAX) {
        return ERR_LIMIT;
    }
    struct entry *entry = insert(registry, position(registry, id), name);
    entry->modified_ms = (uint64_t)json_integer_value(modified);
    entry->plan = json_pack("{s:O}", "steps", steps);
    return ERR_OK;
}

static bool load_entry(void *arg, struct slice id, struct slice value)
{
    struct load *load = arg;
    struct document_problem flaw;
    json_t *json = NULL;
    load->err = document_parse(value, &json, &flaw) == ERR_OK ? decode(load->registry, id, json)
                                                              : ERR_CORRUPT;
    json_decref(json);
    if (load->err != ERR_OK) {
        (void)problem_set(load->problem, load->err,
                          "the catalogue's plan \"%.*s\" cannot be used: %s",
                          id.len > PLAN_NAME_MAX ? PLAN_NAME_MAX : (int)id.len,
                          (const char *)id.data, err_sentence(load->err));
    }
    return load->err == ERR_OK;
}

/* ---- the registry ---- */

struct plan_registry *plan_registry_new(void)
{
    return mem_zalloc(1, sizeof(struct plan_registry));
}

void plan_registry_free(struct plan_registry *registry)
{
    if (registry == NULL) {
        return;
    }
    for (unsigned i = 0; i < registry->count; i++) {
        entry_free(registry->entries[i]);
    }
    mem_free(registry);
}

enum err plan_registry_load(struct plan_registry *registry, struct ledger *ledger,
                            struct problem *problem)
{
    struct load load = {registry, problem, ERR_OK};
    enum err err = ledger_each_entry(ledger, CATALOGUE_PLAN, load_entry, &load);
    if (err != ERR_OK) {
        return problem_set(problem, err, "the catalogue's plans cannot be read: %s",
                           err_sentence(err));
    }
    return load.err;
}

enum err plan_registry_check_name(const char *name, struct problem *problem)
{
    enum channel_kind channel;
    if (!text_is_name(slice_str(name), PLAN_NAME_MAX) || name[0] == '.' || name[0] == '-') {
        return problem_set(problem, ERR_INVALID,
                           "\"%.80s\" cannot be a plan's name: 1 to %d letters, digits, \"_\", "
                           "\".\" and \"-\", the first a letter, a digit or \"_\"",
                           name, PLAN_NAME_MAX);
    }
    if (channel_kind_parse(slice_str(name), &channel)) {
        return problem_set(problem, ERR_INVALID,
                           "\"%s\" cannot be a plan's name: it is a channel's, and \"--plan %s\" "
                           "is the plan of that one step",
                           name, name);
    }
    if (yaml_json_is_document(name)) {
        return problem_set(problem, ERR_INVALID,
                           "\"%s\" cannot be a plan's name: on a command line it is a file; leave "
                           "the ending off",
                           name);
    }
    return ERR_OK;
}

enum err plan_registry_read(json_t **plan, json_t *json, const char *name,
                            const struct plan_source *around, struct document_problem *problem)
{
    const struct plan_source source = {
        .plan = json,
        .is_named = true,
        .providers = around->providers,
        .provider_count = around->provider_count,
        .groups = around->groups,
        .group_count = around->group_count,
    };
    struct plan ladder = {0};
    struct document_reader reader;
    json_t *own = json_object_get(json, "name");
    document_reader_init(&reader, problem, NULL);
    enum err err = plan_document_read(&reader, &source, &ladder, plan);
    if (err == ERR_OK && own != NULL && !json_is_null(own) &&
        (!json_is_string(own) || strcmp(json_string_value(own), name) != 0)) {
        (void)document_enter(&reader, "name");
        err = document_refuse(&reader, ERR_INVALID,
                              "is another than that of the address, \"%s\"; leave it out", name);
    }
    if (err != ERR_OK) {
        json_decref(*plan);
        *plan = NULL;
    }
    return err;
}

enum err plan_registry_put(struct plan_registry *registry, const char *name, json_t *take_plan,
                           uint64_t now_ms, struct record *record)
{
    unsigned at = position(registry, slice_str(name));
    bool is_there = is_at(registry, at, name);
    if (!is_there && registry->count == PLAN_REGISTRY_MAX) {
        json_decref(take_plan);
        return ERR_LIMIT;
    }
    struct entry *entry = is_there ? registry->entries[at] : insert(registry, at, name);
    struct buf key = {0};
    struct buf value = {0};
    json_decref(entry->plan);
    entry->plan = take_plan;
    entry->modified_ms = now_ms;
    ledger_catalogue_key(&key, CATALOGUE_PLAN, slice_str(name));
    encode(entry, &value);
    record_put(record, buf_view(&key), buf_view(&value));
    buf_release(&key);
    buf_release(&value);
    return ERR_OK;
}

bool plan_registry_remove(struct plan_registry *registry, const char *name, struct record *record)
{
    unsigned at = position(registry, slice_str(name));
    struct buf key = {0};
    if (!is_at(registry, at, name)) {
        return false;
    }
    ledger_catalogue_key(&key, CATALOGUE_PLAN, slice_str(name));
    record_remove(record, buf_view(&key));
    buf_release(&key);
    entry_free(registry->entries[at]);
    registry->count--;
    memmove(&registry->entries[at], &registry->entries[at + 1],
            (registry->count - at) * sizeof(registry->entries[0]));
    return true;
}

bool plan_registry_find(const struct plan_registry *registry, const char *name,
                        struct named_plan *plan)
{
    unsigned at = position(registry, slice_str(name));
    bool is_there = is_at(registry, at, name);
    if (is_there) {
        *plan = view_of(registry->entries[at]);
    }
    return is_there;
}

bool plan_registry_from(const struct plan_registry *registry, struct slice from,
                        struct named_plan *plan)
{
    unsigned at = position(registry, from);
    if (at < registry->count) {
        *plan = view_of(registry->entries[at]);
    }
    return at < registry->count;
}

void plan_registry_tell_missing(const struct plan_registry *registry, const char *name,
                                struct buf *text)
{
    const char *known[PLAN_REGISTRY_MAX + 1] = {NULL};
    unsigned count = registry == NULL ? 0 : registry->count;
    for (unsigned i = 0; i < count; i++) {
        known[i] = registry->entries[i]->name;
    }
    const char *nearest = text_nearest(name, known);
    buf_printf(text, "there is no plan \"%.*s\"", PLAN_NAME_MAX, name);
    if (nearest != NULL) {
        buf_printf(text, "; did you mean \"%s\"?", nearest);
    } else if (count == 0) {
        buf_str(text, ", nor any other");
    } else {
        for (unsigned i = 0; i < count && i < TOLD_MAX; i++) {
            buf_printf(text, "%s%s", i == 0 ? "; there are: " : ", ", known[i]);
        }
        buf_str(text, count > TOLD_MAX ? " and more" : "");
    }
}
