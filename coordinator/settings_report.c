/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/settings_report.h"

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
        buf_str(buf, ",");
        put_text(buf, "certificate", settings->tls.certificate);
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
