/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/evidence_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PIECE_BYTES ((size_t)64 << 10)

void evidence_lines_init(struct evidence_lines *lines, struct bundle *bundle)
{
    *lines = (struct evidence_lines){.reader = bundle_reader_new(bundle)};
}

void evidence_lines_release(struct evidence_lines *lines)
{
    bundle_reader_free(lines->reader);
    buf_release(&lines->rest);
}

enum err evidence_lines_take(struct evidence_lines *lines, struct slice bytes,
                             struct problem *problem)
{
    enum err err = ERR_OK;
    while (err == ERR_OK && bytes.len > 0) {
        const uint8_t *end = memchr(bytes.data, '\n', bytes.len);
        size_t len = end == NULL ? bytes.len : (size_t)(end - bytes.data) + 1;
        buf_append(&lines->rest, bytes.data, len);
        bytes = slice_of(bytes.data + len, bytes.len - len);
        if (end != NULL || lines->rest.len > BUNDLE_LINE_MAX) {
            err = bundle_reader_line(lines->reader, buf_view(&lines->rest), problem);
            buf_clear(&lines->rest);
        }
    }
    return err;
}

enum err evidence_lines_end(struct evidence_lines *lines, struct problem *problem)
{
    if (lines->rest.len > 0) {
        return bundle_reader_line(lines->reader, buf_view(&lines->rest), problem);
    }
    return bundle_reader_end(lines->reader, problem);
}

static enum err read_file(FILE *file, const char *path, struct evidence_lines *lines,
                          struct problem *problem)
{
    uint8_t piece[PIECE_BYTES];
    enum err err = ERR_OK;
    size_t len;
    while (err == ERR_OK && (len = fread(piece, 1, sizeof(piece), file)) > 0) {
        err = evidence_lines_take(lines, slice_of(piece, len), problem);
    }
    if (err == ERR_OK && ferror(file)) {
        err = problem_set(problem, ERR_IO, "%s cannot be read: %s", path, strerror(errno));
    }
    return err == ERR_OK ? evidence_lines_end(lines, problem) : err;
}

enum err evidence_file_check(const char *path, struct bundle *bundle, struct problem *problem)
{
    struct evidence_lines lines;
    bool is_input = strcmp(path, "-") == 0;
    FILE *file = is_input ? stdin : fopen(path, "rb");
    if (file == NULL) {
        enum err err = errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
        return problem_set(problem, err, "%s cannot be read: %s", path, strerror(errno));
    }
    evidence_lines_init(&lines, bundle);
    enum err err = read_file(file, path, &lines, problem);
    evidence_lines_release(&lines);
    if (!is_input) {
        (void)fclose(file);
    }
    return err;
}
