/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tocsin makes of an answer: the first two bytes are its status, the rest is its body. It is
 * read as a problem document and shown as each of the views; whatever the other side says, a
 * terminal gets text and line breaks only, and each line of the live view fits.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/human.h"
#include "cli/list.h"
#include "cli/progress.h"
#include "common/text.h"
#include "net/problem_document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(struct slice text)
{
    assert(text_is_utf8(text, NULL));
    for (size_t i = 0; i < text.len; i++) {
        assert(text.data[i] == '\n' || (text.data[i] >= 0x20 && text.data[i] != 0x7f));
    }
}

static void read_problem(long status, struct slice body)
{
    struct problem problem = {0};
    struct buf text = {0};
    enum err err = problem_document_read(status, body, &problem);
    assert(err == problem_document_err(status) && problem.text[0] != '\0');
    human_text(&text, slice_str(problem.text));
    check_text(buf_view(&text));
    buf_release(&text);
}

static void check_width(struct slice text, unsigned columns)
{
    while (text.len > 0) {
        const uint8_t *end = memchr(text.data, '\n', text.len);
        assert(end != NULL);
        size_t len = (size_t)(end - text.data);
        assert(human_columns(slice_of(text.data, len)) <= columns);
        text = slice_of(end + 1, text.len - len - 1);
    }
}

static void show_progress(const json_t *json)
{
    static const struct progress_style styles[] = {{80, false, true}, {20, false, false}};
    struct progress progress;
    if (!progress_read(&progress, json, 1700000000000)) {
        return;
    }
    progress_add_providers(&progress, json_object_get(json, "providers"));
    progress_add_workers(&progress, json_object_get(json, "workers"));
    for (size_t i = 0; i < sizeof(styles) / sizeof(styles[0]); i++) {
        struct buf text = {0};
        progress_view(&text, &progress, &styles[i]);
        check_width(buf_view(&text), styles[i].columns);
        progress_line(&text, &progress);
        progress_closing(&text, &progress, &styles[i]);
        check_text(buf_view(&text));
        buf_release(&text);
    }
}

static void show_object(const json_t *json)
{
    static const struct list_column columns[] = {
        {"name", "name", LIST_TEXT},          {"rate", "rate_per_s", LIST_LIMIT},
        {"at", "created_at", LIST_TIME},      {"place", "ordinal", LIST_RANK},
        {"line", "line", LIST_PLACE},         {"reachable", "reachable", LIST_TEXT},
        {"plan", "plan.provider", LIST_TEXT}, {NULL, NULL, LIST_TEXT},
    };
    char *bytes = NULL;
    size_t len = 0;
    struct cli cli = {.out = {.file = open_memstream(&bytes, &len)}};
    assert(cli.out.file != NULL);
    list_print_object(&cli, json, columns);
    (void)fclose(cli.out.file);
    check_text(slice_of(bytes, len));
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    struct slice body = slice_of(data + 2, size - 2);
    read_problem(data[0] * 256L + data[1], body);
    json_t *json = json_loadb((const char *)body.data, body.len, 0, NULL);
    if (json != NULL) {
        show_progress(json);
        show_object(json);
        json_decref(json);
    }
    return 0;
}
