/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/feed_alarms.h"

#include <stdio.h>
#include <string.h>
#include <uthash.h>

#include "common/log.h"
#include "common/mem.h"
#include "coordinator/api/exchange.h"
#include "coordinator/api/resources.h"
#include "coordinator/content/object_id.h"

#define MODULE    "events"
#define FORMER_MS 90000 /* what was amiss before the start may take so long to be seen again */

struct kind {
    const char *word;
    uint64_t grace_ms; /* so long it must hold before it is raised */
};
static const struct kind KINDS[FEED_ALARM_KINDS] = {
    [FEED_ALARM_LEDGER_STALLED] = {"ledger_stalled", 0},
    [FEED_ALARM_PROVIDER_DOWN] = {"provider_down", 10000},
    [FEED_ALARM_CAMPAIGN_STUCK] = {"campaign_stuck", 0},
    [FEED_ALARM_DEADLINE_IN_DANGER] = {"deadline_in_danger", 15000},
    [FEED_ALARM_SUBSCRIBER_GONE] = {"subscriber_gone", 0},
};

struct alarm {
    UT_hash_handle hh;
    const char *word; /* NULL: of a former version's */
    uint64_t campaign;
    uint64_t since_ms;
    bool is_raised;
    bool is_former; /* raised in a former life, and not seen in this one yet */
    bool holds;
    char *detail;
    const char *subject; /* in the name */
    char name[];         /* "kind:subject" */
};

struct feed_alarms {
    struct api *api;
    struct feed *feed;
    struct alarm *list;
};

/* NOLINTBEGIN(readability-function-*): uthash's macros are counted */
static struct alarm *find(const struct feed_alarms *alarms, const char *name)
{
    struct alarm *alarm = NULL;
    HASH_FIND_STR(alarms->list, name, alarm);
    return alarm;
}

static struct alarm *add(struct feed_alarms *alarms, struct slice name)
{
    struct alarm *alarm = mem_zalloc(1, sizeof(*alarm) + name.len + 1);
    memcpy(alarm->name, name.data, name.len);
    const char *colon = strchr(alarm->name, ':');
    alarm->subject = colon == NULL ? alarm->name : colon + 1;
    for (unsigned k = 0; k < FEED_ALARM_KINDS; k++) {
        size_t len = strlen(KINDS[k].word);
        if (strncmp(alarm->name, KINDS[k].word, len) == 0 && alarm->name[len] == ':') {
            alarm->word = KINDS[k].word;
        }
    }
    if (!object_id_parse(slice_str(alarm->subject), OBJECT_CAMPAIGN, &alarm->campaign)) {
        alarm->campaign = 0;
    }
    HASH_ADD_STR(alarms->list, name, alarm);
    return alarm;
}

static void drop(struct feed_alarms *alarms, struct alarm *alarm)
{
    HASH_DEL(alarms->list, alarm);
    mem_free(alarm->detail);
    mem_free(alarm);
}
/* NOLINTEND(readability-function-*) */

static json_t *alarm_json(const struct alarm *alarm)
{
    return json_pack("{s:s, s:o, s:o, s:o}", "alarm", alarm->word == NULL ? "" : alarm->word, "of",
                     exchange_text(alarm->subject), "since", exchange_time(alarm->since_ms),
                     "detail", exchange_text(alarm->detail == NULL ? "" : alarm->detail));
}

json_t *feed_alarms_json(const struct feed_alarms *alarms)
{
    json_t *list = json_array();
    for (const struct alarm *alarm = alarms->list; alarm != NULL; alarm = alarm->hh.next) {
        if (alarm->is_raised) {
            json_array_append_new(list, alarm_json(alarm));
        }
    }
    return list;
}

unsigned feed_alarms_count(const struct feed_alarms *alarms)
{
    unsigned count = 0;
    for (const struct alarm *alarm = alarms->list; alarm != NULL; alarm = alarm->hh.next) {
        count += alarm->is_raised;
    }
    return count;
}

void alarms_list(struct exchange *exchange)
{
    exchange_json(exchange, 200,
                  json_pack("{s:o}", "items", feed_alarms_json(exchange->api->alarms)));
}

