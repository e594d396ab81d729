/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smtp_client: mails to one relay over a few kept connections, one recipient a transaction. The
 * adapter takes a line (a connection, open or not), writes the message, sends it, and is called
 * when the relay has taken or refused it. Loop's thread only.
 */
#ifndef TOCSIN_CHANNEL_SMTP_CLIENT_H
#define TOCSIN_CHANNEL_SMTP_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "common/buf.h"
#include "common/slice.h"
#include "net/transfer_tally.h"
#include "worker/channel/smtp_dialogue.h"

struct smtp_client;
struct smtp_line;

/* The verdict is valid during the call. May send other mails; must not close the client. */
typedef void (*smtp_client_answer_fn)(void *arg, uint32_t tag, const struct smtp_verdict *verdict);

enum smtp_security {
    SMTP_SECURITY_OFF,
    SMTP_SECURITY_OPPORTUNISTIC, /* STARTTLS if it is offered */
    SMTP_SECURITY_REQUIRED,      /* STARTTLS or nothing */
    SMTP_SECURITY_IMPLICIT       /* TLS from the first byte */
};

struct smtp_client_settings {
    uv_loop_t *loop;
    smtp_client_answer_fn on_answer;
    void *arg;
    uint32_t connections;        /* mails under way at most */
    uint32_t connect_timeout_ms; /* until greeting, TLS and login are done */
    uint32_t timeout_ms;         /* of a mail on an open connection */
    const char *host;
    uint16_t port;
    const char *helo; /* our name; NULL: the machine's */
    enum smtp_security security;
    const char *user; /* NULL: no login */
    const char *password;
    const char *ca_file; /* NULL: the system's */
    bool insecure_tls;
    struct transfer_tally *tally; /* outlives the client's sockets; NULL: nothing is counted */
};

/* Copies the settings. */
struct smtp_client *smtp_client_new(const struct smtp_client_settings *settings);
/* What is under way is given up and answered before this returns. */
void smtp_client_close(struct smtp_client *client);

/* A line that is free, open ones first. No more than `connections` at a time. */
struct smtp_line *smtp_client_take(struct smtp_client *client);
/* Back, unused. */
void smtp_line_drop(struct smtp_line *line);
/* Where the message is written, with CRLF line ends; empty. Valid until it is sent. */
struct buf *smtp_line_message(struct smtp_line *line);
/* Copies the envelope. */
void smtp_line_send(struct smtp_line *line, const struct smtp_envelope *envelope, uint32_t tag);

#endif
