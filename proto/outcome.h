/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outcome: what a worker says of an attempt, and the reason codes that go with it.
 */
#ifndef TOCSIN_PROTO_OUTCOME_H
#define TOCSIN_PROTO_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

#include "common/slice.h"

/* Numbers are part of the wire: add at the end.
 * accepted       the provider took responsibility
 * deferred       not taken, may be tried again; costs an attempt
 * throttled      the provider asks everybody to slow down; costs no attempt
 * rejected       this recipient's endpoint or message can never work
 * uncertain      the request left and no answer came: it may or may not have been taken
 * misconfigured  credentials, sender or route are wrong: the provider's breaker opens, nobody fails
 * returned       the worker did not start it (drain, pause, cancel); costs nothing
 */
#define OUTCOME_MAP(X)                                                                             \
    X(ACCEPTED, "accepted")                                                                        \
    X(DEFERRED, "deferred")                                                                        \
    X(THROTTLED, "throttled")                                                                      \
    X(REJECTED, "rejected")                                                                        \
    X(UNCERTAIN, "uncertain")                                                                      \
    X(MISCONFIGURED, "misconfigured")                                                              \
    X(RETURNED, "returned")

enum outcome {
#define OUTCOME_MEMBER(name, word) OUTCOME_##name,
    OUTCOME_MAP(OUTCOME_MEMBER)
#undef OUTCOME_MEMBER
        OUTCOMES
};

const char *outcome_name(enum outcome outcome);

/* Why: 100..599 is the provider's own reply code (HTTP status or SMTP reply); the rest is ours.
 * Stored: add only. */
