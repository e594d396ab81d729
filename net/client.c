/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One easy handle for everything, so that a command of several requests uses one connection. A
 * try is set up from the request each time (client_prepare), because reset is the only way to be
 * sure that nothing of the try before is left.
 */
#include "net/client.h"

#include <assert.h>
#include <curl/curl.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/interrupt.h"
#include "common/mem.h"
#include "net/problem_document.h"

#define BODY_MAX_BYTES     ((size_t)64 * 1024 * 1024)
#define UPLOAD_BUF_BYTES   (256 * 1024L)
#define DOWNLOAD_BUF_BYTES (256 * 1024L)
#define CONNECT_MAX_MS     5000L
#define REQUEST_MAX_MS     60000L
#define SILENCE_MAX_S      60L   /* of a download */
#define TRIES_MAX_MS       30000 /* no new try begins later than this after the first */
#define WAIT_FIRST_MS      250
#define WAIT_MAX_MS        4000
#define KEY_BYTES          16
#define USER_AGENT         "tocsin"

struct client {
    CURL *curl;
    char *api;
    char *token;
    char *token_from;
    char *ca_file;
    client_note_fn note;
    void *note_arg;
    bool has_answered;
    char curl_text[CURL_ERROR_SIZE];
};

/* One request with all its tries. */
struct transfer {
    struct client *client;
    const struct client_request *request;
    const struct client_upload *upload;     /* NULL for none */
    const struct client_download *download; /* likewise */
    bool has_header;                        /* it was looked for */
    struct client_answer *answer;
    char key[2 * KEY_BYTES + 1]; /* Idempotency-Key; empty for none, or the request has one */
    struct slice head;           /* of the upload: what is left of it */
    uint64_t sent;
    bool read_failed;
    bool too_large;
    long retry_after_s;
};

static void client_key(char key[2 * KEY_BYTES + 1])
{
    uint8_t bytes[KEY_BYTES];
    ssize_t got = getrandom(bytes, sizeof(bytes), 0);
    assert(got == (ssize_t)sizeof(bytes));
    struct buf hex = {0};
    for (size_t i = 0; i < sizeof(bytes); i++) {
        buf_printf(&hex, "%02x", bytes[i]);
    }
    memcpy(key, buf_cstr(&hex), 2 * KEY_BYTES + 1);
    buf_release(&hex);
}

