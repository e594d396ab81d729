/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop's side of an import. The work is intake's, in one thread; it comes back here through one
 * uv_async: because there is room again, or because it is over. The inflow between them is all that
 * both sides touch.
 *
 *     new ──► feed* ──► end ──► done          abort at any time, also when all is over but not yet
 * told: └──────┴─ abort ──► done     then what was loaded is taken back
 */
#include <assert.h>
#include <stdatomic.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "coordinator/audience/audience.h"
#include "coordinator/audience/audience_intake.h"
#include "coordinator/audience/inflow.h"

struct audience_import {
    struct ledger *ledger;
    struct audience_settings settings;
    char name[AUDIENCE_NAME_MAX + 1];
    char *temp_dir;
    struct audience_mapping *mappings;
    audience_room_fn room;
    audience_done_fn done;
    void *arg;
    uv_async_t async;
    uv_thread_t thread;
    struct inflow *inflow;
    struct audience_intake *intake;
    uint64_t bytes;
    bool is_aborted;
    /* The thread's, until is_over. */
    struct audience_info info;
    struct problem problem;
    atomic_bool has_room;
    atomic_bool is_over;
};

/* The thread's side */

static void on_room(void *arg)
{
    struct audience_import *import = arg;
    atomic_store(&import->has_room, true);
    uv_async_send(&import->async);
}

static void run(void *arg)
{
    struct audience_import *import = arg;
    if (audience_intake_run(import->intake, &import->info, &import->problem) == ERR_OK) {
        import->info.created_ms = clock_unix_ms();
    }
    inflow_stop(import->inflow);
    atomic_store(&import->is_over, true);
    uv_async_send(&import->async);
}

/* The loop's side */

static void on_closed(uv_handle_t *handle)
{
    struct audience_import *import = handle->data;
    audience_intake_free(import->intake);
    inflow_free(import->inflow);
    mem_free(import->mappings);
    mem_free(import->temp_dir);
    mem_free(import);
}

/* Aborted too late: the bulk load is finished. Nobody knows the audience, so this is only to get
 * the room back. */
static void take_back(struct audience_import *import)
{
    enum err err = ledger_remove_audience(import->ledger, import->info.id);
    if (err != ERR_OK) {
        LOG_W("audience", "leftover", "audience=%llu error=%s", (unsigned long long)import->info.id,
              err_name(err));
    }
    problem_set(&import->problem, ERR_CLOSED, "the upload broke off; nothing of it was kept");
}

static void finish(struct audience_import *import)
{
    uv_thread_join(&import->thread);
    if (import->is_aborted && import->problem.err == ERR_OK) {
        take_back(import);
    }
    bool is_good = import->problem.err == ERR_OK;
    import->done(import->arg, is_good ? &import->info : NULL, is_good ? NULL : &import->problem);
    uv_close((uv_handle_t *)&import->async, on_closed);
}

static void on_async(uv_async_t *async)
{
    struct audience_import *import = async->data;
    bool is_over = atomic_load(&import->is_over);
    if (atomic_exchange(&import->has_room, false) && !is_over && !import->is_aborted) {
        import->room(import->arg);
    }
    if (is_over) {
        finish(import);
    }
}

static void copy_settings(struct audience_import *import, const struct audience_settings *settings)
{
    import->settings = *settings;
    strncpy(import->name, settings->name, AUDIENCE_NAME_MAX);
    import->settings.name = import->name;
    import->temp_dir = mem_copy_str(settings->temp_dir);
    import->settings.temp_dir = import->temp_dir;
    if (settings->mapping_count > 0) {
        import->mappings =
            mem_copy(settings->mappings, settings->mapping_count * sizeof(*settings->mappings));
    }
    import->settings.mappings = import->mappings;
}

struct audience_import *audience_import_new(struct ledger *ledger, uv_loop_t *loop,
                                            const struct audience_settings *settings,
                                            audience_room_fn room, audience_done_fn done, void *arg)
{
    struct audience_import *import = mem_zalloc(1, sizeof(*import));
    import->ledger = ledger;
    import->room = room;
    import->done = done;
    import->arg = arg;
    copy_settings(import, settings);
    import->inflow = inflow_new(on_room, import);
    import->intake = audience_intake_new(ledger, &import->settings, import->inflow);
    int failed = uv_async_init(loop, &import->async, on_async);
    import->async.data = import;
    failed |= uv_thread_create(&import->thread, run, import);
    assert(failed == 0);
    return import;
}

bool audience_import_feed(struct audience_import *import, struct slice bytes)
{
    import->bytes += bytes.len;
    return inflow_push(import->inflow, bytes);
}

void audience_import_end(struct audience_import *import)
{
    inflow_end(import->inflow);
}

void audience_import_abort(struct audience_import *import)
{
    import->is_aborted = true;
    inflow_stop(import->inflow);
}

void audience_import_progress(struct audience_import *import, struct audience_progress *progress)
{
    progress->bytes = import->bytes;
    audience_intake_progress(import->intake, progress);
}
