/* SPDX-License-Identifier: Apache-2.0 */
/*
 *     channel_driver ADAPTER SETTINGS ATTEMPTS [PAUSE_MS [CLOSE_AFTER_MS]]
 *
 * Opens a channel from a file with its JSON settings and sends the attempts of another file, one
 * JSON object a line: {"to": .., "subject": .., "text": .., "html": .., "key": .., "token": ..,
 * "public_url": .., "campaign": n, "ordinal": n, "step": n, "variables": {..}, "repeat": n}. For
 * adapters that take one message for many the three texts are templates (driver_message.h). Prints
 * a JSON line for each result and one at the end, which also says how long the loop stood still at
 * most.
 *
 * The environment's TOCSIN_DRIVER_BEARERS, "fcm=TOKEN apns=TOKEN", is what a coordinator would
 * tell.
 *
 * With a pause the attempts go one by one, each so long after the result before. With
 * CLOSE_AFTER_MS the channel is closed so long after the start. Gives up after 50 seconds.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "proto/adapter.h"
#include "tests/system/driver_message.h"
#include "worker/channel/channel.h"

#define GIVE_UP_MS 50000
#define TICK_MS    5

struct driver {
    uv_loop_t loop;
    uv_timer_t next_timer;
    uv_timer_t close_timer;
    uv_timer_t tick_timer;
    struct channel *channel;
    struct driver_messages *messages;
    json_t *attempts; /* one for each, repeats written out */
    uint64_t *started_us;
    size_t started;
    size_t answered;
    uint32_t pause_ms;
    uint64_t ticked_us;
    uint64_t longest_us;
    uint64_t began_us;
};

static const uint8_t token_key[HASH_KEY_BYTES] = "channel-driver-k";

static uint64_t now_us(void)
{
    return uv_hrtime() / 1000;
}

static struct slice text_of(const json_t *attempt, const char *key)
{
    const json_t *value = json_object_get(attempt, key);
    return slice_of(json_string_value(value), json_string_length(value));
}

static bool variable_of(const struct attempt *attempt, struct slice name, struct slice *value)
{
    char key[128];
    snprintf(key, sizeof(key), "%.*s", (int)name.len, (const char *)name.data);
    const json_t *variables = json_object_get(attempt->variable_arg, "variables");
    *value = text_of(variables, key);
    return json_object_get(variables, key) != NULL;
}

static unsigned attachments_of(const json_t *given, const char *names[WIRE_ATTACHMENTS_MAX])
{
    const json_t *list = json_object_get(given, "attachments");
    unsigned count = 0;
    while (count < json_array_size(list) && count < WIRE_ATTACHMENTS_MAX) {
        names[count] = json_string_value(json_array_get(list, count));
        count++;
    }
    return count;
}

static void start_next(struct driver *driver)
{
    size_t index = driver->started++;
    const json_t *given = json_array_get(driver->attempts, index);
    const char *attachments[WIRE_ATTACHMENTS_MAX];
    struct attempt attempt = {
        .id = (uint32_t)index,
        .endpoint = text_of(given, "to"),
        .key = text_of(given, "key"),
        .campaign = (uint64_t)json_integer_value(json_object_get(given, "campaign")),
        .ordinal = (uint32_t)json_integer_value(json_object_get(given, "ordinal")),
        .step = (uint8_t)json_integer_value(json_object_get(given, "step")),
        .subject = text_of(given, "subject"),
        .text = text_of(given, "text"),
        .html = text_of(given, "html"),
        .attachments = attachments,
        .attachment_count = attachments_of(given, attachments),
        .token_key = token_key,
        .public_url = text_of(given, "public_url"),
        .variable = variable_of,
        .variable_arg = given,
    };
    memset(attempt.token, '-', TOKEN_CHARS);
    struct slice token = text_of(given, "token");
    if (token.len > 0) {
        memcpy(attempt.token, token.data, token.len < TOKEN_CHARS ? token.len : TOKEN_CHARS);
    }
    if (driver->channel->adapter->is_merged) {
        driver_messages_put(driver->messages, given, &attempt);
    }
    driver->started_us[index] = now_us();
    driver->channel->adapter->start(driver->channel, &attempt);
}

