/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/upload.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/human.h"
#include "common/clock.h"
#include "common/interrupt.h"
#include "common/text.h"

#define HEAD_BYTES     4
#define REDRAW_MS      150
#define REFUSED_MAX    UINT64_C(1000000000)
#define NAME_MAX_BYTES 128 /* as the API has it */

struct upload {
    const char *file;
    int fd;
    uint8_t head[HEAD_BYTES];
    size_t head_len;
    struct stat stat;
    struct cli *cli;
    uint64_t started_ms;
    uint64_t drawn_ms;
};

static bool slice_ends(struct slice text, const char *end)
{
    size_t len = strlen(end);
    return text.len > len && memcmp(text.data + text.len - len, end, len) == 0;
}

static struct slice without_end(struct slice text, const char *end)
{
    return slice_ends(text, end) ? slice_of(text.data, text.len - strlen(end)) : text;
}

enum upload_encoding upload_encoding_of(struct slice head)
{
    static const uint8_t gzip[] = {0x1f, 0x8b};
    static const uint8_t zstd[] = {0x28, 0xb5, 0x2f, 0xfd};
    if (head.len >= sizeof(gzip) && memcmp(head.data, gzip, sizeof(gzip)) == 0) {
        return UPLOAD_GZIP;
    }
    if (head.len >= sizeof(zstd) && memcmp(head.data, zstd, sizeof(zstd)) == 0) {
        return UPLOAD_ZSTD;
    }
    return UPLOAD_PLAIN;
}

static struct slice without_compression(const char *file)
{
    return without_end(without_end(slice_str(file), ".gz"), ".zst");
}

const char *upload_type_of(const char *format, const char *file, struct slice head)
{
    struct slice name = without_compression(file);
    bool is_ndjson = false;
    if (format != NULL) {
        is_ndjson = strcmp(format, "ndjson") == 0;
    } else if (slice_ends(name, ".ndjson") || slice_ends(name, ".jsonl")) {
        is_ndjson = true;
    } else if (!slice_ends(name, ".csv")) {
        is_ndjson = head.len > 0 && head.data[0] == '{';
    }
    return is_ndjson ? "application/x-ndjson" : "text/csv";
}

void upload_name_of(struct buf *name, const char *file)
{
    size_t start = name->len;
    if (strcmp(file, "-") == 0) {
        buf_str(name, "standard input");
        return;
    }
    const char *slash = strrchr(file, '/');
    struct slice base = without_compression(slash == NULL ? file : slash + 1);
    human_text(name, without_end(without_end(without_end(base, ".csv"), ".ndjson"), ".jsonl"));
    size_t len = name->len - start;
    if (len > NAME_MAX_BYTES) {
        len = NAME_MAX_BYTES;
        while ((name->data[start + len] & 0xc0) == 0x80) {
            len--; /* not within a character */
        }
        name->len = start + len;
    }
}

/* "max=100" -> 100; ERR_INVALID if it is none of the words allowed. */
static enum err on_error_parse(const char *text, uint64_t *max, struct problem *problem)
{
    *max = 0;
    if (strcmp(text, "stop") == 0 || strcmp(text, "skip") == 0 ||
        (strncmp(text, "max=", 4) == 0 && text_number(slice_str(text + 4), 0, REFUSED_MAX, max))) {
        return ERR_OK;
    }
    return problem_set(problem, ERR_INVALID,
                       "--on-error cannot be \"%s\"; it is stop, skip, or max=N with a number",
                       text);
}

static void put_parameter(struct buf *path, const char *name, struct slice value)
{
    buf_printf(path, "&%s=", name);
    text_url_encode(path, value);
}

static enum err put_mappings(struct buf *path, const struct arguments *arguments,
                             struct problem *problem)
{
    struct buf mappings = {0};
    enum err err = ERR_OK;
    unsigned at = 0;
    for (const char *map = arguments_next(arguments, "map", &at); map != NULL && err == ERR_OK;
         map = arguments_next(arguments, "map", &at)) {
        if (strchr(map, '=') == NULL) {
            err = problem_set(problem, ERR_INVALID,
                              "--map cannot be \"%s\"; it is FIELD=COLUMN, such as phone=Mobile",
                              map);
        }
        buf_printf(&mappings, "%s%s", mappings.len == 0 ? "" : ",", map);
    }
    if (err == ERR_OK && mappings.len > 0) {
        put_parameter(path, "map", buf_view(&mappings));
    }
    buf_release(&mappings);
    return err;
}

