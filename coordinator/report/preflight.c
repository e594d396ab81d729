/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For each recipient a few sets of bits are made, and counted: which of the 64 possible columns
 * have a value, and on which channels something is there, is not barred, and is complete. A step
 * looks only at the bit of its channel. Numbers of variables are those of the columns, as in the
 * worker; our own stand behind the last possible one and are never empty.
 */
#include "coordinator/report/preflight.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/locale.h"
#include "common/mem.h"
#include "common/template.h"
#include "coordinator/content/channel_column.h"
#include "proto/token.h"

#define LATER_CHARS 60 /* a house variable of which nothing is known here: a link, most likely */

enum house_variable {
    HOUSE_TOKEN = PAGE_COLUMNS_MAX,
    HOUSE_CAMPAIGN,
    HOUSE_REPLY_CODE,
    HOUSE_LATER
};

struct body {
    enum channel_kind channel;
    char locale[LOCALE_NAME_MAX + 1]; /* normalised */
    char *shown;                      /* as it was written */
    uint64_t columns;                 /* that its templates use */
    struct template *sms;             /* its text, on sms */
    bool has_later;
    uint64_t missing[PAGE_COLUMNS_MAX];
};

struct channel {
    bool is_used;
    uint64_t columns[CHANNEL_COLUMNS_MAX]; /* the bit of each rank's column */
    unsigned ranks;
    const char *locales[WIRE_BODIES_MAX];
    struct body *bodies[WIRE_BODIES_MAX];
    unsigned body_count;
};

struct preflight {
    struct page_schema schema;
    struct plan plan;
    char *campaign;
    unsigned reply_chars;     /* of a reply code */
    int locale_column;        /* or -1 */
    struct zone_clock *clock; /* NULL: zones are not counted */
    int zone_column;          /* or -1 */
    struct preflight_zone *zones;
    struct channel channels[CHANNEL_KINDS];
    struct body bodies[WIRE_BODIES_MAX];
    unsigned body_count;
    uint32_t slots;
    struct bitmap *unreachable; /* by page */
    struct preflight_counts counts;
    struct sms_rule sms_rule;
    struct buf text;
    struct buf plain; /* the same, transliterated */
};

/* ---- What is counted ---- */

/* In the order of enum house_variable; what the links become is known by the workers alone. No
 * column shadows them. */
static int resolve(void *arg, struct slice name)
{
    static const char *const house[] = {"token", "campaign", "reply_code"};
    const struct preflight *preflight = arg;
    for (int i = 0; i < HOUSE_LATER - HOUSE_TOKEN; i++) {
        if (slice_is(name, house[i])) {
            return HOUSE_TOKEN + i;
        }
    }
    int column = page_schema_find(&preflight->schema, name);
    bool is_link = slice_is(name, "ack_url") || slice_is(name, "unsubscribe_url");
    return column < 0 || is_link ? HOUSE_LATER : column;
}

static void use(void *arg, int number)
{
    struct body *body = arg;
    if (number < PAGE_COLUMNS_MAX) {
        body->columns |= UINT64_C(1) << number;
    } else if (number == HOUSE_LATER) {
        body->has_later = true;
    }
}

/* A template is kept if `keep` is given. */
static enum err add_part(struct preflight *preflight, struct body *body, const char *source,
                         struct template **keep, struct problem *problem)
{
    struct template *template = NULL;
    if (source == NULL || source[0] == '\0') {
        return ERR_OK;
    }
    enum err err =
        template_new(&template, slice_str(source), TEMPLATE_RAW, resolve, preflight, problem);
    if (err != ERR_OK) {
        return err;
    }
    template_numbers(template, use, body);
    if (keep != NULL) {
        *keep = template;
    } else {
        template_free(template);
    }
    return ERR_OK;
}

