/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/list.h"

#include <inttypes.h>
#include <string.h>

#include "cli/human.h"
#include "cli/plan_text.h"
#include "cli/table.h"
#include "common/text.h"

#define PAGE_ITEMS_MAX 1000
#define MEMBER_MAX     64

/* {"sms": 64, "email": 0, "push": 2} as "sms 64, push 2". */
static void put_object(struct buf *buf, json_t *object)
{
    const char *name;
    json_t *value;
    const char *between = "";
    json_object_foreach(object, name, value)
    {
        if (json_number_value(value) != 0 || !json_is_number(value)) {
            buf_str(buf, between);
            human_text(buf, slice_str(name));
            buf_u8(buf, ' ');
            cli_member(buf, object, name);
            between = ", ";
        }
    }
}

/* ["calls", "backup"] as "calls, backup". */
static void put_array(struct buf *buf, const json_t *array)
{
    size_t i;
    json_t *value;
    json_array_foreach(array, i, value)
    {
        const char *text = json_string_value(value);
        buf_str(buf, i == 0 ? "" : ", ");
        human_text(buf, slice_str(text == NULL ? "?" : text));
    }
}

/* "2026-11-23T10:00:00.123Z" as "2026-11-23 10:00:00Z". */
static void put_time(struct buf *buf, const char *text)
{
    uint64_t ignored;
    if (human_time_parse(text, &ignored)) {
        buf_printf(buf, "%.10s %.8sZ", text, text + 11);
    } else {
        human_text(buf, slice_str(text));
    }
}