/* The API's address without a slash at its end; ERR_INVALID if it is none. */
static enum err client_set_api(struct client *client, const char *api, struct problem *problem)
{
    CURLU *url = curl_url();
    assert(url != NULL);
    char *scheme = NULL;
    bool is_good = curl_url_set(url, CURLUPART_URL, api, 0) == CURLUE_OK &&
                   curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                   (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
    curl_free(scheme);
    curl_url_cleanup(url);
    if (!is_good) {
        return problem_set(problem, ERR_INVALID,
                           "\"%s\" is no address of an API; it looks like http://127.0.0.1:7480",
                           api);
    }
    size_t len = strlen(api);
    while (len > 0 && api[len - 1] == '/') {
        len--;
    }
    client->api = mem_copy_strn(api, len);
    return ERR_OK;
}

enum err client_new(struct client **out, const struct client_settings *settings,
                    struct problem *problem)
{
    struct client *client = mem_zalloc(1, sizeof(*client));
    *out = NULL;
    enum err err = client_set_api(client, settings->api, problem);
    if (err != ERR_OK) {
        client_free(client);
        return err;
    }
    client->token = mem_copy_str(settings->token);
    client->token_from = mem_copy_str(settings->token_from);
    client->ca_file = mem_copy_str(settings->ca_file);
    client->note = settings->note;
    client->note_arg = settings->note_arg;
    client->curl = curl_easy_init();
    assert(client->curl != NULL);
    *out = client;
    return ERR_OK;
}

void client_free(struct client *client)
{
    if (client != NULL) {
        curl_easy_cleanup(client->curl);
        mem_free(client->api);
        mem_free(client->token);
        mem_free(client->token_from);
        mem_free(client->ca_file);
        mem_free(client);
    }
}

const char *client_api(const struct client *client)
{
    return client->api;
}

void client_answer_release(struct client_answer *answer)
{
    buf_release(&answer->body);
}

/* ---- callbacks of one try ---- */

static size_t download_bytes(struct transfer *transfer, struct slice bytes)
{
    const struct client_download *download = transfer->download;
    struct curl_header *header;
    if (!transfer->has_header) {
        transfer->has_header = true;
        if (download->header != NULL &&
            curl_easy_header(transfer->client->curl, download->header, 0, CURLH_HEADER, -1,
                             &header) == CURLHE_OK) {
            download->on_header(download->arg, header->value);
        }
    }
    return download->on_bytes(download->arg, bytes) ? bytes.len : 0;
}

static size_t transfer_on_bytes(char *bytes, size_t size, size_t count, void *arg)
{
    struct transfer *transfer = arg;
    long status = 0;
    (void)curl_easy_getinfo(transfer->client->curl, CURLINFO_RESPONSE_CODE, &status);
    if (transfer->download != NULL && problem_document_err(status) == ERR_OK) {
        return download_bytes(transfer, slice_of(bytes, size * count));
    }
    if (transfer->request->sink != NULL && problem_document_err(status) == ERR_OK) {
        return fwrite(bytes, size, count, transfer->request->sink);
    }
    if (transfer->answer->body.len + size * count > BODY_MAX_BYTES) {
        transfer->too_large = true;
        return 0;
    }
    buf_append(&transfer->answer->body, bytes, size * count);
    return size * count;
}

static size_t transfer_on_read(char *into, size_t size, size_t count, void *arg)
{
    struct transfer *transfer = arg;
    size_t room = size * count;
    size_t len = transfer->head.len < room ? transfer->head.len : room;
    if (len > 0) {
        memcpy(into, transfer->head.data, len);
        transfer->head = slice_of(transfer->head.data + len, transfer->head.len - len);
    } else {
        ssize_t got;
        do {
            got = read(transfer->upload->fd, into, room);
        } while (got < 0 && errno == EINTR && !interrupt_is_asked());
        if (got < 0) {
            transfer->read_failed = !interrupt_is_asked();
            return CURL_READFUNC_ABORT;
        }
        len = (size_t)got;
    }
    transfer->sent += len;
    return len;
}

static int transfer_on_progress(void *arg, curl_off_t down_total, curl_off_t down,
                                curl_off_t up_total, curl_off_t up)
{
    const struct transfer *transfer = arg;
    (void)down_total;
    (void)down;
    (void)up_total;
    (void)up;
    if (transfer->upload != NULL && transfer->upload->progress != NULL) {
        transfer->upload->progress(transfer->upload->arg, transfer->sent);
    }
    return interrupt_is_asked() ? 1 : 0;
}

/* ---- setting up a try ---- */

static void client_option(CURLcode code)
{
    assert(code == CURLE_OK); /* a name or a type that libcurl does not know, or no memory */
}

static struct curl_slist *header_add(struct curl_slist *headers, const char *name,
                                     const char *value)
{
    if (value == NULL || *value == '\0') {
        return headers;
    }
    struct buf line = {0};
    buf_printf(&line, "%s: %s", name, value);
    struct curl_slist *more = curl_slist_append(headers, buf_cstr(&line));
    assert(more != NULL);
    buf_release(&line);
    return more;
}

static struct curl_slist *transfer_headers(const struct transfer *transfer)
{
    const struct client_request *request = transfer->request;
    const struct client_upload *upload = transfer->upload;
    struct curl_slist *headers = NULL;
    headers = header_add(headers, "Accept",
                         request->accept == NULL ? "application/json" : request->accept);
    headers =
        header_add(headers, "Idempotency-Key", request->key == NULL ? transfer->key : request->key);
    if (transfer->download != NULL && transfer->download->last_event_id != NULL) {
        headers = header_add(headers, "Last-Event-ID", transfer->download->last_event_id);
    }
    if (transfer->client->token != NULL) {
        struct buf bearer = {0};
        buf_printf(&bearer, "Bearer %s", transfer->client->token);
        headers = header_add(headers, "Authorization", buf_cstr(&bearer));
        buf_release(&bearer);
    }
    if (upload != NULL) {
        headers = header_add(headers, "Content-Type", upload->content_type);
        headers = header_add(headers, "Content-Encoding", upload->content_encoding);
        headers = header_add(headers, "Transfer-Encoding", upload->has_size ? NULL : "chunked");
    } else if (request->body != NULL) {
        headers = header_add(headers, "Content-Type", "application/json");
    }
    return headers;
}

static bool is_loopback(const char *api)
{
    return strstr(api, "//127.") != NULL || strstr(api, "//localhost") != NULL ||
           strstr(api, "//[::1]") != NULL;
}

static void transfer_prepare_body(const struct transfer *transfer, CURL *curl)
{
    const struct client_request *request = transfer->request;
    if (transfer->upload != NULL) {
        client_option(curl_easy_setopt(curl, CURLOPT_POST, 1L));
        client_option(curl_easy_setopt(curl, CURLOPT_READFUNCTION, transfer_on_read));
        client_option(curl_easy_setopt(curl, CURLOPT_READDATA, transfer));
        client_option(curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BUF_BYTES));
        client_option(curl_easy_setopt(
            curl, CURLOPT_POSTFIELDSIZE_LARGE,
            transfer->upload->has_size ? (curl_off_t)transfer->upload->size : (curl_off_t)-1));
        return;
    }
    if (transfer->download != NULL) {
        client_option(curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L));
        client_option(curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, SILENCE_MAX_S));
        client_option(curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, DOWNLOAD_BUF_BYTES));
    } else {
        client_option(curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, REQUEST_MAX_MS));
    }
    if (strcmp(request->method, "GET") != 0) {
        client_option(
            curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body == NULL ? "" : request->body));
        client_option(curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method));
    }
}

