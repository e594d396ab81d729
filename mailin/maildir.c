/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A look goes through new/ once, some entries at a time; what changes meanwhile asks for another
 * look behind it. The next look after one that left something comes with the clock alone, or every
 * mail that arrives would try all that lies there.
 */
#include "mailin/maildir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/log.h"
#include "common/mem.h"

#define MODULE         "maildir"
#define ENTRIES_A_TURN 32

struct maildir {
    const struct mail_intake *intake;
    int new_fd;
    int cur_fd;
    DIR *look;     /* NULL between looks */
    bool is_asked; /* something changed during the look */
    unsigned left; /* mails that this look left */
    uint64_t every_ms;
    uv_timer_t timer; /* the next look, or the next turn of one */
    uv_fs_event_t changes;
    unsigned open_handles;
};

/* ---- one mail ---- */

static void move_taken(const struct maildir *maildir, const char *name)
{
    struct buf to = {0};
    buf_str(&to, name);
    if (strchr(name, ':') == NULL) {
        buf_str(&to, ":2,S");
    }
    if (renameat(maildir->new_fd, name, maildir->cur_fd, buf_cstr(&to)) != 0 && errno != ENOENT) {
        LOG_E(MODULE, "not_moved", "problem=\"%s\"", err_sentence(err_from_errno(errno)));
    }
    buf_release(&to);
}

/* Regular files alone: anything else could block. */
static int open_mail(const struct maildir *maildir, const char *name)
{
    struct stat info;
    int fd = openat(maildir->new_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd == -1) {
        if (errno != ENOENT) {
            LOG_E(MODULE, "not_opened", "problem=\"%s\"", err_sentence(err_from_errno(errno)));
        }
        return -1;
    }
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

/* False: the coordinator is away, and nothing else need be tried. */
static bool take(struct maildir *maildir, const char *name)
{
    struct problem problem;
    struct buf mail = {0};
    bool is_away = false;
    int fd = name[0] == '.' ? -1 : open_mail(maildir, name);
    if (fd == -1) {
        return true;
    }
    if (mail_intake_read(&mail, fd, &problem) != ERR_OK) {
        LOG_E(MODULE, "not_read", "problem=\"%s\"", problem.text);
        maildir->left++;
    } else if (mail_intake_take(maildir->intake, buf_view(&mail), &is_away)) {
        move_taken(maildir, name);
    } else {
        maildir->left++;
    }
    (void)close(fd);
    buf_release(&mail);
    return !is_away;
}

/* ---- looks ---- */

static void on_timer(uv_timer_t *timer);

static bool begin_look(struct maildir *maildir)
{
    int fd = openat(maildir->new_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    maildir->look = fd == -1 ? NULL : fdopendir(fd);
    if (maildir->look == NULL) {
        LOG_E(MODULE, "not_listed", "problem=\"%s\"", err_sentence(err_from_errno(errno)));
        if (fd != -1) {
            (void)close(fd);
        }
        return false;
    }
    maildir->is_asked = false;
    maildir->left = 0;
    return true;
}

static void end_look(struct maildir *maildir)
{
    (void)closedir(maildir->look);
    maildir->look = NULL;
}

/* True: there is more of this look. */
static bool run_look(struct maildir *maildir)
{
    for (unsigned i = 0; i < ENTRIES_A_TURN; i++) {
        /* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread */
        const struct dirent *entry = readdir(maildir->look);
        if (entry == NULL || !take(maildir, entry->d_name)) {
            end_look(maildir);
            return false;
        }
    }
    return true;
}

static void on_timer(uv_timer_t *timer)
{
    struct maildir *maildir = timer->data;
    if ((maildir->look != NULL || begin_look(maildir)) && run_look(maildir)) {
        uv_timer_start(timer, on_timer, 0, 0);
        return;
    }
    bool is_again = maildir->is_asked && maildir->left == 0;
    uv_timer_start(timer, on_timer, is_again ? 0 : maildir->every_ms, 0);
}

static void on_change(uv_fs_event_t *event, const char *name, int events, int status)
{
    struct maildir *maildir = event->data;
    (void)name;
    (void)events;
    (void)status;
    if (maildir->look != NULL) {
        maildir->is_asked = true;
    } else if (maildir->left == 0) {
        uv_timer_start(&maildir->timer, on_timer, 0, 0);
    }
}

/* ---- opening and closing ---- */

static enum err open_folder(const char *path, const char *name, int *fd, struct problem *problem)
{
    struct buf whole = {0};
    buf_printf(&whole, "%s/%s", path, name);
    *fd = open(buf_cstr(&whole), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    buf_release(&whole);
    if (*fd != -1) {
        return ERR_OK;
    }
    enum err err = err_from_errno(errno);
    return problem_set(problem, err,
                       "\"%.200s\" is no Maildir that can be read: %s in it: %s; it must have the "
                       "folders new and cur",
                       path, name, err_sentence(err));
}

static void on_closed(uv_handle_t *handle)
{
    struct maildir *maildir = handle->data;
    if (--maildir->open_handles == 0) {
        mem_free(maildir);
    }
}

static void close_files(struct maildir *maildir)
{
    if (maildir->look != NULL) {
        end_look(maildir);
    }
    if (maildir->new_fd != -1) {
        (void)close(maildir->new_fd);
    }
    if (maildir->cur_fd != -1) {
        (void)close(maildir->cur_fd);
    }
}

/* Without it the clock alone says when to look. */
static void watch(struct maildir *maildir, const char *path)
{
    struct buf folder = {0};
    buf_printf(&folder, "%s/new", path);
    int result = uv_fs_event_start(&maildir->changes, on_change, buf_cstr(&folder), 0);
    if (result != 0) {
        LOG_W(MODULE, "not_watched", "problem=\"%s\"", uv_strerror(result));
    }
    buf_release(&folder);
}

enum err maildir_open(struct maildir **out, uv_loop_t *loop, const char *path, uint64_t every_ms,
                      const struct mail_intake *intake, struct problem *problem)
{
    struct maildir *maildir = mem_zalloc(1, sizeof(*maildir));
    *maildir = (struct maildir){
        .intake = intake, .new_fd = -1, .cur_fd = -1, .every_ms = every_ms, .open_handles = 2};
    enum err err = open_folder(path, "new", &maildir->new_fd, problem);
    err = err != ERR_OK ? err : open_folder(path, "cur", &maildir->cur_fd, problem);
    if (err != ERR_OK) {
        close_files(maildir);
        mem_free(maildir);
        return err;
    }
    uv_timer_init(loop, &maildir->timer);
    uv_fs_event_init(loop, &maildir->changes);
    maildir->timer.data = maildir;
    maildir->changes.data = maildir;
    watch(maildir, path);
    uv_timer_start(&maildir->timer, on_timer, 0, 0);
    *out = maildir;
    return ERR_OK;
}

void maildir_close(struct maildir *maildir)
{
    close_files(maildir);
    maildir->new_fd = -1;
    maildir->cur_fd = -1;
    uv_close((uv_handle_t *)&maildir->timer, on_closed);
    uv_close((uv_handle_t *)&maildir->changes, on_closed);
}
