/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unpacking allocates from the message's arena, within a budget that follows from the size of the
 * frame: what protobuf makes of an honest message is hardly more than the message, while a hostile
 * one claims a structure for every two bytes. What was unpacked is then checked and moved to our
 * structs, which share the strings in the arena.
 */
#include <inttypes.h>
#include <string.h>

#include "common/text.h"
#include "proto/tocsin.pb-c.h"
#include "proto/wire.h"
#include "proto/wire_decoder.h"
#include "proto/wire_outcomes.h"

/* What a frame may take beside twice its size: the structs of WIRE_GROUPS_MAX groups and what holds
 * them. */
enum { DECODE_BUDGET_BYTES = 256 * 1024 };

typedef void (*decode_fn)(struct wire_decoder *decoder, const Tocsin__Envelope *envelope,
                          struct wire_message *message);

static void *budget_alloc(void *arg, size_t size)
{
    struct wire_decoder *decoder = arg;
    size_t rounded = size + 16; /* never less than the arena takes */
    if (size > SIZE_MAX / 2 || rounded > decoder->budget_bytes) {
        decoder->is_over_budget = true;
        return NULL;
    }
    decoder->budget_bytes -= rounded;
    return arena_alloc(decoder->arena, size);
}

static void budget_free(void *arg, void *at)
{
    (void)arg;
    (void)at; /* goes with the arena */
}

/* A HELLO of versions that have nothing in common with ours is taken as far as its first two
 * fields, so that it can be refused with a reason. */
static void decode_hello(struct wire_decoder *decoder, const Tocsin__Envelope *envelope,
                         struct wire_message *message)
{
    const Tocsin__Hello *in = envelope->hello;
    struct wire_hello *hello = &message->hello;
    hello->version_max =
        (uint32_t)wire_decoder_number(decoder, in->version_max, 1, UINT32_MAX, "version_max");
    hello->version_min = (uint32_t)wire_decoder_number(decoder, in->version_min, 1,
                                                       hello->version_max, "version_min");
    hello->name = "";
    hello->build = "";
    hello->instance = in->instance;
    if (hello->version_min <= WIRE_VERSION && hello->version_max >= WIRE_VERSION_MIN) {
        hello->name = wire_decoder_text(decoder, in->name, 1, WIRE_NAME_MAX, "name");
        hello->build = wire_decoder_text(decoder, in->build, 0, WIRE_LINE_MAX, "build");
    }
}

static void decode_provider(struct wire_decoder *decoder, const Tocsin__Provider *in,
                            struct wire_provider *provider)
{
    provider->id =
        (uint32_t)wire_decoder_number(decoder, in->id, 0, WIRE_PROVIDERS_MAX - 1, "provider id");
    provider->name = wire_decoder_text(decoder, in->name, 1, WIRE_NAME_MAX, "provider name");
    provider->channel = (enum channel_kind)wire_decoder_number(
        decoder, in->channel, 0, CHANNEL_KINDS - 1, "provider channel");
    provider->adapter =
        wire_decoder_text(decoder, in->adapter, 1, WIRE_NAME_MAX, "provider adapter");
    provider->settings =
        wire_decoder_text(decoder, in->settings, 0, WIRE_TEXT_MAX, "provider settings");
}

static void decode_welcome(struct wire_decoder *decoder, const Tocsin__Envelope *envelope,
                           struct wire_message *message)
{
    const Tocsin__Welcome *in = envelope->welcome;
    struct wire_welcome *welcome = &message->welcome;
    memset(welcome, 0, sizeof(*welcome));
    welcome->version = in->version;
    welcome->epoch = in->epoch;
    welcome->heartbeat_ms = in->heartbeat_ms;
    welcome->lease_ms = in->lease_ms;
    unsigned count = wire_decoder_count(decoder, in->n_providers, WIRE_PROVIDERS_MAX, "providers");
    struct wire_provider *providers = arena_zalloc(decoder->arena, count, sizeof(*providers));
    uint64_t seen = 0;
    _Static_assert(WIRE_PROVIDERS_MAX <= 64, "a bit each");
    for (unsigned i = 0; i < count; i++) {
        decode_provider(decoder, in->providers[i], &providers[i]);
        if (seen >> providers[i].id & 1) {
            wire_decoder_refuse(decoder, ERR_INVALID, "provider id %" PRIu32 " comes twice",
                                providers[i].id);
        }
        seen |= UINT64_C(1) << providers[i].id;
    }
    welcome->provider_count = count;
    welcome->providers = providers;
}

