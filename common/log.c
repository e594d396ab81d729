/* SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/text.h"

/* Longer lines are cut off and end in "...". Well below PIPE_BUF, so that writes to a pipe do not
 * mix. */
#define LOG_LINE_BYTES 2048

static const char *const log_names[] = {"error", "warn", "info", "debug"};

static atomic_int log_level_now = LOG_INFO;
static atomic_int log_fd = STDERR_FILENO;

void log_init(enum log_level level, int fd)
{
    atomic_store(&log_level_now, (int)level);
    atomic_store(&log_fd, fd);
}

bool log_level_parse(const char *name, enum log_level *level)
{
    for (int i = LOG_ERROR; i <= LOG_DEBUG; i++) {
        if (strcmp(name, log_names[i]) == 0) {
            *level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

/* One event is one line, whatever the values hold. */
static void log_tame(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte < 0x20 || byte == 0x7f) {
            text[i] = '?';
        }
    }
}

static void log_write(const char *line, size_t len)
{
    int fd = atomic_load_explicit(&log_fd, memory_order_relaxed);
    ssize_t written;
    do {
        written = write(fd, line, len);
    } while (written < 0 && errno == EINTR);
    /* A log that cannot be written has nobody left to tell. */
}

void log_event(enum log_level level, const char *module, const char *event, const char *fields, ...)
{
    if ((int)level > atomic_load_explicit(&log_level_now, memory_order_relaxed)) {
        return;
    }
    int saved_errno = errno;
    char line[LOG_LINE_BYTES];
    char now[TEXT_TIME_BYTES + 1];
    text_time_str(now, clock_unix_ms());
    size_t room = sizeof(line) - 1; /* the last byte is kept for the line break */
    int head = snprintf(line, room, "%s %s %s %s%s", now, log_names[level], module, event,
                        fields[0] == '\0' ? "" : " ");
    size_t len = head < 0 ? 0 : (size_t)head;
    if (len < room) {
        va_list args;
        va_start(args, fields);
        int tail = vsnprintf(line + len, room - len, fields, args);
        va_end(args);
        len += tail < 0 ? 0 : (size_t)tail;
    }
    if (len >= room) {
        len = room - 1;
        memcpy(line + len - 3, "...", 3);
    }
    log_tame(line, len);
    line[len++] = '\n';
    log_write(line, len);
    errno = saved_errno;
}
