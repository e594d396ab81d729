/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/audit_expiry.h"

#include <uv.h>

#include "common/log.h"
#include "common/mem.h"
#include "coordinator/api/api_state.h"
#include "coordinator/content/audit_log.h"

#define LOOKED_AT_MAX 4096 /* by the thread, at a time */

struct audit_expiry {
    struct api *api;
    uv_work_t work;
    bool is_reading;
    uint64_t keep_from; /* entries with smaller numbers were kept long enough */
    uint64_t look_ms;   /* no earlier is anything looked at again */
    /* The thread's, while it reads: */
    uint64_t oldest;
    uint64_t before_ms;
    uint64_t found;
    enum err err;
};

static void look(uv_work_t *work)
{
    struct audit_expiry *expiry = work->data;
    expiry->err = audit_log_find_kept(expiry->api->context.ledger, expiry->oldest, LOOKED_AT_MAX,
                                      expiry->before_ms, &expiry->found);
}

static void on_looked(uv_work_t *work, int status)
{
    struct audit_expiry *expiry = work->data;
    const uint64_t now_ms = api_now_ms(expiry->api);
    expiry->is_reading = false;
    if (expiry->err != ERR_OK) {
        LOG_E("api", "audit_unreadable", "err=%s", err_name(expiry->err));
    }
    if (status == 0 && expiry->err == ERR_OK && expiry->found > expiry->oldest) {
        expiry->keep_from = expiry->found;
    } else {
        expiry->look_ms = now_ms + AUDIT_EXPIRY_REST_MS;
    }
}

static void start(struct audit_expiry *expiry, uint64_t oldest, uint64_t before_ms)
{
    expiry->is_reading = true;
    expiry->oldest = oldest;
    expiry->before_ms = before_ms;
    expiry->found = 0;
    expiry->work.data = expiry;
    if (uv_queue_work(expiry->api->context.loop, &expiry->work, look, on_looked) != 0) {
        expiry->is_reading = false;
    }
}

void audit_expiry_sweep(struct audit_expiry *expiry)
{
    struct audit_log *log = expiry->api->audit;
    const uint64_t now_ms = api_now_ms(expiry->api);
    const uint64_t kept_ms = expiry->api->context.audit_kept_ms;
    if (audit_log_drop(log, expiry->keep_from, AUDIT_EXPIRY_AT_ONCE,
                       turn_record(expiry->api->context.turn)) > 0) {
        return;
    }
    bool is_due = now_ms > kept_ms &&
                  (now_ms >= expiry->look_ms || expiry->look_ms > now_ms + AUDIT_EXPIRY_REST_MS);
    if (is_due && !expiry->is_reading && audit_log_count(log) > 1) {
        start(expiry, audit_log_oldest(log), now_ms - kept_ms);
    }
}

bool audit_expiry_is_reading(const struct audit_expiry *expiry)
{
    return expiry != NULL && expiry->is_reading;
}

struct audit_expiry *audit_expiry_new(struct api *api)
{
    struct audit_expiry *expiry = mem_zalloc(1, sizeof(*expiry));
    expiry->api = api;
    return expiry;
}

void audit_expiry_free(struct audit_expiry *expiry)
{
    mem_free(expiry);
}
