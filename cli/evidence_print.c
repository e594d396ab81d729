/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/evidence_print.h"

#include <string.h>

#include "cli/human.h"
#include "cli/list.h"
#include "cli/table.h"

static void put_member(struct buf *buf, const json_t *object, const char *name, const char *before)
{
    const json_t *value = json_object_get(object, name);
    if (json_string_length(value) > 0) {
        buf_str(buf, before);
        cli_member(buf, object, name);
    } else if (json_is_integer(value)) {
        buf_printf(buf, "%s%" JSON_INTEGER_FORMAT, before, json_integer_value(value));
    }
}

/* "sms by gateway to +47..., ref 4711; the provider refused the endpoint (550)" */
static void put_details(struct buf *buf, const json_t *event)
{
    put_member(buf, event, "round", "round ");
    put_member(buf, event, "channel", "");
    put_member(buf, event, "provider", buf->len > 0 ? " by " : "by ");
    put_member(buf, event, "endpoint", " to ");
    put_member(buf, event, "ref", ", the provider's id ");
    put_member(buf, event, "detail", buf->len > 0 ? "; " : "");
    if (json_integer_value(json_object_get(event, "reason")) > 0) {
        put_member(buf, event, "reason", ", code ");
    }
}

static void put_timeline(struct buf *out, const json_t *timeline)
{
    struct table table;
    struct buf text = {0};
    size_t i;
    json_t *event;
    table_init(&table);
    table_column(&table, "at", false);
    table_column(&table, "event", false);
    table_column(&table, "", false);
    json_array_foreach(timeline, i, event)
    {
        cli_member(&text, event, "at");
        table_cell(&table, buf_view(&text));
        buf_clear(&text);
        if (json_is_true(json_object_get(event, "of_campaign"))) {
            buf_str(&text, "campaign ");
        }
        cli_member(&text, event, "event");
        table_cell(&table, buf_view(&text));
        buf_clear(&text);
        put_details(&text, event);
        table_cell(&table, buf_view(&text));
        buf_clear(&text);
    }
    if (i > 0) {
        buf_u8(out, '\n');
        table_put(&table, out);
    }
    table_release(&table);
    buf_release(&text);
}

static void put_texts(struct buf *out, const json_t *texts)
{
    static const char *const parts[] = {"subject", "text", "html"};
    size_t i;
    json_t *text;
    json_array_foreach(texts, i, text)
    {
        buf_str(out, "\nSent by ");
        cli_member(out, text, "channel");
        buf_str(out, ", made again from the template (");
        cli_member(out, text, "locale");
        buf_str(out, ") and his values; links and codes of his own stand in brackets:\n");
        for (size_t part = 0; part < sizeof(parts) / sizeof(parts[0]); part++) {
            if (cli_member_str(text, parts[part])[0] != '\0') {
                buf_printf(out, "  %-8s ", parts[part]);
                cli_member(out, text, parts[part]);
                buf_u8(out, '\n');
            }
        }
        put_member(out, text, "hash", "  hash     ");
        put_member(out, text, "template_hash", "\n  template ");
        buf_u8(out, '\n');
    }
}

static void put_values(struct buf *out, const json_t *report)
{
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(report, "values"), name, value)
    {
        buf_str(out, "  ");
        human_text(out, slice_str(name));
        buf_str(out, " = ");
        cli_member(out, json_object_get(report, "values"), name);
        buf_u8(out, '\n');
    }
    bool is_proven = json_is_true(json_object_get(report, "values_proven"));
    buf_str(out, is_proven
                     ? "  These are his row of the audience as it was bound when the campaign was "
                       "launched.\n"
                     : "  For these the signature of the bundle alone vouches: the audience was "
                       "sealed by an older version.\n");
}

static void put_events(struct buf *out, json_t *events)
{
    const char *name;
    json_t *count;
    buf_str(out, "\nEvents of recipients, by how many:\n");
    json_object_foreach(events, name, count)
    {
        buf_printf(out, "  %-14s ", name);
        human_count(out, (uint64_t)json_integer_value(count));
        buf_u8(out, '\n');
    }
}

static void put_what(struct buf *out, const json_t *report)
{
    buf_str(out, "campaign   ");
    cli_member(out, report, "campaign");
    buf_str(out, ", ");
    cli_member(out, report, "name");
    if (json_object_get(report, "recipient") != NULL) {
        buf_str(out, "\nrecipient  ");
        cli_member(out, report, "recipient");
    } else {
        buf_str(out, "\nof         all recipients, with ");
        cli_member(out, report, "pages");
        buf_str(out, " sealed pages");
    }
    buf_str(out, "\nrecords    ");
    cli_member(out, report, "first_record");
    buf_str(out, " to ");
    cli_member(out, report, "last_record");
    buf_str(out, ", from ");
    cli_member(out, report, "from");
    buf_str(out, " to ");
    cli_member(out, report, "until");
    buf_str(out, "\nkey        ");
    cli_member(out, report, "public_key");
    buf_u8(out, '\n');
}

static void put_verdict(struct buf *out, const json_t *report, bool is_trusted)
{
    const json_t *heads = json_object_get(report, "heads");
    const json_t *last = json_array_get(heads, json_array_size(heads) - 1);
    buf_str(out, is_trusted ? "\nProven by the key that you gave:\n"
                            : "\nIt holds together, but nobody vouches for it:\n");
    buf_str(out,
            "- Not one event is altered, missing, added or in another order, from the launch to "
            "record ");
    cli_member(out, report, "last_record");
    buf_str(out, ".\n- The head of that record was signed, by the coordinator's clock, at ");
    cli_member(out, last, "at");
    buf_str(out, ".\n- The content and the audience were bound in the record of the launch.\n- ");
    buf_str(out, json_is_true(json_object_get(report, "ended"))
                     ? "The campaign had ended by then.\n"
                     : "The campaign had NOT ended by then: more may have happened since.\n");
    if (!is_trusted) {
        buf_str(out,
                "\nWARNING: no key was given to check it with. The key in the file proves nothing: "
                "whoever\nforges a bundle signs it with a key of his own. Get the public key from "
                "the coordinator's\noperator by another way, and say --public-key KEY.\n");
    }
}

void evidence_print(struct cli *cli, json_t *report, bool is_trusted)
{
    struct buf out = {0};
    put_what(&out, report);
    if (json_object_get(report, "recipient") != NULL) {
        put_values(&out, report);
    }
    put_timeline(&out, json_object_get(report, "timeline"));
    put_texts(&out, json_object_get(report, "texts"));
    if (json_object_get(report, "events") != NULL) {
        put_events(&out, json_object_get(report, "events"));
    }
    put_verdict(&out, report, is_trusted);
    cli_print(cli, &out);
    buf_release(&out);
}
