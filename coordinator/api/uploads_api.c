/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An upload goes from the socket into an import as it arrives; the import's threads hold the client
 * back when they do not keep up. It has two lives that end in either order: the request's (the
 * client may break off) and the import's (a row may be refused long before the body ends). The
 * struct goes when both are over.
 *
 *     head ──► import_new ──pieces──► body complete ──► import_end ──► done ──► catalogue entry,
 * 201 when durable │  client gone: abort                                 └──► refused: 422, the
 * rest is thrown away
 */
#include <string.h>
#include <strings.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include "coordinator/api/audience_json.h"
#include "coordinator/api/audience_upload.h"
#include "coordinator/api/exchange.h"
#include "coordinator/api/resources.h"
#include "coordinator/content/object_id.h"

#define MAPPINGS_MAX PAGE_COLUMNS_MAX

/* ---- what is asked for ---- */

struct upload_request {
    struct audience_settings settings;
    struct audience_mapping *mappings; /* in the arena */
};

static bool read_name(struct exchange *exchange, struct upload_request *request)
{
    const char *name = query_string_get(&exchange->query, "name");
    size_t len = name == NULL ? 0 : strlen(name);
    bool is_line = true;
    for (size_t i = 0; i < len; i++) {
        is_line = is_line && (unsigned char)name[i] >= 0x20 && name[i] != 0x7f;
    }
    if (len == 0 || len > AUDIENCE_NAME_MAX || !is_line) {
        exchange_refuse_parameter(exchange, "name",
                                  "name must be one line of 1 to %d bytes: what people call the "
                                  "audience",
                                  AUDIENCE_NAME_MAX);
        return false;
    }
    request->settings.name = name;
    return true;
}

static bool has_type(const char *header, const char *type)
{
    size_t len = strlen(type);
    return header != NULL && strncasecmp(header, type, len) == 0 &&
           strchr("; \t", header[len]) != NULL;
}

static bool read_format(struct exchange *exchange, struct upload_request *request)
{
    const char *format = query_string_get(&exchange->query, "format");
    const char *type = http_header(exchange->http, "Content-Type");
    bool is_csv = format != NULL ? strcmp(format, "csv") == 0 : has_type(type, "text/csv");
    bool is_ndjson =
        format != NULL ? strcmp(format, "ndjson") == 0 : has_type(type, "application/x-ndjson");
    if (is_csv || is_ndjson) {
        request->settings.format = is_csv ? AUDIENCE_CSV : AUDIENCE_NDJSON;
        return true;
    }
    if (format != NULL) {
        exchange_refuse_parameter(exchange, "format", "format must be csv or ndjson, not \"%.64s\"",
                                  format);
        return false;
    }
    exchange_problem(exchange,
                     &(struct problem_reply){
                         .status = 415,
                         .detail = "the Content-Type must be text/csv or application/x-ndjson, or "
                                   "the parameter format must say which it is"});
    return false;
}

static bool read_encoding(struct exchange *exchange, struct upload_request *request)
{
    static const char *const words[] = {
        [AUDIENCE_IDENTITY] = "identity", [AUDIENCE_GZIP] = "gzip", [AUDIENCE_ZSTD] = "zstd"};
    const char *encoding = http_header(exchange->http, "Content-Encoding");
    if (encoding == NULL) {
        return true;
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcasecmp(encoding, words[i]) == 0) {
            request->settings.encoding = (enum audience_encoding)i;
            return true;
        }
    }
    exchange_problem(
        exchange, &(struct problem_reply){.status = 415,
                                          .detail = "the Content-Encoding must be gzip or zstd"});
    return false;
}

static bool read_on_error(struct exchange *exchange, struct upload_request *request)
{
    const char *on_error = query_string_get(&exchange->query, "on_error");
    const char *max = query_string_get(&exchange->query, "max");
    bool is_max = on_error != NULL && strcmp(on_error, "max") == 0;
    if (on_error == NULL || strcmp(on_error, "stop") == 0) {
        request->settings.on_error = AUDIENCE_STOP;
    } else if (strcmp(on_error, "skip") == 0) {
        request->settings.on_error = AUDIENCE_SKIP;
    } else if (is_max) {
        request->settings.on_error = AUDIENCE_SKIP_UP_TO;
    } else {
        exchange_refuse_parameter(exchange, "on_error",
                                  "on_error must be stop, skip or max, not \"%.64s\"", on_error);
        return false;
    }
    if (is_max != (max != NULL) ||
        (is_max && !text_number(slice_str(max), 0, INT64_MAX, &request->settings.refused_max))) {
        exchange_refuse_parameter(exchange, "max",
                                  "on_error=max needs max=N, how many rows may be refused; nothing "
                                  "else takes it");
        return false;
    }
    return true;
}

