/* SPDX-License-Identifier: Apache-2.0 */
/*
 * endpoint: checks addresses, locales and time zones, and writes each in one normal form. Pure, no
 * allocation.
 *
 * What passes:
 *   - e-mail: Mailbox of RFC 5321 section 4.1.2, with UTF-8 in either part (RFC 6531); at most 64
 * bytes before the @ and 254 in all. The domain becomes lower case (ASCII letters). Comments,
 * display names and lists do not pass.
 *   - phone: an international number, `+` or `00` and the country code, 7 to 15 digits. Spaces,
 * dashes, dots, slashes, brackets, a `tel:` in front and `(0)` behind the country code are taken
 * out. Becomes E.164: `+491701234567`.
 *   - push token: 1 to 4,096 visible ASCII characters; of a browser's subscription, a JSON object,
 * blanks between its parts are taken out.
 *   - webhook: an absolute http or https URL (RFC 3986) of at most 2,048 bytes, with a host and
 * without a fragment. Scheme and host become lower case.
 *   - locale: language, script, region and variants of BCP 47 by their shape, with `-` or `_`
 * between. Becomes `zh-Hant-TW`. Whether there is such a language is not asked.
 *   - time zone: a name by the shape of the IANA database, `Europe/Berlin`, `Etc/GMT+5`, `UTC`.
 * Whether there is such a zone is asked elsewhere (zone_names.h). An offset is no time zone.
 */
#ifndef TOCSIN_AUDIENCE_ENDPOINT_H
#define TOCSIN_AUDIENCE_ENDPOINT_H

#include "coordinator/audience/cell.h"
#include "proto/page.h"

/* X(name, sentence): the sentence follows the value in quotes. */
#define ENDPOINT_FLAW_MAP(X)                                                                       \
    X(NONE, "")                                                                                    \
    X(EMAIL_AT, "is not an e-mail address: there is no @")                                         \
    X(EMAIL_LOCAL, "is not an e-mail address: the part before the @ is malformed; write the bare " \
                   "address, as anna@example.org")                                                 \
    X(EMAIL_DOMAIN, "is not an e-mail address: the part after the @ is not a domain; write one "   \
                    "bare address, as anna@example.org")                                           \
    X(EMAIL_LONG, "is not an e-mail address: more than 64 bytes before the @, or 254 in all")      \
    X(PHONE_COUNTRY, "has no country code; write it as +491701234567")                             \
    X(PHONE_ZERO, "is not a phone number: no country code begins with 0")                          \
    X(PHONE_CHARACTER, "is not a phone number: it has other characters than digits and "           \
                       "separators; write it as +491701234567")                                    \
    X(PHONE_SHORT, "is not a phone number: fewer than 7 digits with the country code")             \
    X(PHONE_LONG, "is not a phone number: more than 15 digits with the country code")              \
    X(PUSH_CHARACTER, "is not a push token: it has spaces, control or non-ASCII characters")       \
    X(PUSH_LONG, "is not a push token: more than 4,096 characters")                                \
    X(URL_SCHEME, "is not a webhook URL: it must begin with https:// or http://")                  \
    X(URL_HOST, "is not a webhook URL: the host is missing or malformed")                          \
    X(URL_PORT, "is not a webhook URL: the port is not a number from 1 to 65535")                  \
    X(URL_CHARACTER, "is not a webhook URL: a character that must be written as %XX")              \
    X(URL_FRAGMENT, "is not a webhook URL: it has a fragment (#)")                                 \
    X(URL_LONG, "is not a webhook URL: more than 2,048 bytes")                                     \
    X(LOCALE, "is not a locale; write it as de, de-DE or zh-Hant-TW")                              \
    X(TIMEZONE, "is not a time zone; write its name, as Europe/Berlin or UTC")

enum endpoint_flaw {
#define ENDPOINT_FLAW_MEMBER(name, sentence) ENDPOINT_FLAW_##name,
    ENDPOINT_FLAW_MAP(ENDPOINT_FLAW_MEMBER)
#undef ENDPOINT_FLAW_MEMBER
};

const char *endpoint_flaw_sentence(enum endpoint_flaw flaw);

/* Checks a value that is not empty and normalises it in place. Left as it is when flawed. */
enum endpoint_flaw endpoint_email(struct cell *value);
enum endpoint_flaw endpoint_phone(struct cell *value);
enum endpoint_flaw endpoint_push(struct cell *value);
enum endpoint_flaw endpoint_webhook(struct cell *value);
enum endpoint_flaw endpoint_locale(struct cell *value);
enum endpoint_flaw endpoint_timezone(struct cell *value);

#endif
