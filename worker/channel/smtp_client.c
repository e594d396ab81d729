/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl makes the connection: resolver, TCP, greeting, STARTTLS with verification, login. The
 * mails then go over it by our own dialogue (CURLOPT_CONNECT_ONLY, curl_easy_send and _recv),
 * because libcurl's own waits for the reply to the end of the data, and for the reply to QUIT,
 * inside the call: a relay that takes a second over each would stop the whole loop for that second.
 * It also sends one command a round trip, and gives up the connection after every refused
 * recipient.
 *
 * A connection on which nothing was heard since the mail began, though mails went over it before,
 * is stale: the relay hung up while it was idle. The mail cannot have been taken, so it is tried
 * once more on a new connection, as part of the same attempt. So it is when the relay says at the
 * first command that it closes the connection (421: too many mails on it, too long idle).
 */
#include "worker/channel/smtp_client.h"

#include <assert.h>
#include <strings.h>

#include "common/mem.h"
#include "net/transfer.h"

struct smtp_line {
    struct transfer transfer; /* first: callbacks get it */
    struct smtp_client *client;
    struct smtp_dialogue dialogue;
    struct smtp_features features; /* as the greeting goes by */
    bool offers_login;
    bool is_open;
    bool is_taken;
    uint32_t mails; /* done over the present connection */
    uint32_t tag;
    struct buf from;
    struct buf to;
    bool needs_utf8;
};

struct smtp_client {
    struct transfer_hub *hub;
    struct transfer_tally *tally; /* NULL: nothing is counted */
    smtp_client_answer_fn on_answer;
    void *arg;
    bool has_login;
    bool is_secure; /* may hold more than the socket says: read until nothing comes */
    bool is_closing;
    uint32_t timeout_ms;
    uint32_t connections;
    struct smtp_line *lines;
};

static void line_on_event(struct transfer *transfer, int uv_events);

/* --- the greeting --- */

static bool line_says(struct slice line, const char *code, const char *word)
{
    size_t len = strlen(word);
    return line.len >= 4 + len && memcmp(line.data, code, 3) == 0 &&
           strncasecmp((const char *)line.data + 4, word, len) == 0;
}

/* Every line that the relay says until the login is done. After STARTTLS it introduces itself
 * again. */
static size_t line_on_greeting(char *bytes, size_t size, size_t count, void *arg)
{
    struct smtp_line *line = arg;
    struct slice said = slice_of(bytes, size * count);
    if (line_says(said, "220", "")) {
        line->features = (struct smtp_features){0};
        line->offers_login = false;
    } else if (line_says(said, "250", "PIPELINING")) {
        line->features.pipelining = true;
    } else if (line_says(said, "250", "SIZE")) {
        line->features.size = true;
    } else if (line_says(said, "250", "SMTPUTF8")) {
        line->features.utf8 = true;
    } else if (line_says(said, "250", "AUTH")) {
        line->offers_login = true;
    }
    return size * count;
}

/* --- a mail --- */

static void line_hang_up(struct smtp_line *line)
{
    transfer_end(&line->transfer);
    line->is_open = false;
    line->mails = 0;
}

static void line_answer(struct smtp_line *line, const struct smtp_verdict *verdict)
{
    struct smtp_client *client = line->client;
    struct smtp_verdict copy = *verdict;
    line->is_taken = false;
    client->on_answer(client->arg, line->tag, &copy);
}

static void line_count(const struct smtp_line *line, size_t sent, size_t received)
{
    struct transfer_tally *tally = line->client->tally;
    if (tally != NULL) {
        tally->sent_bytes += sent;
        tally->received_bytes += received;
    }
}

/* False if the connection is broken. */
static bool line_flush(struct smtp_line *line)
{
    struct slice rest = smtp_dialogue_unsent(&line->dialogue);
    while (rest.len > 0) {
        size_t sent = 0;
        CURLcode code = curl_easy_send(line->transfer.easy, rest.data, rest.len, &sent);
        if (code == CURLE_AGAIN) {
            break;
        }
        if (code != CURLE_OK) {
            return false;
        }
        line_count(line, sent, 0);
        smtp_dialogue_sent(&line->dialogue, sent);
        rest = smtp_dialogue_unsent(&line->dialogue);
    }
    transfer_watch(&line->transfer, rest.len > 0 ? UV_READABLE | UV_WRITABLE : UV_READABLE,
                   line_on_event);
    return true;
}