static enum err add_body(struct preflight *preflight, const struct wire_body *source,
                         struct problem *problem)
{
    struct channel *channel = &preflight->channels[source->channel];
    if (!channel->is_used) {
        return ERR_OK; /* no step sends it */
    }
    assert(preflight->body_count < WIRE_BODIES_MAX);
    struct body *body = &preflight->bodies[preflight->body_count++];
    body->channel = source->channel;
    body->shown = mem_copy_str(source->locale);
    if (!locale_normalize(slice_str(source->locale), body->locale)) {
        return problem_set(problem, ERR_LIMIT, "the locale \"%.80s\" is too long", source->locale);
    }
    channel->locales[channel->body_count] = body->locale;
    channel->bodies[channel->body_count++] = body;
    bool is_sms = source->channel == CHANNEL_SMS;
    enum err err = add_part(preflight, body, source->subject, NULL, problem);
    if (err == ERR_OK) {
        err = add_part(preflight, body, source->text, is_sms ? &body->sms : NULL, problem);
    }
    return err == ERR_OK ? add_part(preflight, body, source->html, NULL, problem) : err;
}

static void add_channels(struct preflight *preflight)
{
    for (unsigned s = 0; s < preflight->plan.step_count; s++) {
        enum channel_kind kind = preflight->plan.steps[s].channel;
        if (plan_is_left_out(&preflight->plan, s)) {
            continue;
        }
        struct channel *channel = &preflight->channels[kind];
        channel->is_used = true;
        channel->ranks = channel_column_count(kind, &preflight->schema);
        for (unsigned rank = 0; rank < channel->ranks; rank++) {
            int column = page_schema_endpoint(&preflight->schema, channel_kind_field(kind), rank);
            channel->columns[rank] = UINT64_C(1) << column;
        }
    }
}

enum err preflight_new(struct preflight **out, const struct wire_content *content,
                       const struct plan *plan, uint32_t slots, struct zone_clock *clock,
                       struct problem *problem)
{
    struct preflight *preflight = mem_zalloc(1, sizeof(*preflight));
    uint32_t pages = slots / PAGE_RECIPIENTS + 1;
    preflight->schema = content->schema;
    preflight->plan = *plan;
    preflight->campaign = mem_copy_str(content->name == NULL ? "" : content->name);
    preflight->reply_chars = content->reply_range.chars;
    preflight->slots = slots;
    preflight->unreachable = mem_zalloc(pages, sizeof(*preflight->unreachable));
    preflight->counts.step_count = plan->step_count;
    preflight->locale_column = -1;
    for (unsigned c = 0; c < content->schema.count; c++) {
        if (content->schema.columns[c].field == PAGE_FIELD_LOCALE) {
            preflight->locale_column = (int)c;
        }
    }
    preflight->clock = clock;
    preflight->zone_column = page_schema_endpoint(&content->schema, PAGE_FIELD_TIMEZONE, 0);
    add_channels(preflight);
    enum err err = ERR_OK;
    for (unsigned i = 0; i < content->body_count && err == ERR_OK; i++) {
        err = add_body(preflight, &content->bodies[i], problem);
    }
    if (err != ERR_OK) {
        preflight_free(preflight);
        preflight = NULL;
    }
    *out = preflight;
    return err;
}

void preflight_free(struct preflight *preflight)
{
    if (preflight == NULL) {
        return;
    }
    for (unsigned i = 0; i < preflight->body_count; i++) {
        mem_free(preflight->bodies[i].shown);
        template_free(preflight->bodies[i].sms);
    }
    mem_free(preflight->campaign);
    mem_free(preflight->unreachable);
    mem_free(preflight->zones);
    buf_release(&preflight->text);
    buf_release(&preflight->plain);
    mem_free(preflight);
}

void preflight_set_sms_rule(struct preflight *preflight, const struct sms_rule *rule)
{
    preflight->sms_rule = *rule;
}

/* ---- One recipient ---- */

/* What the suppression list bars of him, and whether the frequency cap spares him. */
struct barred {
    bool is_capped;
    unsigned channels;             /* wholly */
    uint16_t ranks[CHANNEL_KINDS]; /* single endpoints */
};

