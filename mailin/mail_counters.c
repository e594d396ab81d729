/* SPDX-License-Identifier: Apache-2.0 */
#include "mailin/mail_counters.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/file.h"
#include "common/text.h"
#include "mailin/mail_header.h"

#define NAME           "tocsin_mailin_mails_total"
#define FILE_MAX_BYTES 65536

static void line_begin(struct buf *buf, unsigned kind, unsigned result)
{
    buf_printf(buf, NAME "{kind=\"%s\",result=\"%s\"} ", mail_kind_word((enum mail_kind)kind),
               mail_result_word((enum mail_result)result));
}

static void read_line(struct mail_counters *counters, struct slice line)
{
    struct buf begin = {0};
    for (unsigned i = 0; i < MAIL_KINDS * MAIL_RESULTS; i++) {
        uint64_t count;
        buf_clear(&begin);
        line_begin(&begin, i / MAIL_RESULTS, i % MAIL_RESULTS);
        if (line.len > begin.len && memcmp(line.data, begin.data, begin.len) == 0 &&
            text_number(slice_of(line.data + begin.len, line.len - begin.len), 0, UINT64_MAX / 2,
                        &count)) {
            counters->counts[i / MAIL_RESULTS][i % MAIL_RESULTS] = count;
            break;
        }
    }
    buf_release(&begin);
}

void mail_counters_read(struct mail_counters *counters, struct slice text)
{
    struct slice line;
    *counters = (struct mail_counters){0};
    while (mail_line_next(&text, &line)) {
        read_line(counters, line);
    }
}

void mail_counters_write(const struct mail_counters *counters, struct buf *buf)
{
    buf_str(buf,
            "# HELP " NAME " Mails that were read, by what they were and what became of them.\n"
            "# TYPE " NAME " counter\n");
    for (unsigned i = 0; i < MAIL_KINDS * MAIL_RESULTS; i++) {
        uint64_t count = counters->counts[i / MAIL_RESULTS][i % MAIL_RESULTS];
        if (count > 0) {
            line_begin(buf, i / MAIL_RESULTS, i % MAIL_RESULTS);
            buf_printf(buf, "%" PRIu64 "\n", count);
        }
    }
}

static enum err failed(const char *what, const char *path, struct problem *problem)
{
    enum err err = err_from_errno(errno);
    return problem_set(problem, err, "%s \"%.200s\": %s", what, path, err_sentence(err));
}

static enum err replace(const char *path, struct slice text, struct problem *problem)
{
    struct buf name = {0};
    enum err err = ERR_OK;
    buf_printf(&name, "%s.new", path);
    int fd = open(buf_cstr(&name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd == -1 || write(fd, text.data, text.len) != (ssize_t)text.len ||
        rename(buf_cstr(&name), path) != 0) {
        err = failed("the counters cannot be written to", path, problem);
    }
    if (fd != -1) {
        (void)close(fd);
    }
    buf_release(&name);
    return err;
}

static enum err add_locked(const char *path, enum mail_kind kind, enum mail_result result,
                           struct problem *problem)
{
    struct buf text = {0};
    struct mail_counters counters;
    enum err err = file_read(&text, path, FILE_MAX_BYTES, problem);
    if (err == ERR_OK || err == ERR_NOT_FOUND) {
        mail_counters_read(&counters, buf_view(&text));
        counters.counts[kind][result]++;
        buf_clear(&text);
        mail_counters_write(&counters, &text);
        err = replace(path, buf_view(&text), problem);
    }
    buf_release(&text);
    return err;
}

enum err mail_counters_add(const char *path, enum mail_kind kind, enum mail_result result,
                           struct problem *problem)
{
    struct buf name = {0};
    buf_printf(&name, "%s.lock", path);
    int lock = open(buf_cstr(&name), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    enum err err = lock == -1 || flock(lock, LOCK_EX) != 0
                       ? failed("the counters cannot be locked by", buf_cstr(&name), problem)
                       : add_locked(path, kind, result, problem);
    if (lock != -1) {
        (void)close(lock);
    }
    buf_release(&name);
    return err;
}