static bool line_is_stale(const struct smtp_line *line)
{
    const struct smtp_dialogue *dialogue = &line->dialogue;
    bool is_sent_away = dialogue->refused && dialogue->verdict.reason == 421;
    return line->mails > 0 && dialogue->state != SMTP_STATE_END &&
           (!dialogue->answered || is_sent_away) && !line->client->is_closing;
}

static void line_lost(struct smtp_line *line, bool timed_out)
{
    if (!line->is_taken) {
        line_hang_up(line);
        return;
    }
    if (!timed_out && line_is_stale(line)) {
        line_hang_up(line);
        transfer_start(&line->transfer);
        return;
    }
    smtp_dialogue_lost(&line->dialogue, timed_out);
    line_hang_up(line);
    line_answer(line, &line->dialogue.verdict);
}

static void line_begin(struct smtp_line *line)
{
    const struct smtp_envelope envelope = {buf_view(&line->from), buf_view(&line->to),
                                           line->needs_utf8};
    if (smtp_dialogue_mail(&line->dialogue, &envelope) == SMTP_EVENT_DONE) {
        line_answer(line, &line->dialogue.verdict);
        return;
    }
    transfer_expect(&line->transfer, line->client->timeout_ms);
    if (!line_flush(line)) {
        line_lost(line, false);
    }
}

static void line_done(struct smtp_line *line)
{
    transfer_expect(&line->transfer, 0);
    line->mails++;
    line_answer(line, &line->dialogue.verdict);
}

/* What one read brought. False if the connection is not to be read any further now. */
static bool line_take_in(struct smtp_line *line, struct slice bytes)
{
    switch (smtp_dialogue_receive(&line->dialogue, bytes)) {
    case SMTP_EVENT_DONE:
        line_done(line);
        return false;
    case SMTP_EVENT_BROKEN:
        line_lost(line, false);
        return false;
    case SMTP_EVENT_NONE:
        break;
    }
    if (!line_flush(line)) {
        line_lost(line, false);
        return false;
    }
    return true;
}

static void line_read(struct smtp_line *line)
{
    char bytes[4096];
    bool goes_on = true;
    while (goes_on) {
        size_t len = 0;
        CURLcode code = curl_easy_recv(line->transfer.easy, bytes, sizeof(bytes), &len);
        if (code == CURLE_AGAIN) {
            return;
        }
        if (code != CURLE_OK || len == 0) {
            line_lost(line, false);
            return;
        }
        line_count(line, 0, len);
        goes_on = line_take_in(line, slice_of(bytes, len)) &&
                  (line->client->is_secure || len == sizeof(bytes));
    }
}

static void line_on_event(struct transfer *transfer, int uv_events)
{
    struct smtp_line *line = (struct smtp_line *)transfer;
    if (uv_events == TRANSFER_OVERDUE) {
        line_lost(line, true);
    } else if ((uv_events & UV_WRITABLE) != 0 && !line_flush(line)) {
        line_lost(line, false);
    } else if ((uv_events & UV_READABLE) != 0) {
        line_read(line);
    }
}

/* --- connecting --- */

/* Refusals of the greeting and of the login are told by their reply, the rest by libcurl. */
static void connect_verdict(const struct smtp_line *line, CURLcode result,
                            struct smtp_verdict *verdict)
{
    long code = 0;
    (void)curl_easy_getinfo(line->transfer.easy, CURLINFO_RESPONSE_CODE, &code);
    *verdict = (struct smtp_verdict){0};
    if (code >= 400 && code <= 599 && result != CURLE_OPERATION_TIMEDOUT) {
        struct smtp_reply reply = {.code = (uint16_t)code};
        verdict->outcome = smtp_reply_outcome(&reply, SMTP_STAGE_CONNECT);
        verdict->reason = (uint16_t)code;
        return;
    }
    struct transfer_failure failure = transfer_failure_of(result, false);
    verdict->outcome = failure.outcome;
    verdict->reason = (uint16_t)failure.reason;
}

static void line_on_connected(struct transfer *transfer, CURLcode result)
{
    struct smtp_line *line = (struct smtp_line *)transfer;
    if (result == CURLE_OK && line->client->has_login && !line->offers_login) {
        result = CURLE_LOGIN_DENIED; /* libcurl goes on without */
    }
    if (result != CURLE_OK) {
        struct smtp_verdict verdict;
        connect_verdict(line, result, &verdict);
        line_hang_up(line);
        line_answer(line, &verdict);
        return;
    }
    line->is_open = true;
    smtp_dialogue_reset(&line->dialogue, &line->features);
    line_begin(line);
}

/* --- the pool --- */