static void put_value(struct buf *buf, const json_t *object, const char *name, enum list_kind kind)
{
    const char *dot = strchr(name, '.');
    if (dot != NULL) {
        char first[MEMBER_MAX];
        size_t len = (size_t)(dot - name);
        memcpy(first, name, len);
        first[len] = '\0';
        put_value(buf, json_object_get(object, first), dot + 1, kind);
        return;
    }
    json_t *value = json_object_get(object, name);
    if (kind == LIST_UNOPENED) {
        cli_unopened(buf, value);
    } else if (kind == LIST_PLAN) {
        plan_text_write(buf, value);
    } else if (json_is_object(value)) {
        put_object(buf, value);
    } else if (json_is_array(value)) {
        put_array(buf, value);
    } else if (kind == LIST_RANK && json_is_integer(value)) {
        human_count(buf, (uint64_t)json_integer_value(value) + 1);
    } else if (kind == LIST_PLACE && json_is_integer(value)) {
        buf_printf(buf, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    } else if (kind == LIST_LIMIT && json_number_value(value) <= 0) {
        buf_str(buf, "none");
    } else if ((kind == LIST_LIMIT || kind == LIST_RATE) && json_is_real(value)) {
        human_limit(buf, json_real_value(value));
    } else if (kind == LIST_TIME && json_is_string(value)) {
        put_time(buf, json_string_value(value));
    } else {
        cli_member(buf, object, name);
    }
}

/* The path of the next page. */
static void page_path(struct buf *path, const struct list *list, uint64_t seen, const char *cursor)
{
    uint64_t want = list->limit == 0 || list->limit - seen > PAGE_ITEMS_MAX ? PAGE_ITEMS_MAX
                                                                            : list->limit - seen;
    buf_clear(path);
    buf_printf(path, "%s%climit=%" PRIu64, list->path, strchr(list->path, '?') == NULL ? '?' : '&',
               want);
    if (cursor != NULL) {
        buf_str(path, "&cursor=");
        text_url_encode(path, slice_str(cursor));
    }
}

static void print_item(struct cli *cli, const struct list *list, struct table *table,
                       const json_t *item)
{
    struct buf text = {0};
    if (cli->is_json) {
        cli_print_json(cli, item);
    } else if (cli->is_quiet) {
        fprintf(cli->out.file, "%s\n", cli_member_str(item, list->columns[0].member));
    } else {
        for (const struct list_column *column = list->columns; column->title != NULL; column++) {
            buf_clear(&text);
            put_value(&text, item, column->member, column->kind);
            table_cell(table, buf_view(&text));
        }
    }
    buf_release(&text);
}

static void print_page(struct cli *cli, const struct list *list, struct table *table,
                       const json_t *items)
{
    size_t i;
    json_t *item;
    struct buf text = {0};
    json_array_foreach(items, i, item)
    {
        print_item(cli, list, table, item);
    }
    if (json_array_size(items) > 0 && !cli->is_json && !cli->is_quiet) {
        table_put(table, &text);
        cli_print(cli, &text);
    }
    buf_release(&text);
}

static enum err print_pages(struct cli *cli, const struct list *list, struct table *table,
                            uint64_t *seen, struct problem *problem)
{
    struct buf path = {0};
    json_t *page = NULL;
    const char *cursor = NULL; /* lives in `page` */
    enum err err = ERR_OK;
    do {
        page_path(&path, list, *seen, cursor);
        json_decref(page);
        err = client_get(cli->client, buf_cstr(&path), &page, problem);
        const json_t *items = json_object_get(page, "items");
        print_page(cli, list, table, items);
        *seen += json_array_size(items);
        cursor = json_string_value(json_object_get(page, "next"));
    } while (err == ERR_OK && cursor != NULL && (list->limit == 0 || *seen < list->limit));
    json_decref(page);
    buf_release(&path);
    return err;
}

static bool is_number(enum list_kind kind)
{
    return kind != LIST_TEXT && kind != LIST_TIME && kind != LIST_PLAN;
}

static void init_table(struct table *table, const struct list_column *columns)
{
    table_init(table);
    for (; columns->title != NULL; columns++) {
        table_column(table, columns->title, is_number(columns->kind));
    }
}

enum exit_code list_print(struct cli *cli, const struct list *list)
{
    struct table table;
    struct problem problem;
    uint64_t seen = 0;
    init_table(&table, list->columns);
    enum err err = print_pages(cli, list, &table, &seen, &problem);
    table_release(&table);
    if (err != ERR_OK) {
        return cli_fail(cli, &problem);
    }
    if (seen == 0 && list->nothing != NULL) {
        cli_say(cli, "%s", list->nothing);
    }
    return EXIT_DONE;
}

void list_print_object(struct cli *cli, const json_t *object, const struct list_column *columns)
{
    struct buf text = {0};
    size_t width = 0;
    for (const struct list_column *column = columns; column->title != NULL; column++) {
        width = strlen(column->title) > width ? strlen(column->title) : width;
    }
    for (const struct list_column *column = columns; column->title != NULL; column++) {
        size_t before = text.len;
        buf_printf(&text, "%-*s  ", (int)width, column->title);
        size_t head = text.len;
        put_value(&text, object, column->member, column->kind);
        if (text.len == head) {
            text.len = before; /* says nothing */
        } else {
            buf_u8(&text, '\n');
        }
    }
    cli_print(cli, &text);
    buf_release(&text);
}

enum exit_code list_print_answer(struct cli *cli, const struct client_request *request,
                                 const struct list_column *columns)
{
    struct problem problem;
    json_t *answer = NULL;
    if (client_json(cli->client, request, &answer, &problem) != ERR_OK) {
        return cli_fail(cli, &problem);
    }
    if (cli->is_json) {
        cli_print_json(cli, answer);
    } else if (!cli->is_quiet) {
        list_print_object(cli, answer, columns);
    }
    json_decref(answer);
    return EXIT_DONE;
}

void list_print_array(struct cli *cli, const json_t *items, const struct list_column *columns)
{
    const struct list list = {.columns = columns};
    struct table table;
    init_table(&table, columns);
    print_page(cli, &list, &table, items);
    table_release(&table);
}