static void decode_refused(struct wire_decoder *decoder, const Tocsin__Envelope *envelope,
                           struct wire_message *message)
{
    const Tocsin__Refused *in = envelope->refused;
    message->refused.version_min = in->version_min;
    message->refused.version_max = in->version_max;
    message->refused.why = wire_decoder_text(decoder, in->why, 0, WIRE_LINE_MAX, "why");
}

/* Channels of a later version are passed over: we can send nothing there. */
static void decode_credit(struct wire_decoder *decoder, const Tocsin__Envelope *envelope,
                          struct wire_message *message)
{
    const Tocsin__Credit *in = envelope->credit;
    struct wire_credit *credit = &message->credit;
    memset(credit, 0, sizeof(*credit));
    credit->epoch = in->epoch;
    for (size_t i = 0; i < in->n_limit && i < CHANNEL_KINDS; i++) {
        credit->limit[i] = in->limit[i];
    }
    unsigned count =
        wire_decoder_count(decoder, in->n_unopened, WIRE_PROVIDERS_MAX, "unopened providers");
    if (count > 0) {
        struct wire_unopened *unopened = arena_zalloc(decoder->arena, count, sizeof(*unopened));
        for (unsigned i = 0; i < count; i++) {
            unopened[i].provider = (uint32_t)wire_decoder_number(
                decoder, in->unopened[i]->provider, 0, WIRE_PROVIDERS_MAX - 1, "provider id");
            unopened[i].why =
                wire_decoder_text(decoder, in->unopened[i]->why, 0, WIRE_LINE_MAX, "why");
        }
        credit->unopened = unopened;
        credit->unopened_count = count;
    }
}

static void decode_content_request(struct wire_decoder *decoder, const Tocsin__Envelope *envelope,
                                   struct wire_message *message)
{
    (void)decoder;
    message->content_request.epoch = envelope->content_request->epoch;
    message->content_request.campaign = envelope->content_request->campaign;
}

static void decode_attachments(struct wire_decoder *decoder, const Tocsin__Body *in,
                               struct wire_body *body)
{
    unsigned count = wire_decoder_count(decoder, in->n_attachments, WIRE_ATTACHMENTS_MAX,
                                        "attachments of a body");
    const char **names = arena_zalloc(decoder->arena, count, sizeof(*names));
    for (unsigned i = 0; i < count; i++) {
        names[i] =
            wire_decoder_text(decoder, in->attachments[i], 1, TEXT_FILE_NAME_MAX, "attachment");
        if (names[i][0] != '\0' && !text_is_file_name(slice_str(names[i]))) {
            wire_decoder_refuse(decoder, ERR_INVALID, "an attachment is no name of a file");
        }
    }
    body->attachment_count = count;
    body->attachments = names;
}

static void decode_body(struct wire_decoder *decoder, const Tocsin__Body *in,
                        struct wire_body *body)
{
    body->channel = (enum channel_kind)wire_decoder_number(decoder, in->channel, 0,
                                                           CHANNEL_KINDS - 1, "body channel");
    body->locale = wire_decoder_text(decoder, in->locale, 0, WIRE_NAME_MAX, "body locale");
    body->subject = wire_decoder_text(decoder, in->subject, 0, WIRE_TEXT_MAX, "body subject");
    body->text = wire_decoder_text(decoder, in->text, 0, WIRE_TEXT_MAX, "body text");
    body->html = wire_decoder_text(decoder, in->html, 0, WIRE_TEXT_MAX, "body html");
    decode_attachments(decoder, in, body);
}

static void decode_reply_range(struct wire_decoder *decoder, const Tocsin__Content *in,
                               struct reply_range *range)
{
    *range = (struct reply_range){in->reply_chars, in->reply_first, in->reply_count};
    if ((range->chars != 0 || range->first != 0 || range->count != 0) &&
        !reply_range_is_sound(range)) {
        wire_decoder_refuse(decoder, ERR_INVALID,
                            "there are no %" PRIu64 " reply codes of %u characters from %" PRIu64,
                            range->count, range->chars, range->first);
    }
}