/* For the next attempt. */
static bool has_room(struct driver *driver)
{
    const struct channel_adapter *adapter = driver->channel->adapter;
    const json_t *given = json_array_get(driver->attempts, driver->started);
    return adapter->has_room == NULL ||
           adapter->has_room(driver->channel, driver_messages_merge(driver->messages, given),
                             text_of(given, "to"));
}

static void flush(struct driver *driver)
{
    if (driver->channel->adapter->flush != NULL) {
        driver->channel->adapter->flush(driver->channel);
    }
}

static void start_all(struct driver *driver)
{
    size_t count = json_array_size(driver->attempts);
    uint32_t concurrency = driver->channel->adapter->concurrency(driver->channel);
    while (driver->started < count && driver->started - driver->answered < concurrency &&
           has_room(driver)) {
        start_next(driver);
    }
    flush(driver);
}

static void on_close_timer(uv_timer_t *timer)
{
    struct driver *driver = timer->data;
    if (driver->channel != NULL) {
        struct channel *channel = driver->channel;
        driver->channel = NULL;
        channel->adapter->close(channel);
    }
    uv_close((uv_handle_t *)&driver->next_timer, NULL);
    uv_close((uv_handle_t *)&driver->close_timer, NULL);
    uv_close((uv_handle_t *)&driver->tick_timer, NULL);
}

static void on_next_timer(uv_timer_t *timer)
{
    struct driver *driver = timer->data;
    if (driver->pause_ms == 0) {
        start_all(driver);
        return;
    }
    start_next(driver);
    flush(driver);
}

static void go_on(struct driver *driver)
{
    if (driver->answered == json_array_size(driver->attempts)) {
        uv_timer_start(&driver->close_timer, on_close_timer, 0, 0);
    } else if (driver->pause_ms > 0 || driver->channel->adapter->bulk != NULL) {
        /* All results of a request come first, as in a worker. */
        uv_timer_start(&driver->next_timer, on_next_timer, driver->pause_ms, 0);
    } else {
        start_all(driver);
    }
}

static void on_result(void *arg, uint32_t attempt, const struct attempt_result *result)
{
    struct driver *driver = arg;
    driver->answered++;
    json_t *line =
        json_pack("{s:i,s:s,s:i,s:I,s:s%,s:I}", "index", (int)attempt, "outcome",
                  outcome_name(result->outcome), "reason", (int)result->reason, "retry_after_ms",
                  (json_int_t)result->retry_after_ms, "ref",
                  result->ref.len == 0 ? "" : (const char *)result->ref.data, result->ref.len, "ms",
                  (json_int_t)((now_us() - driver->started_us[attempt]) / 1000));
    json_dumpf(line, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(line);
    if (driver->channel != NULL) {
        go_on(driver);
    }
}

static void on_tick(uv_timer_t *timer)
{
    struct driver *driver = timer->data;
    uint64_t now = now_us();
    uint64_t gap = now - driver->ticked_us;
    driver->longest_us = gap > driver->longest_us ? gap : driver->longest_us;
    driver->ticked_us = now;
}

static char *file_text(const char *path)
{
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        perror(path);
        exit(2);
    }
    struct buf text = {0};
    size_t len;
    do {
        len = fread(buf_reserve(&text, 65536), 1, 65536, file);
        text.len += len;
    } while (len > 0);
    (void)fclose(file);
    (void)buf_cstr(&text);
    return (char *)text.data;
}

static json_t *attempts_of(char *text)
{
    json_t *list = json_array();
    char *rest;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        json_error_t error;
        json_t *attempt = json_loads(line, 0, &error);
        if (attempt == NULL) {
            fprintf(stderr, "channel_driver: %s\n", error.text);
            exit(2);
        }
        json_int_t repeat = json_integer_value(json_object_get(attempt, "repeat"));
        for (json_int_t i = 0; i < (repeat == 0 ? 1 : repeat); i++) {
            json_array_append(list, attempt);
        }
        json_decref(attempt);
    }
    return list;
}

