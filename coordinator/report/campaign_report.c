/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The blocks of a campaign lie in the order of its pages, so one scan reads page after page, each
 * whole. Pages that nothing happened to have no block: they are visited in between. What happened
 * to the campaign itself stands behind all pages, so that it is read twice: first for the launch,
 * from which times are counted, and at the end for the pauses.
 */
#include "coordinator/report/campaign_report.h"

#include <string.h>

#include "common/mem.h"
#include "coordinator/engine/event.h"
#include "coordinator/report/page_reader.h"
#include "coordinator/report/report_page.h"

struct walk {
    struct campaign_report *report;
    struct ledger *ledger;
    const struct report_source *source;
    const atomic_bool *is_stopped;
    struct report_page *page;
    struct page_reader reader;
    struct report_columns columns;
    struct event_list list;
    uint32_t page_count;
    uint32_t at; /* the page that is open */
    bool is_open;
    enum err err;
};

bool campaign_report_groups_by(const struct page_schema *schema, unsigned column)
{
    enum page_field field = schema->columns[column].field;
    return field == PAGE_FIELD_VARIABLE || field == PAGE_FIELD_LOCALE ||
           field == PAGE_FIELD_TIMEZONE;
}

/* ---- the campaign's own events ---- */

static struct report_pause *open_pause(struct campaign_report *report)
{
    bool is_there = report->pause_count > 0 && report->pause_count <= REPORT_PAUSES_MAX &&
                    report->pauses[report->pause_count - 1].to_ms == 0;
    return is_there ? &report->pauses[report->pause_count - 1] : NULL;
}

static void begin_pause(struct campaign_report *report, const struct event *event)
{
    if (report->pause_count++ < REPORT_PAUSES_MAX) {
        bool is_stopped = event->kind == CAMPAIGN_EVENT_STOPPED;
        report->pauses[report->pause_count - 1] =
            (struct report_pause){.from_ms = event->at_ms,
                                  .is_stopped = is_stopped,
                                  .cause = is_stopped ? event->step : 0,
                                  .count = is_stopped ? event->lease : 0,
                                  .of = is_stopped ? event->worker : 0};
    }
}

static void end_pause(struct campaign_report *report, uint64_t at_ms)
{
    struct report_pause *pause = open_pause(report);
    if (pause != NULL) {
        pause->to_ms = at_ms;
        report->paused_ms += at_ms > pause->from_ms ? at_ms - pause->from_ms : 0;
    }
}

static void take_own(struct campaign_report *report, const struct event *event)
{
    switch ((enum campaign_event)event->kind) {
    case CAMPAIGN_EVENT_LAUNCHED:
        report->launched_ms = report->launched_ms == 0 ? event->at_ms : report->launched_ms;
        return;
    case CAMPAIGN_EVENT_PAUSED:
    case CAMPAIGN_EVENT_STOPPED:
        if (open_pause(report) == NULL) {
            begin_pause(report, event);
        }
        return;
    case CAMPAIGN_EVENT_RESUMED:
        end_pause(report, event->at_ms);
        return;
    case CAMPAIGN_EVENT_CANCELLED:
    case CAMPAIGN_EVENT_SUPERSEDED:
    case CAMPAIGN_EVENT_FINISHED:
        end_pause(report, event->at_ms);
        report->ended_ms = event->at_ms;
        return;
    case CAMPAIGN_EVENT_ROUND:
        report->ended_ms = 0;
        return;
    case CAMPAIGN_EVENT_OVERRIDDEN:
    case CAMPAIGN_EVENT_SCREENED:
    case CAMPAIGN_EVENT_SCHEDULED:
    case CAMPAIGN_EVENT_EXPIRED:
    case CAMPAIGN_EVENT_CHANGED:
    case CAMPAIGN_EVENT_ROUND_WHOLE:
    case CAMPAIGN_EVENTS:
        return;
    }
}

static void take_own_block(struct walk *walk, struct slice bytes)
{
    walk->err = event_block_decode(bytes, &walk->list);
    for (unsigned i = 0; walk->err == ERR_OK && i < walk->list.count; i++) {
        take_own(walk->report, &walk->list.events[i]);
    }
}

static bool find_launch(void *arg, uint32_t page, uint64_t recno, struct slice bytes)
{
    struct walk *walk = arg;
    (void)page;
    (void)recno;
    take_own_block(walk, bytes);
    return walk->err == ERR_OK && walk->report->launched_ms == 0;
}

/* ---- pages ---- */

static void open_page(struct walk *walk, uint32_t number)
{
    struct bitmap holes;
    uint32_t left = walk->source->def.slots - number * PAGE_RECIPIENTS;
    walk->at = number;
    walk->is_open = true;
    if (atomic_load(walk->is_stopped)) {
        walk->err = ERR_CLOSED;
        return;
    }
    walk->err = ledger_holes(walk->ledger, walk->source->def.audience, number, &holes);
    report_page_begin(walk->page, left < PAGE_RECIPIENTS ? left : PAGE_RECIPIENTS, &holes);
}