static void transfer_prepare(struct transfer *transfer, struct curl_slist *headers)
{
    struct client *client = transfer->client;
    CURL *curl = client->curl;
    struct buf url = {0};
    curl_easy_reset(curl);
    buf_printf(&url, "%s%s", client->api, transfer->request->path);
    client_option(curl_easy_setopt(curl, CURLOPT_URL, buf_cstr(&url)));
    buf_release(&url);
    client_option(curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https"));
    client_option(curl_easy_setopt(curl, CURLOPT_USERAGENT, USER_AGENT));
    client_option(curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers));
    client_option(curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, client->curl_text));
    client_option(curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MAX_MS));
    client_option(curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L));
    client_option(curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, transfer_on_bytes));
    client_option(curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer));
    client_option(curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L));
    client_option(curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, transfer_on_progress));
    client_option(curl_easy_setopt(curl, CURLOPT_XFERINFODATA, transfer));
    if (client->ca_file != NULL) {
        client_option(curl_easy_setopt(curl, CURLOPT_CAINFO, client->ca_file));
    }
    if (is_loopback(client->api)) {
        client_option(curl_easy_setopt(curl, CURLOPT_PROXY, "")); /* a proxy would look at itself */
    }
    transfer_prepare_body(transfer, curl);
}

/* ---- tries ---- */