void feed_alarms_hold(struct feed_alarms *alarms, enum feed_alarm_kind kind, uint64_t campaign,
                      const char *subject, const char *detail)
{
    char name[ENGINE_NAME_MAX + 64];
    int len = snprintf(name, sizeof(name), "%s:%s", KINDS[kind].word, subject);
    struct alarm *alarm = find(alarms, name);
    if (alarm == NULL) {
        alarm = add(alarms, slice_of(name, (size_t)len));
        alarm->since_ms = api_now_ms(alarms->api);
    }
    alarm->holds = true;
    alarm->is_former = false;
    alarm->campaign = campaign;
    if (!alarm->is_raised) { /* as it was when it was raised */
        mem_free(alarm->detail);
        alarm->detail = mem_copy_str(detail);
    }
}

static uint64_t grace_of(const struct alarm *alarm)
{
    for (unsigned k = 0; k < FEED_ALARM_KINDS; k++) {
        if (KINDS[k].word == alarm->word) {
            return KINDS[k].grace_ms;
        }
    }
    return 0;
}

/* While nothing gets to the disk no fact is told, and that one should be. */
static bool is_of_ledger(const struct alarm *alarm)
{
    return alarm->word == KINDS[FEED_ALARM_LEDGER_STALLED].word;
}

static void raise_alarm(struct feed_alarms *alarms, struct alarm *alarm)
{
    alarm->is_raised = true;
    LOG_W(MODULE, "alarm_raised", "alarm=%s of=\"%s\" why=\"%s\"",
          alarm->word == NULL ? "" : alarm->word, alarm->subject, alarm->detail);
    feed_alarm_put(slice_str(alarm->name), alarm->since_ms, turn_record(alarms->api->context.turn));
    feed_tell(alarms->feed, FEED_ALARM_RAISED, alarm->campaign, alarm->subject, alarm_json(alarm));
    if (is_of_ledger(alarm)) {
        feed_show(alarms->feed, FEED_ALARM_RAISED, alarm->subject, alarm_json(alarm));
    }
}

static void clear_alarm(struct feed_alarms *alarms, struct alarm *alarm)
{
    LOG_I(MODULE, "alarm_cleared", "alarm=%s of=\"%s\"", alarm->word == NULL ? "" : alarm->word,
          alarm->subject);
    feed_alarm_remove(slice_str(alarm->name), turn_record(alarms->api->context.turn));
    feed_tell(alarms->feed, FEED_ALARM_CLEARED, alarm->campaign, alarm->subject, alarm_json(alarm));
    if (is_of_ledger(alarm)) {
        feed_forget(alarms->feed, FEED_ALARM_RAISED, alarm->subject);
    }
}

void feed_alarms_look(struct feed_alarms *alarms, uint64_t now_ms)
{
    struct alarm *alarm = NULL;
    struct alarm *next = NULL;
    HASH_ITER(hh, alarms->list, alarm, next)
    {
        if (alarm->holds) {
            alarm->holds = false;
            if (!alarm->is_raised && now_ms - alarm->since_ms >= grace_of(alarm)) {
                raise_alarm(alarms, alarm);
            }
        } else if (!alarm->is_former || now_ms - alarms->api->started_ms >= FORMER_MS) {
            if (alarm->is_raised) {
                clear_alarm(alarms, alarm);
            }
            drop(alarms, alarm);
        }
    }
}

static bool load(void *arg, struct slice name, uint64_t since_ms)
{
    struct feed_alarms *alarms = arg;
    struct alarm *alarm = add(alarms, name);
    alarm->is_raised = true;
    alarm->is_former = true;
    alarm->since_ms = since_ms;
    return true;
}

enum err feed_alarms_open(struct feed_alarms **out, struct api *api, struct feed *feed,
                          struct problem *problem)
{
    struct feed_alarms *alarms = mem_zalloc(1, sizeof(*alarms));
    alarms->api = api;
    alarms->feed = feed;
    enum err err = feed_alarm_each(api->context.ledger, load, alarms);
    if (err != ERR_OK) {
        feed_alarms_close(alarms);
        return problem_set(problem, err, "the alarms that were on cannot be read: %s",
                           err_sentence(err));
    }
    *out = alarms;
    return ERR_OK;
}

void feed_alarms_close(struct feed_alarms *alarms)
{
    if (alarms == NULL) {
        return;
    }
    while (alarms->list != NULL) {
        drop(alarms, alarms->list);
    }
    mem_free(alarms);
}
