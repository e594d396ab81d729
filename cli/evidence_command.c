/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/command_table.h"
#include "cli/evidence_file.h"
#include "cli/evidence_print.h"
#include "cli/human.h"
#include "cli/list.h"
#include "common/file.h"
#include "common/text.h"
#include "evidence/bundle_report.h"

#define KEY_FILE_MAX 4096
#define KEY_CHARS    43

/* ---- key, heads ---- */

static const struct list_column key_columns[] = {
    {"public key", "public_key", LIST_TEXT},
    {"number", "number", LIST_NUMBER},
    {"since", "since", LIST_TIME},
    {NULL, NULL, LIST_TEXT},
};

static enum exit_code show_key(struct cli *cli, const struct client_request *request)
{
    struct problem problem;
    json_t *key = NULL;
    if (client_json(cli->client, request, &key, &problem) != ERR_OK) {
        return cli_fail(cli, &problem);
    }
    if (cli->is_json) {
        cli_print_json(cli, key);
    } else if (cli->is_quiet) {
        struct buf line = {0};
        cli_member(&line, key, "public_key");
        buf_u8(&line, '\n');
        cli_print(cli, &line);
        buf_release(&line);
    } else {
        list_print_object(cli, key, key_columns);
    }
    json_decref(key);
    return EXIT_DONE;
}

static enum exit_code run_key(struct cli *cli, const struct arguments *arguments)
{
    (void)arguments;
    return show_key(cli, &(struct client_request){.method = "GET", .path = "/v1/evidence/key"});
}

static enum exit_code run_rotate(struct cli *cli, const struct arguments *arguments)
{
    (void)arguments;
    return show_key(cli,
                    &(struct client_request){.method = "POST", .path = "/v1/evidence/key/rotate"});
}

static enum exit_code run_heads(struct cli *cli, const struct arguments *arguments)
{
    static const struct list_column columns[] = {
        {"record", "record", LIST_PLACE}, {"hash", "hash", LIST_TEXT},
        {"signed at", "at", LIST_TIME},   {"ended", "campaign", LIST_TEXT},
        {NULL, NULL, LIST_TEXT},
    };
    struct list list = {
        .path = "/v1/evidence/heads", .columns = columns, .nothing = "No head was signed yet."};
    struct problem problem;
    if (arguments_number(arguments, "limit", 1, LIST_LIMIT_MAX, &list.limit, &problem) != ERR_OK) {
        return cli_usage(&problem);
    }
    return list_print(cli, &list);
}

/* ---- export ---- */

struct export_run {
    struct cli *cli;
    const char *path; /* NULL: standard output */
    struct buf part;  /* where it is written until it is whole */
    FILE *file;
    uint64_t bytes;
    struct evidence_lines lines;
    struct bundle bundle;
    struct problem problem;
    enum err err; /* of the bundle or the file */
};

static enum err file_failed(struct export_run *run)
{
    run->err =
        problem_set(&run->problem, ERR_IO, "%s cannot be written: %s",
                    run->path == NULL ? "standard output" : buf_cstr(&run->part), strerror(errno));
    return run->err;
}

/* It is checked as it comes: so that what breaks off, or is not what it should be, is no file. */
static bool on_bytes(void *arg, struct slice bytes)
{
    struct export_run *run = arg;
    run->bytes += bytes.len;
    if (fwrite(bytes.data, 1, bytes.len, run->file) != bytes.len) {
        (void)file_failed(run);
    } else {
        run->err = evidence_lines_take(&run->lines, bytes, &run->problem);
    }
    return run->err == ERR_OK;
}

static enum err open_file(struct export_run *run)
{
    run->file = run->cli->out.file;
    if (run->path != NULL) {
        buf_printf(&run->part, "%s.part", run->path);
        run->file = fopen(buf_cstr(&run->part), "wb");
    }
    return run->file == NULL ? file_failed(run) : ERR_OK;
}

static enum err close_file(struct export_run *run, bool is_whole)
{
    bool is_good = fflush(run->file) == 0;
    if (run->path == NULL) {
        return is_good || !is_whole ? ERR_OK : file_failed(run);
    }
    is_good = fsync(fileno(run->file)) == 0 && is_good;
    is_good = fclose(run->file) == 0 && is_good;
    if (!is_whole) {
        (void)unlink(buf_cstr(&run->part));
        return ERR_OK;
    }
    return is_good && rename(buf_cstr(&run->part), run->path) == 0 ? ERR_OK : file_failed(run);
}

static void request_path(struct buf *path, const struct arguments *arguments)
{
    buf_str(path, "/v1/campaigns/");
    text_url_encode(path, slice_str(arguments->operands[0]));
    buf_str(path, "/evidence");
    if (arguments->operand_count > 1) {
        buf_str(path, "?recipient=");
        text_url_encode(path, slice_str(arguments->operands[1]));
    }
}

