/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our struct becomes the generated one in a small arena that lives for the call, and that one is
 * packed into the caller's buffer. The generated structs borrow the strings and bytes of ours.
 */
#include <assert.h>
#include <stddef.h>

#include "proto/columns.h"
#include "proto/tocsin.pb-c.h"
#include "proto/wire.h"

enum { ENCODE_ARENA_BYTES = 4096 };

/* What the functions below fill: the envelope, and memory that outlives its packing. */
struct encoder {
    Tocsin__Envelope envelope;
    struct arena arena;
    struct buf column; /* one column at a time */
};

typedef void (*encode_fn)(struct encoder *encoder, const struct wire_message *message);

/* protobuf-c takes `char *` and `uint8_t *` where it only reads. */
static char *borrow_str(const char *str)
{
    const char *from = str == NULL ? "" : str;
    char *to;
    memcpy(&to, &from, sizeof(to));
    return to;
}

static ProtobufCBinaryData borrow_bytes(const void *bytes, size_t len)
{
    ProtobufCBinaryData data = {.len = len};
    memcpy(&data.data, &bytes, sizeof(data.data));
    return data;
}

static void encode_hello(struct encoder *encoder, const struct wire_message *message)
{
    const struct wire_hello *hello = &message->hello;
    Tocsin__Hello *out = arena_alloc(&encoder->arena, sizeof(*out));
    tocsin__hello__init(out);
    out->version_min = hello->version_min;
    out->version_max = hello->version_max;
    out->name = borrow_str(hello->name);
    out->instance = hello->instance;
    out->build = borrow_str(hello->build);
    encoder->envelope.hello = out;
}

static Tocsin__Provider *encode_provider(struct encoder *encoder,
                                         const struct wire_provider *provider)
{
    Tocsin__Provider *out = arena_alloc(&encoder->arena, sizeof(*out));
    tocsin__provider__init(out);
    out->id = provider->id;
    out->name = borrow_str(provider->name);
    out->channel = (uint32_t)provider->channel;
    out->adapter = borrow_str(provider->adapter);
    out->settings = borrow_str(provider->settings);
    return out;
}

static void encode_welcome(struct encoder *encoder, const struct wire_message *message)
{
    const struct wire_welcome *welcome = &message->welcome;
    Tocsin__Welcome *out = arena_alloc(&encoder->arena, sizeof(*out));
    tocsin__welcome__init(out);
    out->version = welcome->version;
    out->epoch = welcome->epoch;
    out->heartbeat_ms = welcome->heartbeat_ms;
    out->lease_ms = welcome->lease_ms;
    assert(welcome->provider_count <= WIRE_PROVIDERS_MAX);
    out->n_providers = welcome->provider_count;
    out->providers = arena_zalloc(&encoder->arena, out->n_providers, sizeof(void *));
    for (size_t i = 0; i < out->n_providers; i++) {
        out->providers[i] = encode_provider(encoder, &welcome->providers[i]);
    }
    encoder->envelope.welcome = out;
}

static void encode_refused(struct encoder *encoder, const struct wire_message *message)
{
    const struct wire_refused *refused = &message->refused;
    Tocsin__Refused *out = arena_alloc(&encoder->arena, sizeof(*out));
    tocsin__refused__init(out);
    out->version_min = refused->version_min;
    out->version_max = refused->version_max;
    out->why = borrow_str(refused->why);
    encoder->envelope.refused = out;
}

static Tocsin__Unopened *encode_unopened(struct encoder *encoder,
                                         const struct wire_unopened *unopened)
{
    Tocsin__Unopened *out = arena_alloc(&encoder->arena, sizeof(*out));
    tocsin__unopened__init(out);
    out->provider = unopened->provider;
    out->why = borrow_str(unopened->why);
    return out;
}

static void encode_credit(struct encoder *encoder, const struct wire_message *message)
{
    const struct wire_credit *credit = &message->credit;
    Tocsin__Credit *out = arena_alloc(&encoder->arena, sizeof(*out));
    tocsin__credit__init(out);
    out->epoch = credit->epoch;
    out->n_limit = CHANNEL_KINDS;
    out->limit = arena_copy(&encoder->arena, credit->limit, sizeof(credit->limit));
    assert(credit->unopened_count <= WIRE_PROVIDERS_MAX);
    out->n_unopened = credit->unopened_count;
    out->unopened = arena_zalloc(&encoder->arena, out->n_unopened, sizeof(void *));
    for (size_t i = 0; i < out->n_unopened; i++) {
        out->unopened[i] = encode_unopened(encoder, &credit->unopened[i]);
    }
    encoder->envelope.credit = out;
}

