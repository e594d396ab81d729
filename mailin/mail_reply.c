/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people write stands above what they answer, as nearly all programs have it; whoever writes
 * between quoted lines keeps his own lines. So quoted lines (`>`) are taken out wherever they are,
 * with the line that introduces them ("On Monday X wrote:"), and everything from a mark on is cut
 * off that begins an unmarked copy: "-----Original Message-----", Outlook's rule or its block of
 * header lines. What is left ends at a signature ("-- ") and loses a last paragraph that only says
 * which telephone it was written with.
 */
#include "mailin/mail_reply.h"

#include <string.h>

#include "mailin/html_text.h"
#include "mailin/mail_header.h"

#define LINES_MAX       4000
#define INTRODUCED_BACK 3  /* lines that "On ... wrote:" may be broken into */
#define BROKEN_MIN      50 /* bytes of a line that was broken */
#define RULE_CHARS      20

/* The word for "From" that begins a copied header. */
static const char *const from_words[] = {
    "From:",   "*From:*", "Von:",    "De:",     "De :",    "Da:",     "Van:",
    "Fra:",    "Från:",   "Od:",     "От:",     "Від:",    "Kimden:", "Lähettäjä:",
    "Feladó:", "Από:",    "差出人:", "发件人:", "寄件者:", "De la:"};

static const char *const footers[] = {
    "Sent from my ",     "Sent from Mail",   "Sent from Outlook", "Get Outlook for ",
    "Von meinem ",       "Gesendet von ",    "Envoyé de mon ",    "Envoyé depuis ",
    "Enviado desde mi ", "Enviado do meu ",  "Enviado de ",       "Inviato da ",
    "Verzonden vanaf ",  "Verstuurd vanaf ", "Sendt fra min ",    "Skickat från min ",
    "Lähetetty ",        "Wysłane z ",       "Odoslané z ",       "Odesláno z ",
    "Отправлено с ",     "Надіслано з ",     "iPhoneから送信",    "发自我的"};

struct lines {
    struct slice *at;
    size_t count;
};

static bool starts_with_any(struct slice line, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (mail_begins(line, words[i])) {
            return true;
        }
    }
    return false;
}

static struct slice trimmed(struct slice line)
{
    /* A no-break space is a blank, too. */
    for (;;) {
        line = mail_trim(line);
        if (line.len >= 2 && memcmp(line.data + line.len - 2, "\xc2\xa0", 2) == 0) {
            line.len -= 2;
        } else if (line.len >= 2 && memcmp(line.data, "\xc2\xa0", 2) == 0) {
            line = slice_of(line.data + 2, line.len - 2);
        } else {
            return line;
        }
    }
}

static bool is_quoted(struct slice line)
{
    line = trimmed(line);
    return line.len > 0 && line.data[0] == '>';
}

static bool ends_with_colon(struct slice line)
{
    line = trimmed(line);
    return (line.len > 0 && line.data[line.len - 1] == ':') ||
           (line.len >= 3 && memcmp(line.data + line.len - 3, "\xef\xbc\x9a", 3) == 0);
}

/* ---- where a copy begins ---- */

/* "-----Original Message-----" in any language: dashes, words, dashes. */
static bool is_dashed(struct slice line)
{
    line = trimmed(line);
    size_t front = 0;
    size_t back = 0;
    while (front < line.len && line.data[front] == '-') {
        front++;
    }
    while (back < line.len - front && line.data[line.len - 1 - back] == '-') {
        back++;
    }
    return front >= 4 && back >= 4 && front + back < line.len;
}

static bool is_rule(struct slice line)
{
    line = trimmed(line);
    for (size_t i = 0; i < line.len; i++) {
        if (line.data[i] != '_') {
            return false;
        }
    }
    return line.len >= RULE_CHARS;
}

static bool is_header_line(struct slice line)
{
    line = trimmed(line);
    const uint8_t *colon = line.len == 0 ? NULL : memchr(line.data, ':', line.len);
    return colon != NULL && colon > line.data && colon - line.data <= 40;
}

/* "From: ..." with another such line below, and no empty one between. */
static bool begins_header(const struct lines *lines, size_t at)
{
    return starts_with_any(trimmed(lines->at[at]), from_words,
                           sizeof(from_words) / sizeof(from_words[0])) &&
           at + 2 < lines->count && is_header_line(lines->at[at + 1]) &&
           is_header_line(lines->at[at + 2]);
}

static bool begins_copy(const struct lines *lines, size_t at)
{
    struct slice line = lines->at[at];
    if (is_dashed(line) || begins_header(lines, at)) {
        return true;
    }
    /* Outlook's rule counts with the header below it. */
    return is_rule(line) && at + 1 < lines->count && begins_header(lines, at + 1);
}

static bool is_signature(struct slice line)
{
    return slice_is(line, "-- ") || slice_is(line, "--");
}

/* ---- cutting ---- */

static void split(struct lines *lines, struct slice text, struct arena *arena)
{
    struct slice line;
    lines->at = arena_alloc(arena, LINES_MAX * sizeof(*lines->at));
    lines->count = 0;
    while (lines->count < LINES_MAX && mail_line_next(&text, &line)) {
        lines->at[lines->count++] = line;
    }
}