static enum err fetch(struct export_run *run, const struct arguments *arguments)
{
    struct buf path = {0};
    request_path(&path, arguments);
    const struct client_download download = {
        .path = buf_cstr(&path), .accept = "*/*", .on_bytes = on_bytes, .arg = run};
    enum err err = client_download(run->cli->client, &download, &run->problem);
    buf_release(&path);
    if (run->err != ERR_OK) {
        return run->err;
    }
    return err == ERR_OK ? evidence_lines_end(&run->lines, &run->problem) : err;
}

static void tell(struct export_run *run, const struct arguments *arguments)
{
    struct buf text = {0};
    if (run->cli->is_json && run->path != NULL) {
        json_t *json = json_pack("{s:s, s:s, s:I, s:I, s:I}", "campaign", arguments->operands[0],
                                 "file", run->path, "bytes", (json_int_t)run->bytes, "records",
                                 (json_int_t)run->bundle.records, "last_record",
                                 (json_int_t)run->bundle.last_record);
        cli_print_json(run->cli, json);
        json_decref(json);
        return;
    }
    human_bytes(&text, run->bytes);
    if (run->path != NULL) {
        buf_str(&text, " in ");
        human_text(&text, slice_str(run->path));
    }
    buf_str(&text, ", up to record ");
    human_count(&text, run->bundle.last_record);
    cli_note(run->cli, "%s", buf_cstr(&text));
    buf_release(&text);
}

static enum exit_code run_export(struct cli *cli, const struct arguments *arguments)
{
    struct export_run run = {.cli = cli, .path = arguments_value(arguments, "output")};
    if (open_file(&run) != ERR_OK) {
        return cli_fail_here(&run.problem);
    }
    evidence_lines_init(&run.lines, &run.bundle);
    enum err err = fetch(&run, arguments);
    enum err closed = close_file(&run, err == ERR_OK);
    enum exit_code code = EXIT_DONE;
    if (err != ERR_OK) {
        bool is_ours = run.err != ERR_OK || err == ERR_CORRUPT;
        code = is_ours ? cli_fail_here(&run.problem) : cli_fail(cli, &run.problem);
    } else if (closed != ERR_OK) {
        code = cli_fail_here(&run.problem);
    } else {
        tell(&run, arguments);
    }
    evidence_lines_release(&run.lines);
    bundle_release(&run.bundle);
    buf_release(&run.part);
    return code;
}

/* ---- verify ---- */

/* The key itself, or a file that holds it. */
static enum err read_key(const char *given, uint8_t key[SIGNING_PUBLIC_BYTES],
                         struct problem *problem)
{
    struct buf text = {0};
    size_t len = 0;
    if (strlen(given) == KEY_CHARS && strchr(given, '/') == NULL) {
        buf_str(&text, given);
    } else {
        enum err err = file_read(&text, given, KEY_FILE_MAX, problem);
        if (err != ERR_OK) {
            buf_release(&text);
            return err;
        }
    }
    while (text.len > 0 && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == '\r')) {
        text.len--;
    }
    bool is_key = text_base64url_decode(buf_view(&text), key, SIGNING_PUBLIC_BYTES, &len) &&
                  len == SIGNING_PUBLIC_BYTES;
    buf_release(&text);
    return is_key ? ERR_OK
                  : problem_set(problem, ERR_INVALID,
                                "\"%.100s\" is no public key: %d characters of base64url, or a "
                                "file with them",
                                given, KEY_CHARS);
}

/* "4711:HASH" as `tocsin evidence heads` lists it. */
static enum err check_head(const struct bundle *bundle, const char *given, struct problem *problem)
{
    const char *colon = strchr(given, ':');
    uint64_t recno = 0;
    struct buf hex = {0};
    bool is_there = false;
    if (colon == NULL ||
        !text_number(slice_of(given, (size_t)(colon - given)), 1, INT64_MAX, &recno)) {
        return problem_set(
            problem, ERR_INVALID,
            "\"%.100s\" is no head: RECORD:HASH, as `tocsin evidence heads` lists it", given);
    }
    if (recno < bundle->first_record || recno > bundle->last_record) {
        return problem_set(problem, ERR_INVALID,
                           "the head of record %" PRIu64 " says nothing of this bundle, which has "
                           "the records %" PRIu64 " to %" PRIu64,
                           recno, bundle->first_record, bundle->last_record);
    }
    for (unsigned i = 0; i < bundle->head_count && !is_there; i++) {
        buf_clear(&hex);
        text_hex(&hex, slice_of(bundle->heads[i].hash, HASH_DIGEST_BYTES));
        is_there = bundle->heads[i].recno == recno && strcmp(buf_cstr(&hex), colon + 1) == 0;
    }
    buf_release(&hex);
    return is_there ? ERR_OK
                    : problem_set(problem, ERR_CORRUPT,
                                  "the head %.100s is not in this bundle: the history that it "
                                  "tells is not the one that was signed then",
                                  given);
}