/* They are few: looking costs less than keeping them in order. */
struct smtp_line *smtp_client_take(struct smtp_client *client)
{
    struct smtp_line *line = NULL;
    for (uint32_t i = 0; i < client->connections && (line == NULL || !line->is_open); i++) {
        struct smtp_line *each = &client->lines[i];
        if (!each->is_taken && (line == NULL || each->is_open)) {
            line = each;
        }
    }
    assert(line != NULL);
    line->is_taken = true;
    buf_clear(&line->dialogue.message);
    return line;
}

void smtp_line_drop(struct smtp_line *line)
{
    line->is_taken = false;
}

struct buf *smtp_line_message(struct smtp_line *line)
{
    return &line->dialogue.message;
}

void smtp_line_send(struct smtp_line *line, const struct smtp_envelope *envelope, uint32_t tag)
{
    line->tag = tag;
    line->needs_utf8 = envelope->needs_utf8;
    buf_clear(&line->from);
    buf_slice(&line->from, envelope->from);
    buf_clear(&line->to);
    buf_slice(&line->to, envelope->to);
    if (line->is_open) {
        line_begin(line);
    } else {
        transfer_start(&line->transfer);
    }
}

static void line_init(struct smtp_line *line, struct smtp_client *client,
                      const struct smtp_client_settings *settings)
{
    static const long use_ssl[] = {
        [SMTP_SECURITY_OFF] = CURLUSESSL_NONE,
        [SMTP_SECURITY_OPPORTUNISTIC] = CURLUSESSL_TRY,
        [SMTP_SECURITY_REQUIRED] = CURLUSESSL_ALL,
        [SMTP_SECURITY_IMPLICIT] = CURLUSESSL_NONE,
    };
    struct transfer_options options = {
        .protocols = "smtp,smtps",
        .ca_file = settings->ca_file,
        .insecure_tls = settings->insecure_tls,
        .user = settings->user,
        .password = settings->password,
    };
    struct buf url = {0};
    bool is_ipv6 = strchr(settings->host, ':') != NULL;
    buf_printf(&url, "%s://%s%s%s:%u/%s",
               settings->security == SMTP_SECURITY_IMPLICIT ? "smtps" : "smtp", is_ipv6 ? "[" : "",
               settings->host, is_ipv6 ? "]" : "", settings->port,
               settings->helo == NULL ? "" : settings->helo);
    transfer_init(&line->transfer, client->hub, &options, line_on_connected);
    line->client = client;
    smtp_dialogue_init(&line->dialogue);
    CURL *easy = line->transfer.easy;
    curl_easy_setopt(easy, CURLOPT_URL, buf_cstr(&url));
    curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(easy, CURLOPT_USE_SSL, use_ssl[settings->security]);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, line_on_greeting);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, line);
    buf_release(&url);
}

struct smtp_client *smtp_client_new(const struct smtp_client_settings *settings)
{
    struct smtp_client *client = mem_zalloc(1, sizeof(*client));
    client->hub = transfer_hub_new(&(struct transfer_hub_settings){
        .loop = settings->loop,
        .connections = settings->connections,
        .connect_timeout_ms = settings->connect_timeout_ms,
        .timeout_ms = settings->connect_timeout_ms,
        .tally = settings->tally,
    });
    client->tally = settings->tally;
    client->on_answer = settings->on_answer;
    client->arg = settings->arg;
    client->has_login = settings->user != NULL;
    client->is_secure = settings->security != SMTP_SECURITY_OFF;
    client->timeout_ms = settings->timeout_ms;
    client->connections = settings->connections;
    client->lines = mem_zalloc(client->connections, sizeof(struct smtp_line));
    for (uint32_t i = 0; i < client->connections; i++) {
        line_init(&client->lines[i], client, settings);
    }
    return client;
}

static void line_close(struct smtp_line *line)
{
    if (line->is_taken && line->is_open) {
        line_lost(line, false);
    } else if (line->is_taken) {
        transfer_abort(&line->transfer);
    } else if (line->is_open) {
        size_t sent;
        (void)curl_easy_send(line->transfer.easy, "QUIT\r\n", 6, &sent);
        line_hang_up(line);
    }
}

void smtp_client_close(struct smtp_client *client)
{
    client->is_closing = true;
    for (uint32_t i = 0; i < client->connections; i++) {
        line_close(&client->lines[i]);
    }
    for (uint32_t i = 0; i < client->connections; i++) {
        struct smtp_line *line = &client->lines[i];
        transfer_release(&line->transfer);
        smtp_dialogue_release(&line->dialogue);
        buf_release(&line->from);
        buf_release(&line->to);
    }
    transfer_hub_close(client->hub);
    mem_free(client->lines);
    mem_free(client);
}