/* Channels as bits: with an endpoint, with one that is not barred, and with a complete message. */
struct standing {
    unsigned present;
    unsigned allowed;
    unsigned complete;
};

static void bar(struct barred *barred, const struct suppression_hit *hit)
{
    if (hit->channel == SUPPRESSION_ALL_CHANNELS) {
        barred->channels = (1U << CHANNEL_KINDS) - 1;
    } else if (hit->rank >= CHANNEL_COLUMNS_MAX) {
        barred->channels |= 1U << hit->channel;
    } else {
        barred->ranks[hit->channel] |= (uint16_t)(1U << hit->rank);
    }
}

static uint64_t filled_columns(const struct preflight *preflight, const struct page_view *view)
{
    uint64_t filled = 0;
    for (unsigned c = 0; c < preflight->schema.count; c++) {
        filled |= (uint64_t)(page_value(view, c).len > 0) << c;
    }
    return filled;
}

static struct body *body_for(const struct preflight *preflight, const struct channel *channel,
                             const struct page_view *view)
{
    struct slice locale = preflight->locale_column < 0
                              ? slice_str("")
                              : page_value(view, (unsigned)preflight->locale_column);
    int chosen = locale_choose(channel->locales, channel->body_count, locale);
    return chosen < 0 ? NULL : channel->bodies[chosen];
}

struct filling {
    const struct preflight *preflight;
    const struct page_view *view;
};