static bool read_map(struct exchange *exchange, struct upload_request *request)
{
    const char *map = query_string_get(&exchange->query, "map");
    struct problem problem = {0};
    if (map == NULL) {
        return true;
    }
    request->mappings = arena_zalloc(exchange->arena, MAPPINGS_MAX, sizeof(*request->mappings));
    int count = audience_mappings_parse(map, request->mappings, MAPPINGS_MAX, &problem);
    if (count < 0) {
        exchange_refuse_parameter(exchange, "map", "%s", problem.text);
        return false;
    }
    request->settings.mappings = request->mappings;
    request->settings.mapping_count = (unsigned)count;
    return true;
}

static bool read_request(struct exchange *exchange, struct upload_request *request)
{
    const struct api *api = exchange->api;
    *request = (struct upload_request){
        .settings = {.codec = api->context.page_codec,
                     .threads = api->context.import_threads,
                     .temp_dir = api->context.data_dir},
    };
    if (api->upload_count >= api->context.uploads_max) {
        exchange_problem(exchange, &(struct problem_reply){
                                       .status = 503,
                                       .detail = "as many uploads as may be are under way; try "
                                                 "again when one has ended"});
        return false;
    }
    return read_name(exchange, request) && read_format(exchange, request) &&
           read_encoding(exchange, request) && read_on_error(exchange, request) &&
           read_map(exchange, request);
}

/* ---- under way ---- */

static void upload_free(struct upload *upload)
{
    struct api *api = upload->api;
    if (upload->previous != NULL) {
        upload->previous->next = upload->next;
    } else {
        api->uploads = upload->next;
    }
    if (upload->next != NULL) {
        upload->next->previous = upload->previous;
    }
    api->upload_count--;
    mem_free(upload);
}

static bool on_piece(void *arg, struct http_request *request, struct slice piece)
{
    struct upload *upload = arg;
    (void)request;
    if (upload->exchange->key != NULL) {
        fingerprint_add(&upload->exchange->fingerprint, piece);
    }
    return audience_import_feed(upload->import, piece);
}

static void on_room(void *arg)
{
    struct upload *upload = arg;
    if (upload->exchange != NULL) {
        http_resume(upload->exchange->http);
    }
}

static void on_complete(struct exchange *exchange)
{
    struct upload *upload = exchange->resource;
    if (upload->import != NULL) {
        upload->is_ended = true;
        audience_import_end(upload->import);
    }
}

static void on_finished(struct exchange *exchange)
{
    struct upload *upload = exchange->resource;
    upload->exchange = NULL;
    if (upload->import != NULL) {
        audience_import_abort(upload->import);
    } else {
        upload_free(upload);
    }
}

/* "line 17, column "phone": ..." of a refused row, as members of the answer. */
static void find_place(struct problem_reply *reply, struct arena *arena)
{
    static const char line_word[] = "line ";
    static const char column_word[] = ", column \"";
    const char *line = strstr(reply->detail, line_word);
    if (line == NULL) {
        return;
    }
    line += sizeof(line_word) - 1;
    size_t digits = strspn(line, "0123456789");
    if (!text_number(slice_of(line, digits), 1, INT64_MAX, &reply->line)) {
        return;
    }
    const char *column = line + digits;
    if (strncmp(column, column_word, sizeof(column_word) - 1) == 0) {
        column += sizeof(column_word) - 1;
        reply->column_name = arena_str(arena, slice_of(column, strcspn(column, "\"")));
    }
}