static enum err transfer_failed(const struct transfer *transfer, CURLcode code,
                                struct problem *problem)
{
    const struct client *client = transfer->client;
    const char *text = client->curl_text[0] == '\0' ? curl_easy_strerror(code) : client->curl_text;
    if (interrupt_is_asked()) {
        return problem_set(problem, ERR_CLOSED, "interrupted");
    }
    if (transfer->read_failed) {
        return problem_set(problem, ERR_IO,
                           "the file cannot be read to its end; the upload was broken "
                           "off and leaves nothing");
    }
    if (transfer->too_large) {
        return problem_set(problem, ERR_LIMIT, "the answer is longer than %zu MB",
                           BODY_MAX_BYTES >> 20);
    }
    if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST) {
        return problem_set(
            problem, ERR_CLOSED,
            "the coordinator at %s cannot be reached (%s); is it running, and is the "
            "address right? --api URL or TOCSIN_API says another",
            client->api, text);
    }
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE) {
        return problem_set(
            problem, ERR_CLOSED,
            "the certificate of the coordinator at %s is not trusted (%s); --ca-file FILE or "
            "TOCSIN_CA_FILE names the certificate that signed it, in PEM%s%s",
            client->api, text, client->ca_file == NULL ? "" : "; asked was ",
            client->ca_file == NULL ? "" : client->ca_file);
    }
    if (code == CURLE_SSL_CONNECT_ERROR) {
        return problem_set(problem, ERR_CLOSED,
                           "no encrypted connection to the coordinator at %s (%s); if it does not "
                           "speak TLS, write http://",
                           client->api, text);
    }
    if (code == CURLE_OPERATION_TIMEDOUT) {
        return problem_set(problem, ERR_TIMEOUT,
                           "the coordinator at %s does not answer in time (%s)", client->api, text);
    }
    bool may_be_tls = !client->has_answered && strncmp(client->api, "http:", 5) == 0;
    return problem_set(problem, ERR_CLOSED, "the connection to the coordinator at %s broke (%s)%s",
                       client->api, text,
                       may_be_tls ? "; if it speaks TLS (listen.tls), write https://" : "");
}

static void problem_add_token_hint(const struct client *client, struct problem *problem)
{
    struct problem before = *problem;
    if (client->token == NULL) {
        (void)problem_set(
            problem, before.err,
            "%s; no token was given: --token-file FILE or TOCSIN_TOKEN_FILE names it, "
            "the coordinator keeps it as admin.token in its data directory",
            before.text);
    } else {
        (void)problem_set(problem, before.err,
                          "%s; the token came from %s (an admin makes others: tocsin token create; "
                          "the first is in admin.token in the coordinator's data directory)",
                          before.text, client->token_from);
    }
}

/* One try. */
static enum err transfer_try(struct transfer *transfer, struct problem *problem)
{
    struct client *client = transfer->client;
    struct curl_slist *headers = transfer_headers(transfer);
    buf_clear(&transfer->answer->body);
    transfer->answer->status = 0;
    transfer->retry_after_s = 0;
    transfer->sent = 0;
    client->curl_text[0] = '\0';
    transfer_prepare(transfer, headers);
    CURLcode code = curl_easy_perform(client->curl);
    long *status = &transfer->answer->status;
    (void)curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, status);
    curl_off_t after_s = 0;
    (void)curl_easy_getinfo(client->curl, CURLINFO_RETRY_AFTER, &after_s);
    transfer->retry_after_s = (long)after_s;
    curl_slist_free_all(headers);
    /* A server that refuses an upload answers and closes; the refusal counts, not the broken pipe.
     */
    bool is_refusal = *status >= 400 && !transfer->too_large && !interrupt_is_asked();
    if (code != CURLE_OK && !is_refusal) {
        return transfer_failed(transfer, code, problem);
    }
    client->has_answered = true;
    if (problem_document_err(*status) == ERR_OK) {
        return ERR_OK;
    }
    enum err err = problem_document_read(*status, buf_view(&transfer->answer->body), problem);
    if (err == ERR_UNAUTHORIZED) {
        problem_add_token_hint(client, problem);
    }
    return err;
}

/* The upload from its start; false if it cannot be read a second time. */
static bool transfer_rewind(struct transfer *transfer)
{
    if (transfer->upload == NULL) {
        return true;
    }
    transfer->head = slice_of(NULL, 0);
    return transfer->upload->can_rewind && lseek(transfer->upload->fd, 0, SEEK_SET) == 0;
}

static bool transfer_may_repeat(const struct transfer *transfer, enum err err)
{
    if (interrupt_is_asked() || transfer->request->once || transfer->read_failed ||
        transfer->request->sink != NULL) {
        return false;
    }
    if (transfer->answer->status == 0) {
        return (err == ERR_CLOSED || err == ERR_TIMEOUT) && transfer->client->has_answered;
    }
    return transfer->answer->status == 503 && transfer->retry_after_s > 0;
}

