/* SPDX-License-Identifier: Apache-2.0 */
/*
 * upload: a file on its way to becoming an audience. What it is, is told from its first bytes (gzip
 * and Zstandard are sent as they are) and its name; `-` is standard input.
 */
#ifndef TOCSIN_CLI_UPLOAD_H
#define TOCSIN_CLI_UPLOAD_H

#include "cli/cli.h"
#include "cli/command.h"

/* Rows of the option tables of the commands that import. */
#define UPLOAD_OPTIONS                                                                             \
    {"map", "FIELD=COLUMN,…",                                                                      \
     "which column of the file is which field: id=customer_no,phone=Mobile; may be repeated"},     \
        {"on-error", "stop|skip|max=N",                                                            \
         "at a row that cannot be used: stop (the default), leave it out, or leave out up to N"},  \
    {                                                                                              \
        "format", "csv|ndjson", "when the name does not say it"                                    \
    }

/* What the options say is right? ERR_INVALID. Asked before anything is opened. */
enum err upload_check(const struct arguments *arguments, struct problem *problem) WARN_UNUSED;
/* Sends `file` as an audience called `name` (NULL: what the file is called) with progress on
 * standard error, and reports what came of it. *audience is the API's answer, owned by the caller,
 * or NULL; the error has been printed then. */
enum exit_code upload_run(struct cli *cli, const struct arguments *arguments, const char *file,
                          const char *name, json_t **audience);

/* Sends `file` to a path of the API that takes one, with progress on standard error. format: as
 * --format, NULL if it was not given. *answer is owned by the caller, or NULL; the error has been
 * printed then. */
enum exit_code upload_file(struct cli *cli, const char *file, const char *path, const char *format,
                           json_t **answer);

/* ---- for tests ---- */

enum upload_encoding { UPLOAD_PLAIN, UPLOAD_GZIP, UPLOAD_ZSTD };
enum upload_encoding upload_encoding_of(struct slice head);
/* "text/csv" or "application/x-ndjson": from --format (may be NULL), else from the name, else from
 * the first byte of a plain file. */
const char *upload_type_of(const char *format, const char *file, struct slice head);
/* "/tmp/customers.csv.zst" is called "customers"; what no name may have is replaced or cut off. */
void upload_name_of(struct buf *name, const char *file);
/* The request's path with its query. ERR_INVALID. */
enum err upload_path(struct buf *path, const struct arguments *arguments, struct slice name,
                     struct problem *problem) WARN_UNUSED;

#endif