enum err upload_path(struct buf *path, const struct arguments *arguments, struct slice name,
                     struct problem *problem)
{
    const char *on_error = arguments_value(arguments, "on-error");
    uint64_t max = 0;
    buf_str(path, "/v1/audiences?name=");
    text_url_encode(path, name);
    if (on_error != NULL) {
        enum err err = on_error_parse(on_error, &max, problem);
        if (err != ERR_OK) {
            return err;
        }
        put_parameter(path, "on_error", slice_of(on_error, strcspn(on_error, "=")));
        if (strncmp(on_error, "max=", 4) == 0) {
            put_parameter(path, "max", slice_str(on_error + 4));
        }
    }
    return put_mappings(path, arguments, problem);
}

enum err upload_check(const struct arguments *arguments, struct problem *problem)
{
    struct buf path = {0};
    enum err err = upload_path(&path, arguments, slice_str("name"), problem);
    buf_release(&path);
    return err;
}

/* Reads the first bytes; fewer than HEAD_BYTES only when there are no more. */
static enum err upload_read_head(struct upload *upload, struct problem *problem)
{
    while (upload->head_len < HEAD_BYTES && !interrupt_is_asked()) {
        ssize_t got =
            read(upload->fd, upload->head + upload->head_len, HEAD_BYTES - upload->head_len);
        if (got == 0) {
            break;
        }
        if (got < 0 && errno != EINTR) {
            return problem_set(problem, ERR_IO, "%s cannot be read: %s", upload->file,
                               err_sentence(err_from_errno(errno)));
        }
        upload->head_len += got > 0 ? (size_t)got : 0;
    }
    if (upload->head_len == 0) {
        return problem_set(problem, ERR_INVALID,
                           "%s is empty; a head line and a row for each entry were expected",
                           upload->file);
    }
    return ERR_OK;
}

static enum err upload_open(struct upload *upload, struct problem *problem)
{
    bool is_stdin = strcmp(upload->file, "-") == 0;
    upload->fd = is_stdin ? STDIN_FILENO : open(upload->file, O_RDONLY | O_CLOEXEC);
    if (upload->fd < 0 || fstat(upload->fd, &upload->stat) != 0) {
        int errno_value = errno;
        return problem_set(problem, err_from_errno(errno_value), "%s cannot be opened: %s",
                           upload->file, err_sentence(err_from_errno(errno_value)));
    }
    if (S_ISDIR(upload->stat.st_mode)) {
        return problem_set(problem, ERR_INVALID, "%s is a directory; a file was expected",
                           upload->file);
    }
    if (is_stdin) {
        upload->file = "standard input";
    }
    return upload_read_head(upload, problem);
}

static void upload_close(const struct upload *upload)
{
    if (upload->fd > STDIN_FILENO) {
        (void)close(upload->fd);
    }
}

/* The size of what will be sent, if anybody knows; 0 otherwise. */
static uint64_t upload_size(const struct upload *upload)
{
    return S_ISREG(upload->stat.st_mode) ? (uint64_t)upload->stat.st_size : 0;
}

/* "customers.csv   42.0 %   212.4 MB of 505.1 MB   180.2 MB a second" */
static void upload_on_progress(void *arg, uint64_t sent)
{
    struct upload *upload = arg;
    struct screen *screen = &upload->cli->notes;
    uint64_t now_ms = clock_monotonic_ms();
    if (!screen->is_live || upload->cli->is_quiet || now_ms - upload->drawn_ms < REDRAW_MS) {
        return;
    }
    upload->drawn_ms = now_ms;
    uint64_t size = upload_size(upload);
    double seconds = (double)(now_ms - upload->started_ms) / 1000;
    struct buf line = {0};
    human_text(&line, slice_str(upload->file));
    buf_str(&line, "   ");
    if (size > 0 && sent >= size) {
        buf_str(&line, "sent; the coordinator finishes it");
    } else {
        if (size > 0) {
            human_percent(&line, sent, size);
            buf_str(&line, "   ");
        }
        human_bytes(&line, sent);
        if (size > 0) {
            buf_str(&line, " of ");
            human_bytes(&line, size);
        }
        buf_str(&line, "   ");
        human_bytes(&line, seconds > 0 ? (uint64_t)((double)sent / seconds) : 0);
        buf_str(&line, " a second");
    }
    line.len = human_cut(buf_view(&line), screen_style(screen).columns).len;
    buf_u8(&line, '\n');
    screen_draw(screen, &line);
    buf_release(&line);
}