static enum err transfer_run(struct transfer *transfer, struct problem *problem)
{
    const struct client *client = transfer->client;
    uint64_t started_ms = clock_monotonic_ms();
    uint32_t wait_ms = WAIT_FIRST_MS;
    for (;;) {
        enum err err = transfer_try(transfer, problem);
        if (err == ERR_OK || !transfer_may_repeat(transfer, err)) {
            return err;
        }
        uint64_t pause_ms = wait_ms;
        if ((uint64_t)transfer->retry_after_s * 1000 > pause_ms) {
            pause_ms = (uint64_t)transfer->retry_after_s * 1000;
        }
        if (clock_monotonic_ms() + pause_ms > started_ms + TRIES_MAX_MS ||
            !transfer_rewind(transfer)) {
            return err;
        }
        if (client->note != NULL) {
            struct buf note = {0};
            buf_printf(&note, "%s; trying again", problem->text);
            client->note(client->note_arg, buf_cstr(&note));
            buf_release(&note);
        }
        if (!interrupt_sleep_ms((uint32_t)pause_ms)) {
            return problem_set(problem, ERR_CLOSED, "interrupted");
        }
        wait_ms = wait_ms * 2 > WAIT_MAX_MS ? WAIT_MAX_MS : wait_ms * 2;
    }
}

enum err client_send(struct client *client, const struct client_request *request,
                     struct client_answer *answer, struct problem *problem)
{
    struct transfer transfer = {.client = client, .request = request, .answer = answer};
    *answer = (struct client_answer){0};
    if (strcmp(request->method, "GET") != 0 && request->key == NULL) {
        client_key(transfer.key);
    }
    return transfer_run(&transfer, problem);
}

enum err client_download(struct client *client, const struct client_download *download,
                         struct problem *problem)
{
    struct client_answer answer = {0};
    const struct client_request request = {
        .method = "GET", .path = download->path, .accept = download->accept};
    struct transfer transfer = {
        .client = client, .request = &request, .download = download, .answer = &answer};
    enum err err = transfer_try(&transfer, problem);
    client_answer_release(&answer);
    return err;
}

bool client_has_answered(const struct client *client)
{
    return client->has_answered;
}

static enum err answer_json(const struct client *client, const struct client_answer *answer,
                            json_t **json, struct problem *problem)
{
    *json = json_loadb((const char *)answer->body.data, answer->body.len, 0, NULL);
    if (*json == NULL) {
        return problem_set(problem, ERR_IO,
                           "the answer of %s is not JSON; is a Tocsin coordinator there?",
                           client->api);
    }
    return ERR_OK;
}

enum err client_json(struct client *client, const struct client_request *request, json_t **json,
                     struct problem *problem)
{
    struct client_answer answer;
    *json = NULL;
    enum err err = client_send(client, request, &answer, problem);
    if (err == ERR_OK) {
        err = answer_json(client, &answer, json, problem);
    }
    client_answer_release(&answer);
    return err;
}

enum err client_get(struct client *client, const char *path, json_t **json, struct problem *problem)
{
    struct client_request request = {.method = "GET", .path = path};
    return client_json(client, &request, json, problem);
}

enum err client_post(struct client *client, const char *path, const char *body, json_t **json,
                     struct problem *problem)
{
    struct client_request request = {.method = "POST", .path = path, .body = body};
    return client_json(client, &request, json, problem);
}

enum err client_upload(struct client *client, const struct client_upload *upload, json_t **json,
                       struct problem *problem)
{
    struct client_answer answer = {0};
    struct client_request request = {.method = "POST", .path = upload->path};
    struct transfer transfer = {.client = client,
                                .request = &request,
                                .upload = upload,
                                .answer = &answer,
                                .head = upload->head};
    *json = NULL;
    client_key(transfer.key);
    enum err err = transfer_run(&transfer, problem);
    if (err == ERR_OK) {
        err = answer_json(client, &answer, json, problem);
    }
    client_answer_release(&answer);
    return err;
}