static void encode_content_request(struct encoder *encoder, const struct wire_message *message)
{
    Tocsin__ContentRequest *out = arena_alloc(&encoder->arena, sizeof(*out));
    tocsin__content_request__init(out);
    out->epoch = message->content_request.epoch;
    out->campaign = message->content_request.campaign;
    encoder->envelope.content_request = out;
}

static Tocsin__Body *encode_body(struct encoder *encoder, const struct wire_body *body)
{
    Tocsin__Body *out = arena_alloc(&encoder->arena, sizeof(*out));
    tocsin__body__init(out);
    out->channel = (uint32_t)body->channel;
    out->locale = borrow_str(body->locale);
    out->subject = borrow_str(body->subject);
    out->text = borrow_str(body->text);
    out->html = borrow_str(body->html);
    assert(body->attachment_count <= WIRE_ATTACHMENTS_MAX);
    out->n_attachments = body->attachment_count;
    out->attachments = arena_zalloc(&encoder->arena, out->n_attachments, sizeof(char *));
    for (size_t i = 0; i < out->n_attachments; i++) {
        out->attachments[i] = borrow_str(body->attachments[i]);
    }
    return out;
}

static void encode_content(struct encoder *encoder, const struct wire_message *message)
{
    const struct wire_content *content = &message->content;
    Tocsin__Content *out = arena_alloc(&encoder->arena, sizeof(*out));
    tocsin__content__init(out);
    out->epoch = content->epoch;
    out->campaign = content->campaign;
    out->name = borrow_str(content->name);
    out->public_url = borrow_str(content->public_url);
    out->token_key = borrow_bytes(content->token_key, HASH_KEY_BYTES);
    out->reply_chars = content->reply_range.chars;
    out->reply_first = content->reply_range.first;
    out->reply_count = content->reply_range.count;
    if (trace_context_is_set(&content->trace)) {
        uint8_t *trace = arena_alloc(&encoder->arena, TRACE_CONTEXT_BYTES);
        trace_context_pack(&content->trace, trace);
        out->trace = borrow_bytes(trace, TRACE_CONTEXT_BYTES);
    }
    page_schema_encode(&content->schema, &encoder->column);
    out->schema = borrow_bytes(encoder->column.data, encoder->column.len);
    assert(content->body_count <= WIRE_BODIES_MAX);
    out->n_bodies = content->body_count;
    out->bodies = arena_zalloc(&encoder->arena, out->n_bodies, sizeof(void *));
    for (size_t i = 0; i < out->n_bodies; i++) {
        out->bodies[i] = encode_body(encoder, &content->bodies[i]);
    }
    encoder->envelope.content = out;
}

static ProtobufCBinaryData encode_places(struct encoder *encoder, const struct bitmap *places)
{
    uint8_t *bytes = arena_alloc(&encoder->arena, BITMAP_BYTES);
    for (unsigned i = 0; i < BITMAP_BYTES; i++) {
        bytes[i] = (uint8_t)(places->words[i / 8] >> (i % 8 * 8));
    }
    return borrow_bytes(bytes, BITMAP_BYTES);
}

static void encode_batch(struct encoder *encoder, const struct wire_message *message)
{
    const struct wire_batch *batch = &message->batch;
    Tocsin__Batch *out = arena_alloc(&encoder->arena, sizeof(*out));
    tocsin__batch__init(out);
    out->epoch = batch->epoch;
    out->instance = batch->instance;
    out->lease = batch->lease;
    out->campaign = batch->campaign;
    out->page = batch->page;
    out->provider = batch->provider;
    out->step = (uint32_t)batch->round << 4 | batch->step;
    out->spread_ms = batch->spread_ms;
    out->wait_ms = batch->wait_ms;
    out->not_after_ms = batch->not_after_ms;
    out->count = batch->count;
    if (!batch->whole) {
        out->places = encode_places(encoder, &batch->places);
    }
    if (batch->attempts != NULL) {
        out->attempts = borrow_bytes(batch->attempts, batch->count);
    }
    if (batch->endpoints != NULL) {
        out->endpoints = borrow_bytes(batch->endpoints, batch->count);
    }
    encoder->envelope.batch = out;
}

/* The values as a column, or no bytes at all when they are zeros. */
static ProtobufCBinaryData encode_column(struct encoder *encoder, const uint64_t *values,
                                         unsigned count)
{
    uint64_t any = 0;
    for (unsigned i = 0; i < count; i++) {
        any |= values[i];
    }
    if (any == 0) {
        return borrow_bytes(NULL, 0);
    }
    buf_clear(&encoder->column);
    columns_put(&encoder->column, values, count);
    return borrow_bytes(arena_copy(&encoder->arena, encoder->column.data, encoder->column.len),
                        encoder->column.len);
}

