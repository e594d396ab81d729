/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls through Twilio: the message is spoken, and a key acknowledges it. What is to be said goes
 * with the request as TwiML:
 *
 *     <Response><Gather input="dtmf" numDigits="1" timeout="8" action=".../v/{provider}/{token}">
 *       <Say language="en-US" loop="2">The text. Press 1 to confirm.</Say></Gather></Response>
 *
 * so that nothing has to be fetched while somebody holds the phone, and the key is posted to the
 * coordinator, who answers with what is said then. docs/channels/twilio_voice.md describes the
 * settings.
 *
 * Source: Twilio's documentation, "Calls resource", "TwiML Voice: Say" and "Gather".
 */
#include <stdio.h>
#include <string.h>

#include "common/mem.h"
#include "worker/channel/callback_url.h"
#include "worker/channel/channel_adapters.h"
#include "worker/channel/twilio_client.h"
#include "worker/channel/twiml.h"

#define WHERE_MAX_BYTES 96
#define NO_PROMPT       "none"

enum machine { MACHINE_OFF, MACHINE_ENABLE, MACHINE_MESSAGE_END };
static const char *const machine_words[] = {[MACHINE_OFF] = "off",
                                            [MACHINE_ENABLE] = "detect",
                                            [MACHINE_MESSAGE_END] = "message_end",
                                            [MACHINE_MESSAGE_END + 1] = NULL};
static const char *const machine_values[] = {
    [MACHINE_ENABLE] = "Enable", [MACHINE_MESSAGE_END] = "DetectMessageEnd"};

struct channel_twilio_voice {
    struct channel channel;
    struct twilio_client *client;
    char *provider;
    char *from;
    char *language;
    char *voice;  /* NULL: Twilio's */
    char *prompt; /* NULL: the text says itself what to press */
    uint32_t loop;
    bool has_gather;
    uint32_t wait_s;
    uint32_t ring_s;
    uint32_t limit_s; /* 0: Twilio's */
    enum machine machine;
    bool has_receipts;
    struct buf url;
    struct buf twiml;
};

struct call_settings {
    struct twilio_settings account;
    const char *language;
    const char *voice;
    const char *prompt;
    const char *thanks; /* the coordinator's */
    uint32_t loop;
    bool gather;
    uint32_t wait_ms;
    uint32_t ring_ms;
    uint32_t time_limit_ms;
    unsigned machine;
};

#define KEY(key, kind, member)                                                                     \
    .name = (key), .type = CHANNEL_KEY_##kind, .offset = offsetof(struct call_settings, member)

static const struct channel_key call_keys[] = {
    TWILIO_KEYS(struct call_settings),
    {KEY("language", TEXT, language)},
    {KEY("voice", TEXT, voice)},
    {KEY("prompt", TEXT, prompt)},
    {KEY("thanks", TEXT, thanks)},
    {KEY("loop", COUNT, loop), .min = 1, .max = 10},
    {KEY("gather", FLAG, gather)},
    {KEY("wait", DURATION, wait_ms), .min = 1000, .max = 60000},
    {KEY("ring", DURATION, ring_ms), .min = 5000, .max = 600000},
    {KEY("time_limit", DURATION, time_limit_ms), .min = 10000, .max = 3600000},
    {KEY("machine", CHOICE, machine), .choices = machine_words},
};

static const struct call_settings call_defaults = {
    .account = TWILIO_DEFAULTS,
    .language = "en-US",
    .prompt = "Press 1 to confirm.",
    .loop = 2,
    .gather = true,
    .wait_ms = 8000,
    .ring_ms = 30000,
};

static struct slice put_url(struct channel_twilio_voice *voice, const struct attempt *attempt,
                            const char *way)
{
    buf_clear(&voice->url);
    callback_url_put(&voice->url, attempt->public_url, way, voice->provider, attempt->token);
    return buf_view(&voice->url);
}

static void write_twiml(struct channel_twilio_voice *voice, const struct attempt *attempt)
{
    bool has_gather = voice->has_gather && attempt->public_url.len > 0;
    const struct twiml_speech speech = {
        .language = voice->language,
        .voice = voice->voice,
        .loop = voice->loop,
        .text = attempt->text,
        .prompt = has_gather ? slice_str(voice->prompt) : slice_of(NULL, 0),
        .action = has_gather ? put_url(voice, attempt, CALLBACK_VOICE) : slice_of(NULL, 0),
        .wait_s = voice->wait_s,
    };
    buf_clear(&voice->twiml);
    twiml_write(&speech, &voice->twiml);
}