static void refuse(struct upload *upload, const struct problem *problem)
{
    struct exchange *exchange = upload->exchange;
    upload->api->uploads_failed++;
    LOG_W("audience", "upload_failed", "audience=a%llu err=%s", (unsigned long long)upload->id,
          err_name(problem->err));
    if (exchange == NULL) {
        return;
    }
    struct problem_reply reply = {
        .status = problem_reply_status(problem->err),
        .detail = problem->text[0] != '\0' ? problem->text : err_sentence(problem->err),
    };
    find_place(&reply, exchange->arena);
    exchange_problem(exchange, &reply);
}

static void on_durable(struct api *api, void *arg, bool is_durable)
{
    struct audience_info *info = arg;
    if (is_durable) {
        audience_registry_add(api->context.audiences, info);
    }
    mem_free(info);
}

static void keep(struct upload *upload, const struct audience_info *info)
{
    struct api *api = upload->api;
    char location[OBJECT_ID_CHARS + sizeof("/v1/audiences/")] = "/v1/audiences/";
    struct buf key = {0};
    struct buf value = {0};
    ledger_catalogue_key_u64(&key, CATALOGUE_AUDIENCE, info->id);
    audience_info_encode(info, &value);
    record_put(turn_record(api->context.turn), buf_view(&key), buf_view(&value));
    buf_release(&key);
    buf_release(&value);
    object_id_write(location + strlen(location), OBJECT_AUDIENCE, info->id);
    api->uploads_done++;
    LOG_I("audience", "sealed", "audience=a%llu rows=%llu accepted=%llu refused=%llu",
          (unsigned long long)info->id, (unsigned long long)info->rows,
          (unsigned long long)info->accepted, (unsigned long long)info->refused);
    exchange_note(upload->exchange, "\"%s\", %llu recipients", info->name,
                  (unsigned long long)info->accepted);
    exchange_commit(upload->exchange, 201, location, audience_json(info), on_durable,
                    mem_copy(info, sizeof(*info)));
}

static void on_done(void *arg, const struct audience_info *info, const struct problem *problem)
{
    struct upload *upload = arg;
    upload->import = NULL;
    if (info != NULL && upload->exchange != NULL) {
        keep(upload, info);
    } else {
        refuse(upload, info == NULL ? problem : &(struct problem){.err = ERR_CLOSED});
    }
    if (upload->exchange == NULL) {
        upload_free(upload);
    }
}

static struct upload *upload_new(struct exchange *exchange, const char *name)
{
    struct api *api = exchange->api;
    struct upload *upload = mem_zalloc(1, sizeof(*upload));
    upload->api = api;
    upload->exchange = exchange;
    upload->id = audience_registry_take_id(api->context.audiences);
    upload->started_ms = api_now_ms(api);
    memcpy(upload->name, name, strlen(name) + 1); /* at most AUDIENCE_NAME_MAX */
    upload->next = api->uploads;
    if (upload->next != NULL) {
        upload->next->previous = upload;
    }
    api->uploads = upload;
    api->upload_count++;
    exchange->resource = upload;
    exchange->on_complete = on_complete;
    exchange->on_finished = on_finished;
    return upload;
}

void uploads_post(struct exchange *exchange)
{
    struct upload_request request;
    if (!read_request(exchange, &request)) {
        return;
    }
    struct api *api = exchange->api;
    struct upload *upload = upload_new(exchange, request.settings.name);
    request.settings.id = upload->id;
    upload->import = audience_import_new(api->context.ledger, api->context.loop, &request.settings,
                                         on_room, on_done, upload);
    http_stream_body(exchange->http, on_piece, upload);
}

void uploads_list(struct exchange *exchange)
{
    json_t *list = json_array();
    for (const struct upload *upload = exchange->api->uploads; upload != NULL;
         upload = upload->next) {
        struct audience_progress progress;
        if (upload->import == NULL) {
            continue;
        }
        audience_import_progress(upload->import, &progress);
        json_array_append_new(list, json_pack("{s:s, s:I, s:I, s:I, s:o}", "name", upload->name,
                                              "bytes", (json_int_t)progress.bytes, "rows",
                                              (json_int_t)progress.rows, "refused",
                                              (json_int_t)progress.refused, "started_at",
                                              exchange_time(upload->started_ms)));
    }
    exchange_json(exchange, 200, list);
}
