/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WhatsApp by Meta's Cloud API: messages by templates that Meta has approved, filled with the
 * values of `components`. docs/channels/whatsapp.md describes the settings, whatsapp_answer what is
 * read of answers.
 */
#include <stdio.h>
#include <string.h>

#include "common/locale.h"
#include "worker/channel/channel_adapters.h"
#include "worker/channel/json_post.h"
#include "worker/channel/whatsapp_answer.h"
#include "worker/channel/whatsapp_text.h"

#define WHERE_MAX_BYTES 96

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
    HTTP_LINK_TRACE_KEY(offsetof(struct whatsapp_settings, link)),
};

static const struct whatsapp_settings whatsapp_defaults = {
    .url = "https://graph.facebook.com/v23.0",
    .language = "en",
    .link = {HTTP_LINK_DEFAULTS},
};

/* --- messages --- */

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
        .judge = whatsapp_answer_judge,
        .polish = whatsapp_text_flatten,
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