static void name_lost(struct walk *walk)
{
    struct report_tally *tally = walk->report->tally;
    unsigned place = report_page_next_lost(walk->page, 0);
    while (walk->err == ERR_OK && place < PAGE_RECIPIENTS && tally->key_count < REPORT_KEYS_MAX) {
        walk->err = page_reader_seek(&walk->reader, walk->at * PAGE_RECIPIENTS + place);
        if (walk->err == ERR_OK) {
            report_tally_name(tally, page_value(&walk->reader.view, 0),
                              walk->page->states[0][place].state, walk->page->people[place].reason);
        }
        place = report_page_next_lost(walk->page, place + 1);
    }
}

static void close_page(struct walk *walk)
{
    bool is_grouped = walk->columns.locale >= 0 || walk->columns.group >= 0;
    if (!walk->is_open || walk->err != ERR_OK) {
        return;
    }
    walk->is_open = false;
    if (is_grouped) {
        walk->err = page_reader_seek(&walk->reader, walk->at * PAGE_RECIPIENTS);
    }
    if (walk->err == ERR_OK) {
        report_page_end(walk->page, walk->source->over, is_grouped ? &walk->reader.view : NULL,
                        &walk->columns);
        name_lost(walk);
    }
}

/* Whatever is before `page` and was not visited yet is closed. */
static void go_to(struct walk *walk, uint32_t page)
{
    uint32_t next = 0;
    if (walk->is_open && walk->at == page) {
        return;
    }
    if (walk->is_open) {
        close_page(walk);
        next = walk->at + 1;
    }
    for (; walk->err == ERR_OK && next < page && next < walk->page_count; next++) {
        open_page(walk, next);
        close_page(walk);
    }
    if (walk->err == ERR_OK && page < walk->page_count) {
        open_page(walk, page);
    }
}

static void take_page_block(struct walk *walk, struct slice bytes)
{
    walk->err = event_block_decode(bytes, &walk->list);
    for (unsigned i = 0; walk->err == ERR_OK && i < walk->list.count; i++) {
        walk->err = report_page_event(walk->page, &walk->list.events[i]) ? ERR_OK : ERR_CORRUPT;
    }
}

static bool take_block(void *arg, uint32_t page, uint64_t recno, struct slice bytes)
{
    struct walk *walk = arg;
    (void)recno;
    if (page == RECORD_PAGE_CAMPAIGN) {
        take_own_block(walk, bytes);
        return walk->err == ERR_OK;
    }
    if (page >= walk->page_count || (walk->is_open && page < walk->at)) {
        walk->err = ERR_CORRUPT;
        return false;
    }
    go_to(walk, page);
    if (walk->err == ERR_OK) {
        take_page_block(walk, bytes);
    }
    return walk->err == ERR_OK;
}

/* ---- all of it ---- */

static void find_columns(struct walk *walk)
{
    const struct page_schema *schema = &walk->source->audience->schema;
    walk->columns = (struct report_columns){-1, -1};
    for (unsigned c = 0; c < schema->count; c++) {
        if (schema->columns[c].field == PAGE_FIELD_LOCALE) {
            walk->columns.locale = (int)c;
        }
    }
    if (walk->source->by[0] != '\0') {
        walk->columns.group = page_schema_find(schema, slice_str(walk->source->by));
    }
}

static enum err read_pages(struct walk *walk)
{
    struct campaign_report *report = walk->report;
    enum err err = ledger_each_block_of_page(walk->ledger, walk->source->def.id,
                                             RECORD_PAGE_CAMPAIGN, find_launch, walk);
    if (err != ERR_OK || walk->err != ERR_OK) {
        return err != ERR_OK ? err : walk->err;
    }
    report_page_init(walk->page, &walk->source->def, walk->source->provider_channels,
                     report->launched_ms, report->tally);
    err = ledger_each_block(walk->ledger, walk->source->def.id, take_block, walk);
    if (err == ERR_OK && walk->err == ERR_OK) {
        go_to(walk, walk->page_count);
    }
    return err != ERR_OK ? err : walk->err;
}

enum err campaign_report_read(struct campaign_report *report, struct ledger *ledger,
                              const struct report_source *source, const atomic_bool *is_stopped)
{
    struct walk walk = {.report = report,
                        .ledger = ledger,
                        .source = source,
                        .is_stopped = is_stopped,
                        .page = mem_zalloc(1, sizeof(struct report_page)),
                        .page_count = (source->def.slots + PAGE_RECIPIENTS - 1) / PAGE_RECIPIENTS};
    *report = (struct campaign_report){.source = source};
    find_columns(&walk);
    report->tally = report_tally_new(walk.columns.locale >= 0, walk.columns.group >= 0);
    page_reader_init(&walk.reader, ledger, source->def.audience);
    event_list_init(&walk.list);
    enum err err = read_pages(&walk);
    if (err == ERR_OK && report->tally->locales != NULL) {
        report_groups_sort(report->tally->locales);
    }
    if (err == ERR_OK && report->tally->groups != NULL) {
        report_groups_sort(report->tally->groups);
    }
    event_list_release(&walk.list);
    page_reader_release(&walk.reader);
    mem_free(walk.page);
    return err;
}

void campaign_report_release(struct campaign_report *report)
{
    report_tally_free(report->tally);
    report->tally = NULL;
}