static void voice_start(struct channel *channel, const struct attempt *attempt)
{
    struct channel_twilio_voice *voice = (struct channel_twilio_voice *)channel;
    write_twiml(voice, attempt);
    if (twiml_characters(buf_view(&voice->twiml)) > TWIML_MAX_CHARACTERS) {
        twilio_client_reject(voice->client, attempt->id, REASON_MESSAGE_TOO_LARGE);
        return;
    }
    twilio_client_begin(voice->client);
    twilio_client_add(voice->client, "To", attempt->endpoint);
    twilio_client_add(voice->client, "From", slice_str(voice->from));
    twilio_client_add(voice->client, "Twiml", buf_view(&voice->twiml));
    twilio_client_add_number(voice->client, "Timeout", voice->ring_s);
    if (voice->has_receipts && attempt->public_url.len > 0) {
        twilio_client_add(voice->client, "StatusCallback",
                          put_url(voice, attempt, CALLBACK_RECEIPT));
    }
    if (voice->limit_s > 0) {
        twilio_client_add_number(voice->client, "TimeLimit", voice->limit_s);
    }
    if (voice->machine != MACHINE_OFF) {
        twilio_client_add(voice->client, "MachineDetection",
                          slice_str(machine_values[voice->machine]));
    }
    twilio_client_send(voice->client, attempt);
}

static uint32_t voice_concurrency(const struct channel *channel)
{
    return twilio_client_connections(((const struct channel_twilio_voice *)channel)->client);
}

static void voice_close(struct channel *channel)
{
    struct channel_twilio_voice *voice = (struct channel_twilio_voice *)channel;
    twilio_client_close(voice->client);
    buf_release(&voice->url);
    buf_release(&voice->twiml);
    mem_free(voice->provider);
    mem_free(voice->from);
    mem_free(voice->language);
    mem_free(voice->voice);
    mem_free(voice->prompt);
    mem_free(voice);
}

static void take_settings(struct channel_twilio_voice *voice, const struct call_settings *read)
{
    bool has_prompt = strcmp(read->prompt, NO_PROMPT) != 0;
    voice->from = mem_copy_str(read->account.from);
    voice->language = mem_copy_str(read->language);
    voice->voice = mem_copy_str(read->voice);
    voice->prompt = mem_copy_str(has_prompt ? read->prompt : NULL);
    voice->loop = read->loop;
    voice->has_gather = read->gather;
    voice->wait_s = read->wait_ms / 1000;
    voice->ring_s = read->ring_ms / 1000;
    voice->limit_s = read->time_limit_ms / 1000;
    voice->machine = (enum machine)read->machine;
    voice->has_receipts = read->account.receipts;
}

static enum err voice_open(struct channel **out, const struct channel_context *context,
                           const struct wire_provider *provider, json_t *settings,
                           struct problem *problem)
{
    char where[WHERE_MAX_BYTES];
    (void)snprintf(where, sizeof(where), "provider \"%.64s\"", provider->name);
    struct call_settings read = call_defaults;
    struct twilio_client *client = NULL;
    enum err err = channel_settings_read(settings, where, call_keys,
                                         sizeof(call_keys) / sizeof(call_keys[0]), &read, problem);
    if (err == ERR_OK && read.account.from == NULL) {
        err = problem_set(problem, ERR_INVALID,
                          "%s: from is missing: a number of the account's, or one that it has "
                          "verified",
                          where);
    }
    if (err == ERR_OK) {
        err = twilio_client_new(&client, context, &read.account, "Calls.json", where, problem);
    }
    if (err != ERR_OK) {
        return err;
    }
    struct channel_twilio_voice *voice = mem_zalloc(1, sizeof(*voice));
    voice->channel.adapter = &channel_twilio_voice_adapter;
    voice->client = client;
    voice->provider = mem_copy_str(provider->name);
    take_settings(voice, &read);
    *out = &voice->channel;
    return ERR_OK;
}

const struct channel_adapter channel_twilio_voice_adapter = {
    .name = "twilio_voice",
    .open = voice_open,
    .concurrency = voice_concurrency,
    .start = voice_start,
    .close = voice_close,
};