static enum err upload_send(struct upload *upload, const char *path, const char *format,
                            json_t **audience, struct problem *problem)
{
    static const char *const encodings[] = {NULL, "gzip", "zstd"};
    struct slice head = slice_of(upload->head, upload->head_len);
    bool is_regular = S_ISREG(upload->stat.st_mode);
    /* A file on standard input may have been read to somewhere in its middle. */
    bool has_size = is_regular && lseek(upload->fd, 0, SEEK_CUR) == (off_t)head.len;
    struct client_upload body = {
        .path = path,
        .content_type = upload_type_of(format, upload->file, head),
        .content_encoding = encodings[upload_encoding_of(head)],
        .fd = upload->fd,
        .head = head,
        .has_size = has_size,
        .can_rewind = has_size,
        .size = upload_size(upload),
        .progress = upload_on_progress,
        .arg = upload,
    };
    upload->started_ms = clock_monotonic_ms();
    return client_upload(upload->cli->client, &body, audience, problem);
}

/* "  accepted 999,990 + duplicates 4 + refused 6 = 1,000,000 rows" */
static void report_rows(struct buf *text, const json_t *audience)
{
    buf_str(text, "  accepted ");
    cli_member(text, audience, "accepted");
    buf_str(text, " + duplicates ");
    cli_member(text, audience, "duplicates");
    buf_str(text, " + refused ");
    cli_member(text, audience, "refused");
    buf_str(text, " = ");
    uint64_t sum = cli_member_count(audience, "accepted") +
                   cli_member_count(audience, "duplicates") + cli_member_count(audience, "refused");
    human_plural(text, sum, "row", "rows");
    if (sum != cli_member_count(audience, "rows")) {
        buf_str(text, ", but the file has ");
        cli_member(text, audience, "rows");
        buf_str(text, "; this is a bug of Tocsin, please report it");
    }
    buf_u8(text, '\n');
}

static void report_reachable(struct buf *text, const json_t *audience)
{
    json_t *reachable = json_object_get(audience, "reachable");
    const char *name;
    json_t *value;
    const char *between = "  reachable by ";
    json_object_foreach(reachable, name, value)
    {
        if (json_integer_value(value) > 0) {
            buf_str(text, between);
            human_text(text, slice_str(name));
            buf_u8(text, ' ');
            cli_member(text, reachable, name);
            between = ", ";
        }
    }
    if (strcmp(between, ", ") == 0) {
        buf_u8(text, '\n');
    }
}

static void upload_report(const struct upload *upload, const json_t *audience)
{
    struct buf text = {0};
    const char *id = cli_member_str(audience, "id");
    human_text(&text, slice_str(upload->file));
    buf_printf(&text, " is audience %s, imported in ", id);
    human_duration(&text, (double)(clock_monotonic_ms() - upload->started_ms) / 1000);
    buf_u8(&text, '\n');
    report_rows(&text, audience);
    report_reachable(&text, audience);
    if (cli_member_count(audience, "refused") > 0) {
        buf_printf(&text, "  why rows were refused: tocsin audience refusals %s\n", id);
    }
    cli_print(upload->cli, &text);
    (void)fflush(upload->cli->out.file);
    buf_release(&text);
}

enum exit_code upload_run(struct cli *cli, const struct arguments *arguments, const char *file,
                          const char *name, json_t **audience)
{
    struct upload upload = {.file = file, .fd = -1, .cli = cli};
    struct problem problem;
    struct buf path = {0};
    struct buf called = {0};
    *audience = NULL;
    if (name == NULL) {
        upload_name_of(&called, file);
    } else {
        buf_str(&called, name);
    }
    enum err err = upload_path(&path, arguments, buf_view(&called), &problem);
    buf_release(&called);
    if (err == ERR_OK) {
        err = upload_open(&upload, &problem);
    }
    if (err != ERR_OK) {
        buf_release(&path);
        upload_close(&upload);
        return cli_fail_here(&problem);
    }
    const char *format = arguments_value(arguments, "format");
    err = upload_send(&upload, buf_cstr(&path), format, audience, &problem);
    screen_clear(&cli->notes);
    upload_close(&upload);
    buf_release(&path);
    if (err != ERR_OK) {
        return cli_fail(cli, &problem);
    }
    if (!cli->is_json && !cli->is_quiet) {
        upload_report(&upload, *audience);
    }
    return EXIT_DONE;
}

enum exit_code upload_file(struct cli *cli, const char *file, const char *path, const char *format,
                           json_t **answer)
{
    struct upload upload = {.file = file, .fd = -1, .cli = cli};
    struct problem problem;
    *answer = NULL;
    if (upload_open(&upload, &problem) != ERR_OK) {
        upload_close(&upload);
        return cli_fail_here(&problem);
    }
    enum err err = upload_send(&upload, path, format, answer, &problem);
    screen_clear(&cli->notes);
    upload_close(&upload);
    return err == ERR_OK ? EXIT_DONE : cli_fail(cli, &problem);
}
