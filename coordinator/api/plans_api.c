/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plans that have a name. They are kept in memory and in the catalogue; what is changed is answered
 * when it is durable.
 */
#include "common/log.h"
#include "coordinator/api/body_document.h"
#include "coordinator/api/exchange.h"
#include "coordinator/api/key_page.h"
#include "coordinator/api/resources.h"

static json_t *plan_json(const struct named_plan *plan)
{
    return json_pack("{s:s, s:o, s:O}", "name", plan->name, "modified_at",
                     exchange_time(plan->modified_ms), "steps",
                     json_object_get(plan->plan, "steps"));
}

void plans_list(struct exchange *exchange)
{
    const struct plan_registry *registry = exchange->api->context.plans;
    struct key_page page = {.list = CURSOR_PLANS};
    struct named_plan plan;
    if (!key_page_read(exchange, 1, PLAN_NAME_MAX, &page)) {
        return;
    }
    json_t *items = json_array();
    char last[PLAN_NAME_MAX + 1]; /* with its zero: the next name behind it */
    bool more = plan_registry_from(registry, page.from, &plan);
    while (more && json_array_size(items) < page.limit) {
        size_t bytes = strlen(plan.name) + 1;
        json_array_append_new(items, plan_json(&plan));
        memcpy(last, plan.name, bytes);
        more = plan_registry_from(registry, slice_of(last, bytes), &plan);
    }
    struct slice next = more ? slice_str(plan.name) : slice_of(NULL, 0);
    exchange_view(exchange, key_page_list(&page, items, next));
}

/* False: the request was answered. */
static bool find_plan(struct exchange *exchange, struct named_plan *plan)
{
    const struct plan_registry *registry = exchange->api->context.plans;
    if (plan_registry_find(registry, exchange->parts[0], plan)) {
        return true;
    }
    struct buf text = {0};
    plan_registry_tell_missing(registry, exchange->parts[0], &text);
    exchange_problem(exchange, &(struct problem_reply){.status = 404, .detail = buf_cstr(&text)});
    buf_release(&text);
    return false;
}

void plans_get(struct exchange *exchange)
{
    struct named_plan plan;
    if (find_plan(exchange, &plan)) {
        exchange_view(exchange, plan_json(&plan));
    }
}

/* NULL: the request was answered. */
static json_t *read_plan(struct exchange *exchange, const char *name)
{
    const struct campaign_surroundings *around = &exchange->api->surroundings;
    const struct plan_source source = {.providers = around->providers,
                                       .provider_count = around->provider_count,
                                       .groups = around->groups,
                                       .group_count = around->group_count};
    struct document_problem problem;
    json_t *json = NULL;
    json_t *plan = NULL;
    enum err err = body_document_read(exchange, &json, &problem);
    if (err == ERR_OK) {
        err = plan_registry_read(&plan, json, name, &source, &problem);
    }
    json_decref(json);
    if (err != ERR_OK) {
        exchange_refuse_document(exchange, &problem);
    }
    return plan;
}

void plans_put(struct exchange *exchange)
{
    const struct api_context *context = &exchange->api->context;
    const char *name = exchange->parts[0];
    struct problem problem;
    struct named_plan plan;
    if (plan_registry_check_name(name, &problem) != ERR_OK) {
        exchange_refuse(exchange, 422, &problem);
        return;
    }
    json_t *json = read_plan(exchange, name);
    if (json == NULL) {
        return;
    }
    bool was_there = plan_registry_find(context->plans, name, &plan);
    if (plan_registry_put(context->plans, name, json, api_now_ms(exchange->api),
                          turn_record(context->turn)) != ERR_OK) {
        problem_set(&problem, ERR_LIMIT, "there are %d plans, which is the most; delete one first",
                    PLAN_REGISTRY_MAX);
        exchange_refuse(exchange, 422, &problem);
        return;
    }
    LOG_I("api", "plan_stored", "plan=%s is_new=%d", name, !was_there);
    if (plan_registry_find(context->plans, name, &plan)) {
        exchange_commit(exchange, was_there ? 200 : 201, NULL, plan_json(&plan), NULL, NULL);
    }
}

void plans_delete(struct exchange *exchange)
{
    const struct api_context *context = &exchange->api->context;
    struct named_plan plan;
    if (!find_plan(exchange, &plan)) {
        return;
    }
    json_t *json = plan_json(&plan);
    (void)plan_registry_remove(context->plans, exchange->parts[0], turn_record(context->turn));
    LOG_I("api", "plan_deleted", "plan=%s", exchange->parts[0]);
    exchange_commit(exchange, 200, NULL, json, NULL, NULL);
}