/* The lines that are kept, without the one before quoted lines that introduces them. Where it was
 * broken, the line above is as long as broken lines are. */
static size_t drop_introduction(const struct lines *kept, size_t count)
{
    size_t end = count;
    while (end > 0 && trimmed(kept->at[end - 1]).len == 0) {
        end--;
    }
    if (end == 0 || !ends_with_colon(kept->at[end - 1])) {
        return count;
    }
    size_t begin = end - 1;
    while (begin > 0 && end - begin < INTRODUCED_BACK &&
           trimmed(kept->at[begin - 1]).len >= BROKEN_MIN) {
        begin--;
    }
    return begin;
}

static void keep_own(struct lines *lines)
{
    size_t kept = 0;
    bool was_quoted = false;
    for (size_t i = 0; i < lines->count; i++) {
        bool is_quoted_line = is_quoted(lines->at[i]);
        if (is_quoted_line && !was_quoted) {
            kept = drop_introduction(lines, kept);
        }
        was_quoted = is_quoted_line;
        if (is_quoted_line) {
            continue;
        }
        if (begins_copy(lines, i) || is_signature(lines->at[i])) {
            break;
        }
        lines->at[kept++] = lines->at[i];
    }
    lines->count = kept;
}

/* A last paragraph of one line or two that names a telephone or a mail program. */
static void drop_footer(struct lines *lines)
{
    while (lines->count > 0 && trimmed(lines->at[lines->count - 1]).len == 0) {
        lines->count--;
    }
    size_t begin = lines->count;
    while (begin > 0 && trimmed(lines->at[begin - 1]).len > 0) {
        begin--;
    }
    if (lines->count - begin <= 2 && begin < lines->count &&
        starts_with_any(trimmed(lines->at[begin]), footers, sizeof(footers) / sizeof(footers[0]))) {
        lines->count = begin;
    }
}

static struct slice first_chars(struct slice text, size_t count)
{
    for (size_t i = 0; i < text.len; i++) {
        bool begins = (text.data[i] & 0xc0) != 0x80;
        if (begins && count-- == 0) {
            return slice_of(text.data, i);
        }
    }
    return text;
}

static struct slice join(const struct lines *lines, struct arena *arena)
{
    struct buf text = {0};
    for (size_t i = 0; i < lines->count; i++) {
        struct slice line = lines->at[i];
        while (line.len > 0 && mail_trim(slice_of(line.data + line.len - 1, 1)).len == 0) {
            line.len--;
        }
        buf_slice(&text, line);
        buf_u8(&text, '\n');
    }
    for (size_t i = 0; i < text.len; i++) { /* no control characters but the ends of lines */
        bool is_control = (text.data[i] < 0x20 && text.data[i] != '\n') || text.data[i] == 0x7f;
        text.data[i] = is_control ? ' ' : text.data[i];
    }
    struct slice whole = trimmed(buf_view(&text));
    whole = trimmed(first_chars(whole, MAIL_REPLY_MAX_CHARS));
    struct slice copy = slice_of(arena_copy(arena, whole.data, whole.len), whole.len);
    buf_release(&text);
    return copy;
}

struct slice mail_reply_cut(struct slice text, struct arena *arena)
{
    struct lines lines;
    split(&lines, text, arena);
    keep_own(&lines);
    drop_footer(&lines);
    return join(&lines, arena);
}

struct slice mail_reply_text(const struct mail_message *message, struct arena *arena)
{
    const struct mail_part *part = mail_message_part(message, "text/plain", arena);
    if (part != NULL) {
        struct slice own = mail_reply_cut(mail_part_text(part, arena), arena);
        if (own.len > 0) {
            return own;
        }
    }
    part = mail_message_part(message, "text/html", arena);
    if (part == NULL) {
        return slice_str("");
    }
    struct buf text = {0};
    html_text(&text, mail_part_text(part, arena));
    struct slice own = mail_reply_cut(buf_view(&text), arena);
    buf_release(&text);
    return own;
}

/* ---- machines ---- */

bool mail_is_automatic(struct slice header, struct arena *arena)
{
    static const char *const precedences[] = {"auto_reply", "auto-reply", "bulk", "junk", "list"};
    static const char *const marks[] = {"X-Autoreply", "X-Autorespond", "X-Auto-Reply-From"};
    struct slice value;
    if (mail_header_find(header, "Auto-Submitted", arena, &value)) {
        return !slice_is(mail_value_word(value, arena), "no");
    }
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        if (mail_header_find(header, marks[i], arena, &value) && !mail_is(value, "no")) {
            return true;
        }
    }
    if (mail_header_find(header, "Precedence", arena, &value)) {
        for (size_t i = 0; i < sizeof(precedences) / sizeof(precedences[0]); i++) {
            if (mail_is(value, precedences[i])) {
                return true;
            }
        }
    }
    return false;
}

bool mail_is_from_nobody(struct slice header, struct arena *arena)
{
    struct slice value;
    return mail_header_find(header, "Return-Path", arena, &value) && slice_is(value, "<>");
}