static void decode_content(struct wire_decoder *decoder, const Tocsin__Envelope *envelope,
                           struct wire_message *message)
{
    const Tocsin__Content *in = envelope->content;
    struct wire_content *content = &message->content;
    content->epoch = in->epoch;
    content->campaign = in->campaign;
    content->name = wire_decoder_text(decoder, in->name, 0, WIRE_LINE_MAX, "name");
    content->public_url =
        wire_decoder_text(decoder, in->public_url, 0, WIRE_LINE_MAX, "public_url");
    if (in->token_key.len == HASH_KEY_BYTES) {
        memcpy(content->token_key, in->token_key.data, HASH_KEY_BYTES);
    } else {
        wire_decoder_refuse(decoder, ERR_INVALID, "token_key has %zu bytes instead of %d",
                            in->token_key.len, HASH_KEY_BYTES);
    }
    decode_reply_range(decoder, in, &content->reply_range);
    content->trace = (struct trace_context){0};
    if (in->trace.len > 0 &&
        !trace_context_unpack(slice_of(in->trace.data, in->trace.len), &content->trace)) {
        wire_decoder_refuse(decoder, ERR_INVALID, "trace: %zu bytes are no trace, or one of zeros",
                            in->trace.len);
    }
    enum err err = page_schema_decode(slice_of(in->schema.data, in->schema.len), &content->schema);
    if (err != ERR_OK) {
        wire_decoder_refuse(decoder, err == ERR_UNSUPPORTED ? ERR_UNSUPPORTED : ERR_INVALID,
                            "the schema cannot be read: %s", err_sentence(err));
    }
    unsigned count = wire_decoder_count(decoder, in->n_bodies, WIRE_BODIES_MAX, "bodies");
    struct wire_body *bodies = arena_zalloc(decoder->arena, count, sizeof(*bodies));
    for (unsigned i = 0; i < count; i++) {
        decode_body(decoder, in->bodies[i], &bodies[i]);
    }
    content->body_count = count;
    content->bodies = bodies;
}

static void decode_places(struct wire_decoder *decoder, const ProtobufCBinaryData *in,
                          struct wire_batch *batch)
{
    batch->whole = in->len == 0;
    if (batch->whole) {
        bitmap_fill(&batch->places, batch->count);
        return;
    }
    bitmap_clear_all(&batch->places);
    if (in->len != BITMAP_BYTES) {
        wire_decoder_refuse(decoder, ERR_INVALID, "places has %zu bytes instead of %d", in->len,
                            BITMAP_BYTES);
        return;
    }
    struct reader reader = reader_of(slice_of(in->data, in->len));
    for (unsigned w = 0; w < BITMAP_WORDS; w++) {
        batch->places.words[w] = reader_u64(&reader);
    }
    if (bitmap_count(&batch->places) != batch->count) {
        wire_decoder_refuse(decoder, ERR_INVALID, "places names %u recipients, but count is %u",
                            bitmap_count(&batch->places), batch->count);
    }
}

/* One byte a recipient, or NULL if the field is absent. */
static const uint8_t *take_column(struct wire_decoder *decoder, const ProtobufCBinaryData *in,
                                  unsigned count, const char *what)
{
    if (in->len == 0) {
        return NULL;
    }
    if (in->len != count) {
        wire_decoder_refuse(decoder, ERR_INVALID, "%s has %zu bytes for %u recipients", what,
                            in->len, count);
        return NULL;
    }
    return in->data;
}

