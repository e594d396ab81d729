/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WhatsApp by Meta's Cloud API: messages by templates that Meta has approved, filled with the
 * values of `components`. docs/channels/whatsapp.md describes the settings.
 *
 * Of a refusal the code in the body decides, and not the status (Meta's advice). What a code means
 * for others differs: 131056 is one recipient who gets too much, 130429 the whole number.
 */
#include <stdio.h>
#include <string.h>

#include "common/locale.h"
#include "worker/channel/channel_adapters.h"
#include "worker/channel/json_post.h"

#define WHERE_MAX_BYTES 96
#define BLANKS_MAX      4 /* in a row, in a parameter */

struct whatsapp_settings {
    const char *url;
    const char *phone_number_id;
    const char *token;
    const char *app_secret; /* the coordinator's, as the next */
    const char *verify_token;
    const char *template;
    const char *language;
    json_t *languages;
    json_t *components;
    struct http_link link;
};

#define KEY(key, kind, member)                                                                     \
    .name = (key), .type = CHANNEL_KEY_##kind, .offset = offsetof(struct whatsapp_settings, member)

static const struct channel_key whatsapp_keys[] = {
    {KEY("url", TEXT, url)},
    {KEY("phone_number_id", TEXT, phone_number_id)},
    {KEY("token", TEXT, token)},
    {KEY("app_secret", TEXT, app_secret)},
    {KEY("verify_token", TEXT, verify_token)},
    {KEY("template", TEXT, template)},
    {KEY("language", TEXT, language)},
    {KEY("languages", LIST, languages)},
    {KEY("components", LIST, components)},
    HTTP_LINK_KEYS(offsetof(struct whatsapp_settings, link)),
};

static const struct whatsapp_settings whatsapp_defaults = {
    .url = "https://graph.facebook.com/v21.0",
    .language = "en",
    .link = {HTTP_LINK_DEFAULTS},
};

/* --- answers --- */

struct code_range {
    json_int_t first;
    json_int_t last;
    enum outcome outcome;
    uint32_t retry_after_ms;
};

/* Meta's list of error codes; the first row that fits. A code that is not here is deferred: it was
 * not taken, and nobody knows whom it is about. */
static const struct code_range whatsapp_codes[] = {
    {4, 4, OUTCOME_THROTTLED, 0},                /* too many calls of the app */
    {80007, 80007, OUTCOME_THROTTLED, 0},        /* ... of the business account */
    {130429, 130429, OUTCOME_THROTTLED, 0},      /* ... of the number */
    {131048, 131048, OUTCOME_THROTTLED, 600000}, /* too much of it was taken for spam */
    {131056, 131056, OUTCOME_DEFERRED, 6000},    /* too much for this recipient: one in 6 s */
    {1, 2, OUTCOME_DEFERRED, 0},                 /* trouble of the server's */
    {131000, 131000, OUTCOME_DEFERRED, 0},       /* something went wrong, not sent */
    {131016, 131016, OUTCOME_DEFERRED, 0},       /* service unavailable */
    {131057, 131057, OUTCOME_DEFERRED, 60000},   /* the account is being maintained */
    {133004, 133004, OUTCOME_DEFERRED, 0},       /* server temporarily unavailable */
    {0, 0, OUTCOME_MISCONFIGURED, 0},            /* the token */
    {3, 3, OUTCOME_MISCONFIGURED, 0},            /* permissions */
    {10, 10, OUTCOME_MISCONFIGURED, 0},
    {33, 33, OUTCOME_MISCONFIGURED, 0}, /* there is no such number of ours */
    {190, 190, OUTCOME_MISCONFIGURED, 0},
    {200, 299, OUTCOME_MISCONFIGURED, 0},
    {368, 368, OUTCOME_MISCONFIGURED, 0},       /* blocked for what was sent before */
    {131005, 131005, OUTCOME_MISCONFIGURED, 0}, /* access denied */
    {131031, 131031, OUTCOME_MISCONFIGURED, 0}, /* the account is locked */
    {131037, 131037, OUTCOME_MISCONFIGURED, 0}, /* the number's name is not approved */
    {131042, 131042, OUTCOME_MISCONFIGURED, 0}, /* payment */
    {131045, 131045, OUTCOME_MISCONFIGURED, 0}, /* the number is not registered */
    {132005, 132005, OUTCOME_REJECTED, 0},      /* too long once it is filled */
    {132012, 132012, OUTCOME_REJECTED, 0},      /* a value of no form that the template takes */
    {132018, 132018, OUTCOME_REJECTED, 0},      /* the same */
    {132000, 132999, OUTCOME_MISCONFIGURED,
     0}, /* the template: missing, paused, other parameters */
    {133000, 133999, OUTCOME_MISCONFIGURED, 0}, /* the number's registration */
    {100, 100, OUTCOME_REJECTED, 0},            /* a parameter that is not valid */
    {130472, 130472, OUTCOME_REJECTED, 0},      /* part of an experiment of Meta's */
    {130497, 130497, OUTCOME_REJECTED, 0},      /* not to this country */
    {131008, 131009, OUTCOME_REJECTED, 0},      /* a parameter is missing or not valid */
    {131021, 131021, OUTCOME_REJECTED, 0},      /* the number is our own */
    {131026, 131026, OUTCOME_REJECTED, 0},      /* undeliverable: not on WhatsApp, or too old */
    {131030, 131030, OUTCOME_REJECTED, 0},      /* not on the list of a test number */
    {131047, 131047, OUTCOME_REJECTED, 0},      /* more than a day since he wrote */
    {131049, 131051, OUTCOME_REJECTED, 0},      /* Meta holds it back; opted out; wrong type */
    {131052, 131053, OUTCOME_REJECTED, 0},      /* media */
};

static const struct code_range whatsapp_unknown = {.outcome = OUTCOME_DEFERRED};

static const struct code_range *find_code(json_int_t code)
{
    for (size_t i = 0; i < sizeof(whatsapp_codes) / sizeof(whatsapp_codes[0]); i++) {
        if (code >= whatsapp_codes[i].first && code <= whatsapp_codes[i].last) {
            return &whatsapp_codes[i];
        }
    }
    return &whatsapp_unknown;
}

static void whatsapp_judge(struct http_reading *reading, struct attempt_result *result,
                           struct buf *scratch)
{
    (void)scratch;
    const struct http_answer *answer = reading->answer;
    const json_t *document = http_reading_json(reading);
    const json_t *code = json_object_get(json_object_get(document, "error"), "code");
    const json_t *message = json_array_get(json_object_get(document, "messages"), 0);
    const json_t *id = json_object_get(message, "id");
    if (json_is_integer(code)) {
        const struct code_range *found = find_code(json_integer_value(code));
        const struct json_post_code row = {"", found->outcome, 0, found->retry_after_ms};
        json_post_apply(&row, answer, result);
    } else if (answer->status / 100 == 2 && json_is_string(id)) {
        result->ref = slice_of(json_string_value(id), json_string_length(id));
    } else if (answer->status / 100 == 2) {
        json_post_unreadable(answer, result);
    }
}

/* --- messages --- */

/* Meta takes no line break, no tab and no more than four blanks in a row in a parameter. */
static void whatsapp_polish(struct buf *body)
{
    size_t to = 0;
    unsigned blanks = 0;
    for (size_t at = 0; at < body->len; at++) {
        uint8_t byte = body->data[at];
        bool is_escape = byte == '\\' && at + 1 < body->len;
        uint8_t letter = is_escape ? body->data[at + 1] : 0;
        bool is_blank = byte == ' ' || (is_escape && memchr("nrtbf", letter, 5) != NULL);
        blanks = is_blank ? blanks + 1 : 0;
        if (!is_blank) {
            body->data[to++] = byte;
        } else if (blanks <= BLANKS_MAX) {
            body->data[to++] = ' ';
        }
        if (is_escape && !is_blank) {
            body->data[to++] = letter;
        }
        at += is_escape;
    }
    body->len = to;
}

/* One text: the message. */
static json_t *default_components(void)
{
    return json_pack("[{s:s, s:[{s:s, s:s}]}]", "type", "body", "parameters", "type", "text",
                     "text", "{{text}}");
}

static json_t *whatsapp_body(const struct whatsapp_settings *read, const char *language)
{
    json_t *components =
        read->components == NULL ? default_components() : json_incref(read->components);
    return json_pack("{s:s, s:s, s:s, s:s, s:{s:s, s:{s:s}, s:o}, s:s}", "messaging_product",
                     "whatsapp", "recipient_type", "individual", "to", "{{to}}", "type", "template",
                     "template", "name", read->template, "language", "code", language, "components",
                     components, "biz_opaque_callback_data", "{{token}}");
}

/* --- open --- */

struct whatsapp_bodies {
    json_t *bodies[JSON_POST_BODIES_MAX];
    char locales[JSON_POST_BODIES_MAX][LOCALE_NAME_MAX + 1];
    const char *names[JSON_POST_BODIES_MAX];
    unsigned count;
};

static enum err add_language(struct whatsapp_bodies *bodies, const struct whatsapp_settings *read,
                             const char *language, const char *where, struct problem *problem)
{
    if (language == NULL || *language == '\0' || strpbrk(language, "{}\"\\") != NULL ||
        !locale_normalize(slice_str(language), bodies->locales[bodies->count])) {
        return problem_set(problem, ERR_INVALID,
                           "%s: languages must be a list of the template's languages, as WhatsApp "
                           "writes them: en, pt_BR",
                           where);
    }
    bodies->names[bodies->count] = bodies->locales[bodies->count];
    bodies->bodies[bodies->count++] = whatsapp_body(read, language);
    return ERR_OK;
}

/* The first is for whoever speaks none of the others. */
static enum err add_languages(struct whatsapp_bodies *bodies, const struct whatsapp_settings *read,
                              const char *where, struct problem *problem)
{
    size_t count = json_array_size(read->languages);
    if (count >= JSON_POST_BODIES_MAX) {
        return problem_set(problem, ERR_INVALID, "%s: languages has more than %d entries", where,
                           JSON_POST_BODIES_MAX - 1);
    }
    enum err err = add_language(bodies, read, read->language, where, problem);
    for (size_t i = 0; err == ERR_OK && i < count; i++) {
        const char *language = json_string_value(json_array_get(read->languages, i));
        err = add_language(bodies, read, language, where, problem);
    }
    return err;
}

static enum err whatsapp_check(const struct whatsapp_settings *read, const char *where,
                               struct problem *problem)
{
    const char *missing = read->phone_number_id == NULL ? "phone_number_id"
                          : read->token == NULL         ? "token"
                          : read->template == NULL      ? "template"
                                                        : NULL;
    if (missing != NULL) {
        return problem_set(problem, ERR_INVALID, "%s: %s is missing", where, missing);
    }
    if (read->phone_number_id[strspn(read->phone_number_id, "0123456789")] != '\0') {
        return problem_set(problem, ERR_INVALID,
                           "%s: phone_number_id must be digits (Meta's id of the number, not the "
                           "number itself), not \"%.40s\"",
                           where, read->phone_number_id);
    }
    return ERR_OK;
}

static enum err open_bodies(struct channel **out, const struct channel_context *context,
                            const struct whatsapp_settings *read,
                            const struct whatsapp_bodies *bodies, const char *where,
                            struct problem *problem)
{
    struct buf url = {0};
    buf_printf(&url, "%s%s%s/messages", read->url,
               read->url[strlen(read->url) - 1] == '/' ? "" : "/", read->phone_number_id);
    json_t *secrets = json_pack("{s:s}", "token", read->token);
    json_t *headers = json_pack("{s:s}", "Authorization", "Bearer {{secret.token}}");
    const struct json_post_setup setup = {
        .adapter = &channel_whatsapp_adapter,
        .judge = whatsapp_judge,
        .polish = whatsapp_polish,
        .url = buf_cstr(&url),
        .headers = headers,
        .secrets = secrets,
        .bodies = bodies->bodies,
        .locales = bodies->names,
        .body_count = bodies->count,
        .link = read->link,
    };
    enum err err = json_post_open(out, context, &setup, where, problem);
    json_decref(secrets);
    json_decref(headers);
    buf_release(&url);
    return err;
}

static enum err whatsapp_open(struct channel **out, const struct channel_context *context,
                              const struct wire_provider *provider, json_t *settings,
                              struct problem *problem)
{
    char where[WHERE_MAX_BYTES];
    (void)snprintf(where, sizeof(where), "provider \"%.64s\"", provider->name);
    struct whatsapp_settings read = whatsapp_defaults;
    struct whatsapp_bodies bodies = {.count = 0};
    enum err err =
        channel_settings_read(settings, where, whatsapp_keys,
                              sizeof(whatsapp_keys) / sizeof(whatsapp_keys[0]), &read, problem);
    if (err == ERR_OK) {
        err = whatsapp_check(&read, where, problem);
    }
    if (err == ERR_OK) {
        err = add_languages(&bodies, &read, where, problem);
    }
    if (err == ERR_OK) {
        err = open_bodies(out, context, &read, &bodies, where, problem);
    }
    for (unsigned i = 0; i < bodies.count; i++) {
        json_decref(bodies.bodies[i]);
    }
    return err;
}

const struct channel_adapter channel_whatsapp_adapter = {
    .name = "whatsapp",
    .open = whatsapp_open,
    .concurrency = json_post_concurrency,
    .start = json_post_start,
    .close = json_post_close,
};