static enum err check_heads(const struct bundle *bundle, const struct arguments *arguments,
                            struct problem *problem)
{
    unsigned at = 0;
    const char *given;
    enum err err = ERR_OK;
    while (err == ERR_OK && (given = arguments_next(arguments, "head", &at)) != NULL) {
        err = check_head(bundle, given, problem);
    }
    return err;
}

static enum exit_code refuse(struct cli *cli, const struct problem *problem)
{
    if (cli->is_json) {
        json_t *json = json_pack("{s:b, s:s}", "proven", 0, "problem", problem->text);
        cli_print_json(cli, json);
        json_decref(json);
    }
    (void)cli_fail_here(problem);
    return EXIT_NOT_PROVEN;
}

static enum exit_code report(struct cli *cli, const struct bundle *bundle, bool is_trusted)
{
    json_t *json = bundle_report(bundle);
    if (cli->is_json) {
        json_object_set_new(json, "proven", json_boolean(is_trusted));
        cli_print_json(cli, json);
    } else if (!cli->is_quiet) {
        evidence_print(cli, json, is_trusted);
    }
    json_decref(json);
    return is_trusted ? EXIT_DONE : EXIT_NO_KEY;
}

static enum exit_code check(struct cli *cli, const struct arguments *arguments,
                            struct bundle *bundle)
{
    const char *given = arguments_value(arguments, "public-key");
    uint8_t key[SIGNING_PUBLIC_BYTES];
    struct problem problem = {0};
    if (given != NULL && read_key(given, key, &problem) != ERR_OK) {
        return cli_usage(&problem);
    }
    enum err err = evidence_file_check(arguments->operands[0], bundle, &problem);
    if (err == ERR_CORRUPT) {
        return refuse(cli, &problem);
    }
    if (err != ERR_OK) {
        return cli_fail_here(&problem);
    }
    if (given != NULL && !bundle_is_by(bundle, key)) {
        problem_set(&problem, ERR_CORRUPT,
                    "the bundle is not signed by the key that you gave, nor by one that it vouches "
                    "for");
        return refuse(cli, &problem);
    }
    err = check_heads(bundle, arguments, &problem);
    if (err != ERR_OK) {
        return err == ERR_CORRUPT ? refuse(cli, &problem) : cli_usage(&problem);
    }
    return report(cli, bundle, given != NULL);
}

static enum exit_code run_verify(struct cli *cli, const struct arguments *arguments)
{
    struct bundle bundle = {0};
    enum exit_code code = check(cli, arguments, &bundle);
    bundle_release(&bundle);
    return code;
}

static const struct option export_options[] = {
    {"output", "FILE", "where to; else to standard output"},
    {NULL, NULL, NULL},
};

static const struct option verify_options[] = {
    {"public-key", "KEY",
     "the coordinator's, or a file with it; got by another way than the bundle"},
    {"head", "RECORD:HASH",
     "a head that was published: the bundle must go through it; may be given "
     "again"},
    {NULL, NULL, NULL},
};

static const struct option heads_options[] = {
    LIST_LIMIT_OPTION,
    {NULL, NULL, NULL},
};

const struct command evidence_commands[] = {
    {
        .name = "export",
        .operands = "CAMPAIGN [RECIPIENT]",
        .operands_min = 1,
        .operands_max = 2,
        .summary = "a bundle that proves what was sent, to one or to all",
        .details = "It is checked as it comes, and the file gets its name when all is there.\n\n"
                   "  tocsin evidence export c7 customer-4711 --output 4711.evidence\n"
                   "  tocsin evidence export c7 --output c7.evidence\n",
        .options = export_options,
        .run = run_export,
    },
    {
        .name = "verify",
        .operands = "FILE",
        .operands_min = 1,
        .operands_max = 1,
        .summary = "check a bundle, without a coordinator, and say what it proves",
        .details =
            "Exit status: 0 proven by the key that was given, 6 not what was signed, 7 it holds\n"
            "together but no key was given, so that nobody vouches for it.\n\n"
            "  tocsin evidence verify 4711.evidence --public-key KEY\n"
            "  tocsin evidence verify 4711.evidence --public-key key.txt --head 4711:HASH\n",
        .options = verify_options,
        .is_offline = true,
        .run = run_verify,
    },
    {
        .name = "key",
        .operands = "",
        .summary = "the public key that signs: for those who will check",
        .details = "  tocsin evidence key --quiet >key.txt\n",
        .run = run_key,
    },
    {
        .name = "rotate",
        .operands = "",
        .summary = "make a new key that signs from now on; the old one vouches for it",
        .run = run_rotate,
    },
    {
        .name = "heads",
        .operands = "",
        .summary = "the signed heads, oldest first: to be noted down elsewhere",
        .details = "  tocsin evidence heads --json >>heads.ndjson\n",
        .options = heads_options,
        .run = run_heads,
    },
    {.run = NULL},
};