static void decode_batch(struct wire_decoder *decoder, const Tocsin__Envelope *envelope,
                         struct wire_message *message)
{
    const Tocsin__Batch *in = envelope->batch;
    struct wire_batch *batch = &message->batch;
    batch->epoch = in->epoch;
    batch->instance = in->instance;
    batch->lease = in->lease;
    batch->campaign = in->campaign;
    batch->page = (uint32_t)wire_decoder_number(decoder, in->page, 0, WIRE_PAGE_NUMBER_MAX, "page");
    batch->provider =
        (uint8_t)wire_decoder_number(decoder, in->provider, 0, WIRE_PROVIDERS_MAX - 1, "provider");
    uint64_t step = wire_decoder_number(decoder, in->step, 0, UINT8_MAX, "step");
    batch->step = step & 15;
    batch->round = (uint8_t)(step >> 4);
    batch->spread_ms = in->spread_ms;
    batch->wait_ms = in->wait_ms;
    batch->not_after_ms = in->not_after_ms;
    batch->count = (uint16_t)wire_decoder_number(decoder, in->count, 1, PAGE_RECIPIENTS, "count");
    decode_places(decoder, &in->places, batch);
    batch->attempts = take_column(decoder, &in->attempts, batch->count, "attempts");
    batch->endpoints = take_column(decoder, &in->endpoints, batch->count, "endpoints");
    batch->page_bytes = decoder->payload;
    if (decoder->payload.len == 0) {
        wire_decoder_refuse(decoder, ERR_INVALID, "the page is missing: it is the second frame");
    }
}

static void decode_outcomes_durable(struct wire_decoder *decoder, const Tocsin__Envelope *envelope,
                                    struct wire_message *message)
{
    (void)decoder;
    message->outcomes_durable.epoch = envelope->outcomes_durable->epoch;
    message->outcomes_durable.instance = envelope->outcomes_durable->instance;
    message->outcomes_durable.seq = envelope->outcomes_durable->seq;
}

static void decode_cancel(struct wire_decoder *decoder, const Tocsin__Envelope *envelope,
                          struct wire_message *message)
{
    (void)decoder;
    message->cancel.epoch = envelope->cancel->epoch;
    message->cancel.campaign = envelope->cancel->campaign;
    message->cancel.for_good = envelope->cancel->for_good != 0;
}

static void decode_recall(struct wire_decoder *decoder, const Tocsin__Envelope *envelope,
                          struct wire_message *message)
{
    message->recall.epoch = envelope->recall->epoch;
    message->recall.campaign = envelope->recall->campaign;
    message->recall.page = (uint32_t)wire_decoder_number(decoder, envelope->recall->page, 0,
                                                         WIRE_PAGE_NUMBER_MAX, "page");
    message->recall.place = (uint16_t)wire_decoder_number(decoder, envelope->recall->place, 0,
                                                          PAGE_RECIPIENTS - 1, "place");
    message->recall.step =
        (uint8_t)wire_decoder_number(decoder, envelope->recall->step, 0, WIRE_STEPS_MAX, "step");
}

/* It becomes a header of a request: no blank or control character can be in it. */
static void decode_bearer(struct wire_decoder *decoder, const Tocsin__Envelope *envelope,
                          struct wire_message *message)
{
    const Tocsin__Bearer *in = envelope->bearer;
    struct wire_bearer *bearer = &message->bearer;
    bearer->epoch = in->epoch;
    bearer->provider =
        (uint32_t)wire_decoder_number(decoder, in->provider, 0, WIRE_PROVIDERS_MAX - 1, "provider");
    bearer->adapter = wire_decoder_text(decoder, in->adapter, 1, WIRE_NAME_MAX, "adapter");
    bearer->token = slice_of(in->token.data, in->token.len);
    (void)wire_decoder_number(decoder, in->token.len, 1, WIRE_BEARER_MAX, "the token's length");
    for (size_t i = 0; i < in->token.len; i++) {
        if (in->token.data[i] <= ' ' || in->token.data[i] >= 0x7f) {
            wire_decoder_refuse(decoder, ERR_INVALID,
                                "the token has a character that is not visible ASCII");
        }
    }
}

static void decode_drain(struct wire_decoder *decoder, const Tocsin__Envelope *envelope,
                         struct wire_message *message)
{
    (void)decoder;
    message->drain.epoch = envelope->drain->epoch;
}

static void decode_heartbeat(struct wire_decoder *decoder, const Tocsin__Envelope *envelope,
                             struct wire_message *message)
{
    (void)decoder;
    message->heartbeat.epoch = envelope->heartbeat->epoch;
    message->heartbeat.at_ms = envelope->heartbeat->at_ms;
    message->heartbeat.in_hand = envelope->heartbeat->in_hand;
    message->heartbeat.in_flight = envelope->heartbeat->in_flight;
}

