/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/settings_report.h"

#include <string.h>

#include "common/mem.h"
#include "common/text.h"
#include "coordinator/inbound/inbound.h"

static void put_text(struct buf *buf, const char *name, const char *value)
{
    buf_printf(buf, "\"%s\":\"", name);
    text_json_escape(buf, slice_str(value));
    buf_str(buf, "\"");
}

static void put_quiet_hours(struct buf *buf, const struct quiet_hours *hours)
{
    if (hours->channels != 0) {
        buf_printf(buf, ",\"quiet_hours\":{\"from\":\"%02u:%02u\",\"to\":\"%02u:%02u\",",
                   hours->from_min / 60, hours->from_min % 60, hours->to_min / 60,
                   hours->to_min % 60);
        put_text(buf, "zone", hours->zone);
        buf_str(buf, "}");
    }
}

/* Only if the provider's receipts and replies could not be taken so. */
static void put_inbound(struct buf *buf, const struct coordinator_provider *provider)
{
    struct inbound *inbound = NULL;
    struct problem problem = {0};
    if (inbound_adapter_find(provider->adapter) == NULL) {
        return;
    }
    enum err err = inbound_open(&inbound, provider->adapter, provider->settings, &problem);
    inbound_close(inbound);
    if (err != ERR_OK) {
        buf_str(buf, ",\"inbound\":{");
        put_text(buf, "result", err == ERR_NOT_FOUND ? "missing" : "wrong");
        buf_str(buf, ",");
        put_text(buf, "problem", problem.text);
        buf_str(buf, "}");
    }
}

static void put_provider(struct buf *buf, const struct coordinator_provider *provider)
{
    buf_str(buf, "{");
    put_text(buf, "name", provider->def.name);
    buf_str(buf, ",");
    put_text(buf, "channel", channel_kind_name(provider->def.channel));
    buf_str(buf, ",");
    put_text(buf, "adapter", provider->adapter);
    if (provider->def.rate_per_s > 0) {
        buf_printf(buf, ",\"rate\":%g", provider->def.rate_per_s);
    }
    if (provider->def.concurrency > 0) {
        buf_printf(buf, ",\"concurrency\":%u", (unsigned)provider->def.concurrency);
    }
    if (provider->def.day_quota > 0) {
        buf_printf(buf, ",\"quota\":%u,", (unsigned)provider->def.day_quota);
        put_text(buf, "quota_zone", provider->quota_zone);
    }
    put_quiet_hours(buf, &provider->quiet_hours);
    put_inbound(buf, provider);
    buf_printf(buf, ",\"settings\":%s}", provider->settings);
}

static void put_group(struct buf *buf, const struct coordinator_settings *settings,
                      const struct provider_group *group)
{
    const char *separator = "";
    buf_str(buf, "{");
    put_text(buf, "name", group->name);
    buf_str(buf, ",\"providers\":[");
    for (unsigned i = 0; i < settings->provider_count; i++) {
        if ((group->members >> i & 1) != 0) { /* names need no escape */
            buf_printf(buf, "%s\"%s\"", separator, settings->providers[i].def.name);
            separator = ",";
        }
    }
    buf_str(buf, "]}");
}

/* ---- the certificate ---- */

/* The host that links to recipients lead to, if it may be this coordinator that answers there with
 * its certificate. The caller frees it; NULL: none. */
static char *host_of_links(const struct coordinator_settings *settings)
{
    static const char scheme[] = "https://";
    const char *url = settings->public_url;
    bool is_encrypted = !settings->has_public || settings->has_public_tls;
    if (url == NULL || !is_encrypted || strncmp(url, scheme, strlen(scheme)) != 0) {
        return NULL;
    }
    const char *host = url + strlen(scheme);
    bool has_brackets = host[0] == '[';
    size_t len = has_brackets ? strcspn(++host, "]") : strcspn(host, ":/");
    char *copy = mem_zalloc(len + 1, 1);
    memcpy(copy, host, len);
    return copy;
}

static void put_time(struct buf *buf, const char *name, uint64_t at_ms)
{
    char text[TEXT_TIME_BYTES + 1];
    if (at_ms > 0) {
        text_time_str(text, at_ms);
        buf_str(buf, ",");
        put_text(buf, name, text);
    }
}

static void put_facts(struct buf *buf, const struct coordinator_settings *settings,
                      const struct http_tls *tls)
{
    struct http_tls_facts facts;
    char *host = host_of_links(settings);
    http_tls_facts_read(tls, host, &facts);
    buf_str(buf, "{\"result\":\"ok\"");
    put_time(buf, "from", facts.begins_ms);
    put_time(buf, "until", facts.expires_ms);
    put_time(buf, "signers_until", facts.signers_expire_ms);
    buf_str(buf, ",\"names\":[");
    for (size_t at = 0; at < facts.names.len; at += strlen((char *)facts.names.data + at) + 1) {
        buf_str(buf, at == 0 ? "\"" : ",\"");
        text_json_escape(buf, slice_str((char *)facts.names.data + at));
        buf_str(buf, "\"");
    }
    buf_str(buf, "]");
    if (!facts.is_for_host) {
        buf_str(buf, ",");
        put_text(buf, "not_for", host);
    }
    buf_str(buf, "}");
    buf_release(&facts.names);
    mem_free(host);
}

/* Could it be used? A variable of the environment may be missing only here. */
static void put_tls(struct buf *buf, const struct coordinator_settings *settings)
{
    struct http_tls *tls = NULL;
    struct problem problem = {0};
    bool is_variable = strncmp(settings->tls.key, "env:", 4) == 0;
    enum err err = http_tls_open(&tls, &settings->tls, &problem);
    buf_str(buf, ",");
    put_text(buf, "certificate", settings->tls.certificate);
    buf_str(buf, ",\"tls\":");
    if (err == ERR_OK) {
        put_facts(buf, settings, tls);
    } else {
        bool is_of_key = strstr(problem.text, "listen.tls.key") == problem.text;
        bool is_missing = err == ERR_NOT_FOUND && is_variable && is_of_key;
        buf_str(buf, "{");
        put_text(buf, "result", is_missing ? "missing" : "wrong");
        buf_str(buf, ",");
        put_text(buf, "problem", problem.text);
        buf_str(buf, "}");
    }
    http_tls_close(tls);
}

void settings_report(const struct coordinator_settings *settings, struct buf *buf)
{
    char api[LISTEN_ADDRESS_CHARS];
    listen_address_write(&settings->listen_api, api);
    buf_str(buf, "{");
    put_text(buf, "data_dir", settings->data_dir);
    buf_str(buf, ",\"listen\":{");
    put_text(buf, "api", api);
    buf_str(buf, ",");
    if (settings->has_public) {
        char public[LISTEN_ADDRESS_CHARS];
        listen_address_write(&settings->listen_public, public);
        put_text(buf, "public", public);
        buf_str(buf, ",");
    }
    put_text(buf, "workers", settings->listen_workers);
    if (settings->has_tls) {
        put_tls(buf, settings);
    }
    buf_str(buf, "},\"providers\":[");
    for (unsigned i = 0; i < settings->provider_count; i++) {
        buf_str(buf, i == 0 ? "" : ",");
        put_provider(buf, &settings->providers[i]);
    }
    buf_str(buf, "],\"groups\":[");
    for (unsigned i = 0; i < settings->group_count; i++) {
        buf_str(buf, i == 0 ? "" : ",");
        put_group(buf, settings, &settings->groups[i]);
    }
    buf_str(buf, "]}\n");
}