static ProtobufCBinaryData encode_refs(struct encoder *encoder,
                                       const struct wire_outcome_group *group)
{
    size_t len = 0;
    for (unsigned i = 0; i < group->run_count; i++) {
        len += group->runs[i].ref.len;
    }
    uint8_t *bytes = arena_alloc(&encoder->arena, len);
    uint8_t *at = bytes;
    for (unsigned i = 0; i < group->run_count; i++) {
        struct slice ref = group->runs[i].ref;
        if (ref.len > 0) {
            memcpy(at, ref.data, ref.len);
            at += ref.len;
        }
    }
    return borrow_bytes(bytes, len);
}

static uint64_t earliest_ms(const struct wire_outcome_group *group)
{
    uint64_t earliest = group->run_count == 0 ? 0 : group->runs[0].at_ms;
    for (unsigned i = 1; i < group->run_count; i++) {
        earliest = group->runs[i].at_ms < earliest ? group->runs[i].at_ms : earliest;
    }
    return earliest;
}

/* Field of the generated group, and what stands in it for a run. */
#define RUN_COLUMN_MAP(X)                                                                          \
    X(offsets, run->offset)                                                                        \
    X(spans, run->span - UINT64_C(1))                                                              \
    X(outcomes, run->outcome)                                                                      \
    X(reasons, run->reason)                                                                        \
    X(retry_after_ms, run->retry_after_ms)                                                         \
    X(at_ms, run->at_ms - base_ms)                                                                 \
    X(ref_lengths, run->ref.len)

#define DEFINE_GATHER(field, value)                                                                \
    static void gather_##field(const struct wire_outcome_group *group, uint64_t base_ms,           \
                               uint64_t *values)                                                   \
    {                                                                                              \
        (void)base_ms;                                                                             \
        for (unsigned i = 0; i < group->run_count; i++) {                                          \
            const struct outcome_run *run = &group->runs[i];                                       \
            values[i] = (value);                                                                   \
        }                                                                                          \
    }
RUN_COLUMN_MAP(DEFINE_GATHER)
#undef DEFINE_GATHER

static const struct run_column {
    size_t field; /* offset of the ProtobufCBinaryData */
    void (*gather)(const struct wire_outcome_group *group, uint64_t base_ms, uint64_t *values);
} run_columns[] = {
#define RUN_COLUMN(field, value) {offsetof(Tocsin__OutcomeGroup, field), gather_##field},
    RUN_COLUMN_MAP(RUN_COLUMN)
#undef RUN_COLUMN
};

static void encode_runs(struct encoder *encoder, const struct wire_outcome_group *group,
                        Tocsin__OutcomeGroup *out)
{
    uint64_t values[WIRE_GROUP_RUNS_MAX];
    for (size_t c = 0; c < sizeof(run_columns) / sizeof(run_columns[0]); c++) {
        run_columns[c].gather(group, out->base_ms, values);
        ProtobufCBinaryData data = encode_column(encoder, values, group->run_count);
        memcpy((char *)out + run_columns[c].field, &data, sizeof(data));
    }
    if (out->ref_lengths.len > 0) {
        out->refs = encode_refs(encoder, group);
    }
}

static Tocsin__OutcomeGroup *encode_group(struct encoder *encoder,
                                          const struct wire_outcome_group *group)
{
    assert(group->run_count <= WIRE_GROUP_RUNS_MAX);
    Tocsin__OutcomeGroup *out = arena_alloc(&encoder->arena, sizeof(*out));
    tocsin__outcome_group__init(out);
    out->lease = group->lease;
    out->campaign = group->campaign;
    out->page = group->page;
    out->run_count = group->run_count;
    out->base_ms = earliest_ms(group);
    out->timed = group->timed;
    out->latency_ms = group->latency_ms;
    encode_runs(encoder, group, out);
    return out;
}

static void encode_outcomes(struct encoder *encoder, const struct wire_message *message)
{
    const struct wire_outcomes *outcomes = &message->outcomes;
    Tocsin__Outcomes *out = arena_alloc(&encoder->arena, sizeof(*out));
    tocsin__outcomes__init(out);
    out->epoch = outcomes->epoch;
    out->instance = outcomes->instance;
    out->seq = outcomes->seq;
    assert(outcomes->group_count <= WIRE_GROUPS_MAX);
    out->n_groups = outcomes->group_count;
    out->groups = arena_zalloc(&encoder->arena, out->n_groups, sizeof(void *));
    for (size_t i = 0; i < out->n_groups; i++) {
        out->groups[i] = encode_group(encoder, &outcomes->groups[i]);
    }
    encoder->envelope.outcomes = out;
}