static void decode_bye(struct wire_decoder *decoder, const Tocsin__Envelope *envelope,
                       struct wire_message *message)
{
    (void)decoder;
    message->bye.epoch = envelope->bye->epoch;
    message->bye.instance = envelope->bye->instance;
}

/* A type that we do not know is an unknown field of the envelope. */
static enum err refuse_unknown(const Tocsin__Envelope *envelope, struct problem *problem)
{
    if (envelope->base.n_unknown_fields == 0) {
        return problem_set(problem, ERR_INVALID, "an envelope without a message");
    }
    return problem_set(problem, ERR_UNSUPPORTED,
                       "message type %" PRIu32 " is not known to protocol version %d",
                       envelope->base.unknown_fields[0].tag - 1, WIRE_VERSION);
}

static enum err check_sizes(struct slice frame, struct slice payload, struct problem *problem)
{
    if (frame.len > WIRE_FRAME_MAX) {
        return problem_set(problem, ERR_LIMIT, "a message of %zu bytes, more than %d", frame.len,
                           WIRE_FRAME_MAX);
    }
    if (payload.len > WIRE_PAGE_FRAME_MAX) {
        return problem_set(problem, ERR_LIMIT, "a page of %zu bytes, more than %d", payload.len,
                           WIRE_PAGE_FRAME_MAX);
    }
    return ERR_OK;
}

static enum err unpack(struct wire_decoder *decoder, struct slice frame,
                       Tocsin__Envelope **envelope)
{
    ProtobufCAllocator allocator = {budget_alloc, budget_free, decoder};
    *envelope = tocsin__envelope__unpack(&allocator, frame.len, frame.data);
    if (*envelope != NULL) {
        return ERR_OK;
    }
    return decoder->is_over_budget
               ? problem_set(decoder->problem, ERR_LIMIT,
                             "a message of %zu bytes claims too many parts", frame.len)
               : problem_set(decoder->problem, ERR_INVALID, "not a message: %zu bytes of garbage",
                             frame.len);
}

enum err wire_decode(struct slice frame, struct slice payload, struct arena *arena,
                     struct wire_message *message, struct problem *problem)
{
    static const decode_fn decoders[WIRE_TYPES] = {
        [WIRE_HELLO] = decode_hello,
        [WIRE_WELCOME] = decode_welcome,
        [WIRE_REFUSED] = decode_refused,
        [WIRE_CREDIT] = decode_credit,
        [WIRE_CONTENT_REQUEST] = decode_content_request,
        [WIRE_CONTENT] = decode_content,
        [WIRE_BATCH] = decode_batch,
        [WIRE_OUTCOMES] = wire_outcomes_decode,
        [WIRE_OUTCOMES_DURABLE] = decode_outcomes_durable,
        [WIRE_CANCEL] = decode_cancel,
        [WIRE_RECALL] = decode_recall,
        [WIRE_BEARER] = decode_bearer,
        [WIRE_DRAIN] = decode_drain,
        [WIRE_HEARTBEAT] = decode_heartbeat,
        [WIRE_BYE] = decode_bye,
    };
    enum err err = check_sizes(frame, payload, problem);
    if (err != ERR_OK) {
        return err;
    }
    struct wire_decoder decoder = {
        .arena = arena,
        .budget_bytes = 2 * frame.len + DECODE_BUDGET_BYTES,
        .payload = payload,
        .problem = problem,
    };
    Tocsin__Envelope *envelope = NULL;
    err = unpack(&decoder, frame, &envelope);
    if (err != ERR_OK) {
        return err;
    }
    if (envelope->message_case == TOCSIN__ENVELOPE__MESSAGE__NOT_SET) {
        return refuse_unknown(envelope, problem);
    }
    message->type = (enum wire_type)(envelope->message_case - 1);
    decoder.type = wire_type_name(message->type);
    if (payload.len > 0 && message->type != WIRE_BATCH) {
        return problem_set(problem, ERR_INVALID, "%s: a second frame, which only BATCH has",
                           decoder.type);
    }
    decoders[message->type](&decoder, envelope, message);
    return decoder.err;
}