static void timer_init(struct driver *driver, uv_timer_t *timer)
{
    uv_timer_init(&driver->loop, timer);
    timer->data = driver;
}

/* The first that the adapter serves, but sms if it is among them. */
static enum channel_kind channel_of(const char *adapter)
{
    enum channel_kind channel = CHANNEL_SMS;
    for (unsigned kind = 0; !adapter_serves(adapter, channel) && kind < CHANNEL_KINDS; kind++) {
        channel = (enum channel_kind)kind;
    }
    return channel;
}

static void tell_bearers(struct driver *driver)
{
    const char *given = getenv("TOCSIN_DRIVER_BEARERS");
    char *text = mem_copy_str(given == NULL ? "" : given);
    char *rest;
    for (char *word = strtok_r(text, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        char *token = strchr(word, '=');
        if (token != NULL && driver->channel->adapter->set_bearer != NULL) {
            *token++ = '\0';
            driver->channel->adapter->set_bearer(driver->channel, word, slice_str(token));
        }
    }
    mem_free(text);
}

static int open_channel(struct driver *driver, const char *adapter, const char *settings)
{
    struct channel_context context = {.loop = &driver->loop, .result = on_result, .arg = driver};
    struct wire_provider provider = {
        .name = "test", .channel = channel_of(adapter), .adapter = adapter, .settings = settings};
    struct problem problem = {0};
    enum err err = channel_open(&driver->channel, &context, &provider, &problem);
    if (err != ERR_OK) {
        json_t *line = json_pack("{s:s,s:s}", "error", err_name(err), "problem", problem.text);
        json_dumpf(line, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(line);
        return 1;
    }
    tell_bearers(driver);
    return 0;
}

static void run(struct driver *driver, uint32_t close_after_ms)
{
    timer_init(driver, &driver->next_timer);
    timer_init(driver, &driver->close_timer);
    timer_init(driver, &driver->tick_timer);
    driver->began_us = now_us();
    driver->ticked_us = driver->began_us;
    uv_timer_start(&driver->tick_timer, on_tick, TICK_MS, TICK_MS);
    uv_timer_start(&driver->close_timer, on_close_timer,
                   close_after_ms == 0 ? GIVE_UP_MS : close_after_ms, 0);
    if (driver->pause_ms > 0) {
        start_next(driver);
    } else {
        start_all(driver);
    }
    uv_run(&driver->loop, UV_RUN_DEFAULT);
    printf("{\"count\":%zu,\"seconds\":%.3f,\"longest_stall_ms\":%" PRIu64 "}\n", driver->answered,
           (double)(now_us() - driver->began_us) / 1e6, driver->longest_us / 1000);
}

int main(int argc, char **argv)
{
    if (argc < 4 || argc > 6) {
        fprintf(stderr, "usage: channel_driver ADAPTER SETTINGS ATTEMPTS [PAUSE_MS "
                        "[CLOSE_AFTER_MS]]\n");
        return 2;
    }
    struct driver driver = {0};
    char *settings = file_text(argv[2]);
    char *attempts = file_text(argv[3]);
    driver.attempts = attempts_of(attempts);
    driver.messages = driver_messages_new();
    driver.started_us = mem_zalloc(json_array_size(driver.attempts), sizeof(uint64_t));
    driver.pause_ms = argc > 4 ? (uint32_t)strtoul(argv[4], NULL, 10) : 0;
    uv_loop_init(&driver.loop);
    int status = open_channel(&driver, argv[1], settings);
    if (status == 0) {
        run(&driver, argc > 5 ? (uint32_t)strtoul(argv[5], NULL, 10) : 0);
    }
    driver_messages_free(driver.messages);
    json_decref(driver.attempts);
    mem_free(driver.started_us);
    mem_free(settings);
    mem_free(attempts);
    return uv_loop_close(&driver.loop) == 0 ? status : 3;
}