static void encode_outcomes_durable(struct encoder *encoder, const struct wire_message *message)
{
    Tocsin__OutcomesDurable *out = arena_alloc(&encoder->arena, sizeof(*out));
    tocsin__outcomes_durable__init(out);
    out->epoch = message->outcomes_durable.epoch;
    out->instance = message->outcomes_durable.instance;
    out->seq = message->outcomes_durable.seq;
    encoder->envelope.outcomes_durable = out;
}

static void encode_cancel(struct encoder *encoder, const struct wire_message *message)
{
    Tocsin__Cancel *out = arena_alloc(&encoder->arena, sizeof(*out));
    tocsin__cancel__init(out);
    out->epoch = message->cancel.epoch;
    out->campaign = message->cancel.campaign;
    out->for_good = message->cancel.for_good;
    encoder->envelope.cancel = out;
}

static void encode_bearer(struct encoder *encoder, const struct wire_message *message)
{
    const struct wire_bearer *bearer = &message->bearer;
    Tocsin__Bearer *out = arena_alloc(&encoder->arena, sizeof(*out));
    tocsin__bearer__init(out);
    out->epoch = bearer->epoch;
    out->provider = bearer->provider;
    out->adapter = borrow_str(bearer->adapter);
    out->token = borrow_bytes(bearer->token.data, bearer->token.len);
    encoder->envelope.bearer = out;
}

static void encode_recall(struct encoder *encoder, const struct wire_message *message)
{
    Tocsin__Recall *out = arena_alloc(&encoder->arena, sizeof(*out));
    tocsin__recall__init(out);
    out->epoch = message->recall.epoch;
    out->campaign = message->recall.campaign;
    out->page = message->recall.page;
    out->place = message->recall.place;
    out->step = message->recall.step;
    encoder->envelope.recall = out;
}

static void encode_drain(struct encoder *encoder, const struct wire_message *message)
{
    Tocsin__Drain *out = arena_alloc(&encoder->arena, sizeof(*out));
    tocsin__drain__init(out);
    out->epoch = message->drain.epoch;
    encoder->envelope.drain = out;
}

static void encode_heartbeat(struct encoder *encoder, const struct wire_message *message)
{
    Tocsin__Heartbeat *out = arena_alloc(&encoder->arena, sizeof(*out));
    tocsin__heartbeat__init(out);
    out->epoch = message->heartbeat.epoch;
    out->at_ms = message->heartbeat.at_ms;
    out->in_hand = message->heartbeat.in_hand;
    out->in_flight = message->heartbeat.in_flight;
    encoder->envelope.heartbeat = out;
}

static void encode_bye(struct encoder *encoder, const struct wire_message *message)
{
    Tocsin__Bye *out = arena_alloc(&encoder->arena, sizeof(*out));
    tocsin__bye__init(out);
    out->epoch = message->bye.epoch;
    out->instance = message->bye.instance;
    encoder->envelope.bye = out;
}

void wire_encode(const struct wire_message *message, struct buf *buf)
{
    static const encode_fn encoders[WIRE_TYPES] = {
        [WIRE_HELLO] = encode_hello,
        [WIRE_WELCOME] = encode_welcome,
        [WIRE_REFUSED] = encode_refused,
        [WIRE_CREDIT] = encode_credit,
        [WIRE_CONTENT_REQUEST] = encode_content_request,
        [WIRE_CONTENT] = encode_content,
        [WIRE_BATCH] = encode_batch,
        [WIRE_OUTCOMES] = encode_outcomes,
        [WIRE_OUTCOMES_DURABLE] = encode_outcomes_durable,
        [WIRE_CANCEL] = encode_cancel,
        [WIRE_RECALL] = encode_recall,
        [WIRE_BEARER] = encode_bearer,
        [WIRE_DRAIN] = encode_drain,
        [WIRE_HEARTBEAT] = encode_heartbeat,
        [WIRE_BYE] = encode_bye,
    };
    assert((unsigned)message->type < WIRE_TYPES);
    struct encoder encoder;
    tocsin__envelope__init(&encoder.envelope);
    encoder.envelope.message_case = (Tocsin__Envelope__MessageCase)(message->type + 1);
    arena_init(&encoder.arena, ENCODE_ARENA_BYTES);
    buf_init(&encoder.column);
    encoders[message->type](&encoder, message);
    size_t len = tocsin__envelope__get_packed_size(&encoder.envelope);
    buf->len += tocsin__envelope__pack(&encoder.envelope, buf_reserve(buf, len));
    buf_release(&encoder.column);
    arena_release(&encoder.arena);
}