#define REASON_MAP(X)                                                                              \
    X(NONE, 0, "")                                                                                 \
    X(VARIABLE_MISSING, 1001, "a variable of the template has no value")                           \
    X(NO_ENDPOINT, 1002, "no endpoint on this channel")                                            \
    X(PAGE_DAMAGED, 1003, "the page could not be read")                                            \
    X(CONTENT_UNKNOWN, 1004, "the campaign's content could not be had")                            \
    X(CHANNEL_UNKNOWN, 1005, "the worker could not open the provider")                             \
    X(MESSAGE_TOO_LARGE, 1006, "the message is larger than the channel takes")                     \
    X(TOO_MANY_PARTS, 1007, "the text needs more short messages than the provider's max_parts")    \
    X(ENDPOINT_UNFIT, 1008, "the endpoint is of no form that the provider takes")                  \
    X(ENDPOINT_DEAD, 1009, "the provider says that there is no such endpoint")                     \
    X(ADDRESS_NOT_ASCII, 1010, "the provider takes ASCII addresses only (no SMTPUTF8)")            \
    X(ATTACHMENT_MISSING, 1011, "the worker does not have a file that is to be attached")          \
    X(NO_ATTACHMENTS, 1012, "the provider takes no attachments")                                   \
    X(CONNECT_FAILED, 1101, "no connection to the provider")                                       \
    X(RESOLVE_FAILED, 1102, "the provider's name was not resolved")                                \
    X(TLS_FAILED, 1103, "TLS to the provider failed")                                              \
    X(TIMED_OUT_BEFORE, 1104, "timed out before the request left")                                 \
    X(TIMED_OUT_AFTER, 1105, "timed out after the request left")                                   \
    X(CONNECTION_LOST, 1106, "the connection broke after the request left")                        \
    X(ANSWER_MALFORMED, 1107, "the answer could not be understood")                                \
    X(AUTHENTICATION_FAILED, 1108, "the provider refused the credentials")                         \
    X(SECRET_MISSING, 1109, "a secret or file of the settings is missing on the worker")           \
    X(ADDRESS_REFUSED, 1110, "the endpoint is an address that must not be called")                 \
    X(ENDPOINT_UNREACHABLE, 1111, "the endpoint's own server could not be reached")                \
    X(ENDPOINT_TLS_FAILED, 1112, "TLS to the endpoint's own server failed")                        \
    X(ENDPOINT_SILENT, 1113, "the endpoint's own server gave no proper answer")                    \
    X(ENDPOINT_REFUSED, 1114, "the provider refuses this endpoint")                                \
    X(MESSAGE_REFUSED, 1115, "the provider refuses this message")                                  \
    X(PROVIDER_TROUBLE, 1116, "the provider says that it has trouble of its own")                  \
    X(SETTINGS_REFUSED, 1117, "the provider refuses what the settings say")                        \
    X(TOKEN_MISSING, 1120, "the coordinator has no token of the provider yet")                     \
    X(DRAINED, 1201, "the worker drained")                                                         \
    X(PAUSED, 1202, "the campaign was paused")                                                     \
    X(CAMPAIGN_CANCELLED, 1203, "the campaign was cancelled")                                      \
    X(HELD_BACK, 1204, "the provider had just throttled or refused others")                        \
    X(RECALLED, 1205, "acknowledged before it was sent")                                           \
    X(NOT_AFTER, 1206, "the campaign's not_after had passed")                                      \
    X(HELD_UP, 1207, "the worker was held up until its time to send was over")                     \
    X(LEASE_EXPIRED, 1301, "the worker was gone past its lease")                                   \
    X(WORKER_RESTARTED, 1302, "the worker restarted")                                              \
    X(ATTEMPTS_USED, 1303, "no attempts left")                                                     \
    X(TIME_USED, 1304, "the step's time is over")                                                  \
    X(NOT_ACKNOWLEDGED, 1305, "not acknowledged in time")                                          \
    X(NOT_DELIVERED, 1306, "no receipt in time")                                                   \
    X(CHANNEL_DOWN, 1310, "no provider of the step could be used")                                 \
    X(PASSED_BY, 1311, "back to what was passed by while no provider of it could be used")         \
    X(OPTED_OUT, 1401, "on the suppression list: opted out")                                       \
    X(COMPLAINED, 1402, "on the suppression list: complained")                                     \
    X(BOUNCED, 1403, "on the suppression list: bounced before")                                    \
    X(INVALID, 1404, "on the suppression list: the endpoint is not valid")                         \
    X(LEGAL, 1405, "on the suppression list for a legal reason")                                   \
    X(MANUAL, 1406, "on the suppression list by hand")                                             \
    X(FREQUENCY_CAP, 1501, "had as many messages as the frequency cap allows")                     \
    X(QUIET_HOURS, 1502, "quiet hours")                                                            \
    X(PROVIDER_QUIET, 1503, "the provider's quiet hours")                                          \
    X(RECEIPT_FAILED, 1601, "the receipt says that it was not delivered")                          \
    X(RECEIPT_BOUNCED, 1602, "the receipt says that it came back")                                 \
    X(RECEIPT_COMPLAINED, 1603, "the receipt says that the recipient complained")                  \
    X(ADDRESS_UNKNOWN, 1610, "there is no such address, number or device")                         \
    X(ADDRESS_UNFIT, 1611, "the number cannot receive such messages")                              \
    X(OPTED_OUT_THERE, 1612, "the recipient has opted out at the provider")                        \
    X(UNREACHABLE, 1650, "the mailbox or device could not be reached")                             \
    X(MAILBOX_FULL, 1651, "the mailbox is full")                                                   \
    X(FILTERED, 1652, "filtered as unwanted on its way")                                           \
    X(EXPIRED_THERE, 1653, "the provider gave up: its time was over")                              \
    X(REFUSED_THERE, 1654, "the provider or a carrier refused the message")                        \
    X(BUSY, 1655, "the line was busy")                                                             \
    X(NO_ANSWER, 1656, "nobody answered the call")                                                 \
    X(ANSWERED_BY_MACHINE, 1657, "a machine answered the call")                                    \
    X(BY_LINK, 1701, "by the link in the message")                                                 \
    X(BY_REPLY, 1702, "by a reply with the code")                                                  \
    X(BY_KEY, 1703, "by a button in the message, or a key pressed in the call")                    \
    X(BY_OTHERS, 1704, "entered by an operator or a program")

enum reason {
#define REASON_MEMBER(name, number, sentence) REASON_##name = (number),
    REASON_MAP(REASON_MEMBER)
#undef REASON_MEMBER
};

/* 1400..1499: he, or an endpoint of his, must not be sent to. */
static inline bool reason_is_suppression(uint16_t reason)
{
    return reason / 100 == 14;
}

/* 1610..1699, and known: why a message failed, as a receipt may say it in our own words. */
bool reason_is_of_receipt(uint16_t reason);
/* 1009, 1610..1649: the endpoint itself can never be reached, whatever is sent; 1650..1699 may
 * change. */
static inline bool reason_is_of_address(uint16_t reason)
{
    return reason == REASON_ENDPOINT_DEAD || (reason >= 1610 && reason <= 1649);
}

/* A sentence for our own reasons, "provider answered" for 100..599. */
const char *reason_sentence(uint16_t reason);

#define OUTCOME_REF_MAX 128

/* `span` neighbours of a page, from place `offset`, that met the same fate. */
struct outcome_run {
    uint16_t offset;
    uint16_t span;   /* 1..1024 */
    uint8_t outcome; /* enum outcome */
    uint16_t reason;
    uint32_t retry_after_ms; /* 0 if the provider did not say */
    uint64_t at_ms;          /* unix time when the outcome was known */
    /* The provider's id of the message: empty, or span is 1 and it has at most OUTCOME_REF_MAX
     * bytes. */
    struct slice ref;
};

#endif