static bool fill_value(void *arg, int number, struct slice *value)
{
    static const char later[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    static_assert(sizeof(later) - 1 == LATER_CHARS && LATER_CHARS >= TOKEN_CHARS, "long enough");
    const struct filling *filling = arg;
    if (number < PAGE_COLUMNS_MAX) {
        *value = page_value(filling->view, (unsigned)number);
    } else if (number == HOUSE_CAMPAIGN) {
        *value = slice_str(filling->preflight->campaign);
    } else {
        *value = slice_of(later, number == HOUSE_TOKEN        ? TOKEN_CHARS
                                 : number == HOUSE_REPLY_CODE ? filling->preflight->reply_chars
                                                              : LATER_CHARS);
    }
    return true;
}

static void count_sms(struct preflight *preflight, const struct body *body,
                      const struct page_view *view)
{
    struct filling filling = {preflight, view};
    struct preflight_sms *sms = &preflight->counts.sms;
    buf_clear(&preflight->text);
    (void)template_fill(body->sms, &preflight->text, fill_value, &filling);
    struct sms_size size;
    (void)sms_text(buf_view(&preflight->text), &preflight->sms_rule, &preflight->plain, &size);
    sms->people++;
    sms->one += size.parts == 1;
    sms->two += size.parts == 2;
    sms->more += size.parts > 2;
    sms->parts += size.parts;
    sms->ucs2 += size.is_ucs2;
    sms->too_long += sms_text_is_too_long(&size, &preflight->sms_rule);
    sms->most = size.parts > sms->most ? size.parts : sms->most;
    sms->is_estimated = sms->is_estimated || body->has_later;
}

/* Is his message on the channel complete? */
static bool check_message(struct preflight *preflight, const struct channel *channel,
                          uint64_t filled, const struct page_view *view)
{
    struct body *body = body_for(preflight, channel, view);
    if (body == NULL) {
        return true; /* only endpoints are counted */
    }
    uint64_t missing = body->columns & ~filled;
    for (uint64_t left = missing; left != 0; left &= left - 1) {
        body->missing[__builtin_ctzll(left)]++;
    }
    if (missing == 0 && body->sms != NULL) {
        count_sms(preflight, body, view);
    }
    return missing == 0;
}

static struct standing stand(struct preflight *preflight, const struct page_view *view,
                             const struct barred *barred)
{
    struct standing standing = {0};
    uint64_t filled = filled_columns(preflight, view);
    for (unsigned kind = 0; kind < CHANNEL_KINDS; kind++) {
        const struct channel *channel = &preflight->channels[kind];
        bool is_allowed = false;
        for (unsigned rank = 0; channel->is_used && rank < channel->ranks; rank++) {
            if ((filled & channel->columns[rank]) != 0) {
                standing.present |= 1U << kind;
                is_allowed = is_allowed || (barred->ranks[kind] >> rank & 1) == 0;
            }
        }
        if (is_allowed && (barred->channels >> kind & 1) == 0) {
            standing.allowed |= 1U << kind;
            if (!barred->is_capped && check_message(preflight, channel, filled, view)) {
                standing.complete |= 1U << kind;
            }
        }
    }
    return standing;
}

/* NULL: they are not counted. */
static struct preflight_zone *zone_of(struct preflight *preflight, const struct page_view *view)
{
    struct preflight_counts *counts = &preflight->counts;
    if (preflight->clock == NULL) {
        return NULL;
    }
    unsigned number = preflight->zone_column < 0
                          ? 0
                          : zone_clock_number(preflight->clock,
                                              page_value(view, (unsigned)preflight->zone_column));
    if (number >= counts->zone_count) {
        preflight->zones = mem_resize(preflight->zones, number + 1, sizeof(*preflight->zones));
        memset(preflight->zones + counts->zone_count, 0,
               (number + 1 - counts->zone_count) * sizeof(*preflight->zones));
        counts->zones = preflight->zones;
        counts->zone_count = number + 1;
    }
    return &preflight->zones[number];
}

static void count_steps(struct preflight *preflight, const struct standing *standing,
                        bool is_capped, struct preflight_zone *zone)
{
    bool is_first = true;
    bool was_first = true; /* as the step began that another one starts together with */
    for (unsigned s = 0; s < preflight->plan.step_count; s++) {
        bool is_beside = plan_is_beside(&preflight->plan, s);
        bool is_repetition = preflight->plan.steps[s].repeat > 0;
        was_first = is_beside || is_repetition ? was_first : is_first;
        struct preflight_step *step = &preflight->counts.steps[s];
        unsigned bit = 1U << preflight->plan.steps[s].channel;
        if ((standing->present & bit) == 0) {
            continue;
        }
        step->people++;
        if ((standing->allowed & bit) == 0) {
            step->suppressed++;
        } else if (is_capped) {
            step->capped++;
        } else if ((standing->complete & bit) == 0) {
            step->incomplete++;
        } else {
            step->sendable++;
            step->first += was_first && !is_repetition;
            if (zone != NULL) {
                zone->sendable[s]++;
                zone->first[s] += was_first && !is_repetition;
            }
            is_first = false;
        }
    }
}

static void count_recipient(struct preflight *preflight, uint32_t page, unsigned place,
                            const struct page_view *view, const struct barred *barred)
{
    struct preflight_counts *counts = &preflight->counts;
    struct standing standing = stand(preflight, view, barred);
    count_steps(preflight, &standing, barred->is_capped, zone_of(preflight, view));
    counts->people++;
    if (standing.complete != 0) {
        counts->reachable++;
    } else if (barred->is_capped && (standing.allowed != 0 || standing.present == 0)) {
        counts->capped++;
    } else if (standing.allowed != 0) {
        counts->incomplete++;
    } else if (standing.present != 0) {
        counts->suppressed++;
    } else {
        counts->unreachable++;
        bitmap_set(&preflight->unreachable[page], place);
    }
}

void preflight_page(struct preflight *preflight, uint32_t page, struct page_view *view,
                    const struct preflight_kept *kept)
{
    size_t hit = 0;
    for (unsigned place = 0; place < view->count; place++) {
        struct barred barred = {.is_capped =
                                    kept->capped != NULL && bitmap_has(kept->capped, place)};
        uint32_t ordinal = page * PAGE_RECIPIENTS + place;
        for (; hit < kept->hit_count && kept->hits[hit].ordinal <= ordinal; hit++) {
            if (kept->hits[hit].ordinal == ordinal) {
                bar(&barred, &kept->hits[hit]);
            }
        }
        if (!bitmap_has(kept->holes, place)) {
            page_seek(view, place);
            count_recipient(preflight, page, place, view, &barred);
        }
    }
}

/* ---- A whole audience ---- */

static int by_ordinal(const void *a, const void *b)
{
    const struct suppression_hit *left = a;
    const struct suppression_hit *right = b;
    return (left->ordinal > right->ordinal) - (left->ordinal < right->ordinal);
}

static enum err find_hits(struct preflight *preflight, const struct audience_info *info,
                          struct suppression_list *list, uint64_t now_ms,
                          struct suppression_hits *hits)
{
    unsigned channels = 0;
    for (unsigned s = 0; s < preflight->plan.step_count; s++) {
        channels |= 1U << preflight->plan.steps[s].channel;
    }
    channels &= ~preflight->plan.without;
    enum err err =
        list == NULL ? ERR_OK : suppression_list_match(list, info, channels, now_ms, hits);
    if (hits->count > 0) {
        qsort(hits->hits, hits->count, sizeof(*hits->hits), by_ordinal);
    }
    return err;
}

enum err preflight_read(struct preflight *preflight, struct ledger *ledger,
                        const struct audience_info *info, struct suppression_list *list,
                        const struct bitmap *capped, uint64_t now_ms, const atomic_bool *is_stopped)
{
    struct suppression_hits hits = {0};
    struct page_view view = {0};
    size_t hit = 0;
    enum err err = find_hits(preflight, info, list, now_ms, &hits);
    for (uint32_t page = 0; err == ERR_OK && page < info->pages; page++) {
        struct store_value value = {0};
        struct bitmap holes;
        if (atomic_load(is_stopped)) {
            err = ERR_CLOSED;
            break;
        }
        err = ledger_holes(ledger, info->id, page, &holes);
        err = err == ERR_OK ? ledger_page(ledger, info->id, page, &value) : err;
        err = err == ERR_OK ? page_open(&view, value.bytes, NULL) : err;
        if (err == ERR_OK) {
            size_t end = hit;
            while (end < hits.count && hits.hits[end].ordinal / PAGE_RECIPIENTS == page) {
                end++;
            }
            const struct preflight_kept kept = {&holes, capped == NULL ? NULL : &capped[page],
                                                hits.hits + hit, end - hit};
            preflight_page(preflight, page, &view, &kept);
            hit = end;
        }
        store_value_release(&value);
    }
    page_view_release(&view);
    suppression_hits_release(&hits);
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

/* ---- What was found ---- */

const struct preflight_counts *preflight_counts(const struct preflight *preflight)
{
    return &preflight->counts;
}

bool preflight_missing(const struct preflight *preflight, unsigned index,
                       struct preflight_missing *missing)
{
    for (unsigned b = 0; b < preflight->body_count; b++) {
        const struct body *body = &preflight->bodies[b];
        for (unsigned c = 0; c < preflight->schema.count; c++) {
            if (body->missing[c] > 0 && index-- == 0) {
                *missing =
                    (struct preflight_missing){body->channel, body->shown,
                                               preflight->schema.columns[c].name, body->missing[c]};
                return true;
            }
        }
    }
    return false;
}

uint32_t preflight_next_unreachable(const struct preflight *preflight, uint32_t ordinal)
{
    for (uint32_t page = ordinal / PAGE_RECIPIENTS; page * PAGE_RECIPIENTS < preflight->slots;
         page++) {
        unsigned from = page == ordinal / PAGE_RECIPIENTS ? ordinal % PAGE_RECIPIENTS : 0;
        unsigned place = bitmap_next(&preflight->unreachable[page], from);
        if (place < BITMAP_BITS) {
            return page * PAGE_RECIPIENTS + place;
        }
    }
    return preflight->slots;
}
