/* SPDX-License-Identifier: Apache-2.0 */
#include "mailin/mail_intake.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "common/hash.h"
#include "common/log.h"
#include "mailin/mail_counters.h"
#include "mailin/mail_message.h"

#define MODULE      "mailin"
#define READ_BYTES  65536
#define ID_CHARS    40
#define ARENA_BYTES ((size_t)256 * 1024)

enum err mail_intake_read(struct buf *buf, int fd, struct problem *problem)
{
    for (;;) {
        uint8_t *into = buf_reserve(buf, READ_BYTES);
        ssize_t got = read(fd, into, READ_BYTES);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return problem_set(problem, ERR_IO, "the mail cannot be read to its end");
        }
        if (got == 0) {
            return ERR_OK;
        }
        if (buf->len < MAIL_MAX_BYTES) { /* the rest is read, so that the writer can finish */
            buf->len += (size_t)got;
        }
    }
}

/* The same for the same mail, so that what is told twice counts once. */
static void write_id(char id[ID_CHARS], struct slice mail)
{
    static const uint8_t key[HASH_KEY_BYTES] = "tocsin.mailin.id";
    struct hash128 hash = hash_keyed128(key, mail);
    (void)snprintf(id, ID_CHARS, "mail-%016llx%016llx", (unsigned long long)hash.high,
                   (unsigned long long)hash.low);
}

static void count(const struct mail_intake *intake, enum mail_kind kind, enum mail_result result)
{
    struct problem problem;
    if (intake->counters != NULL &&
        mail_counters_add(intake->counters, kind, result, &problem) != ERR_OK) {
        LOG_W(MODULE, "not_counted", "problem=\"%s\"", problem.text);
    }
}

static void report(const struct mail_finding *finding, enum mail_result result,
                   const struct problem *problem)
{
    char status[MAIL_STATUS_CHARS];
    mail_status_write(status, &finding->status);
    const char *dsn = status[0] == '\0' ? "none" : status;
    const char *kind = mail_kind_word(finding->kind);
    const char *word = mail_result_word(result);
    if (result == MAIL_RESULT_TOLD || result == MAIL_RESULT_NOTHING) {
        LOG_I(MODULE, "mail_taken", "kind=%s status=%s result=%s", kind, dsn, word);
    } else {
        log_event(result == MAIL_RESULT_LATER ? LOG_ERROR : LOG_WARN, MODULE,
                  result == MAIL_RESULT_LATER ? "mail_left" : "mail_taken",
                  "kind=%s status=%s result=%s problem=\"%s\"", kind, dsn, word, problem->text);
    }
}

bool mail_intake_take(const struct mail_intake *intake, struct slice mail, bool *is_away)
{
    char id[ID_CHARS];
    struct mail_finding finding;
    struct problem problem = {0};
    struct arena arena;
    arena_init(&arena, ARENA_BYTES);
    write_id(id, mail);
    mail_find(&finding, mail, slice_str(intake->recipient == NULL ? "" : intake->recipient),
              &intake->rules, &arena);
    enum mail_result result = mail_tell(&intake->teller, &finding, id, is_away, &problem);
    report(&finding, result, &problem);
    count(intake, finding.kind, result);
    arena_release(&arena);
    return result != MAIL_RESULT_LATER;
}
