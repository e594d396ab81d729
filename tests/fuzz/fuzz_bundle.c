/* SPDX-License-Identifier: Apache-2.0 */
/* A bundle of evidence from anybody: whatever is read to its end can be told of. */
#include <assert.h>
#include <sodium.h>
#include <stddef.h>
#include <stdint.h>

#include "evidence/bundle.h"
#include "evidence/bundle_report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err read_all(struct bundle_reader *reader, struct slice bytes, struct problem *problem)
{
    enum err err = ERR_OK;
    while (err == ERR_OK && bytes.len > 0) {
        const uint8_t *end = memchr(bytes.data, '\n', bytes.len);
        size_t len = end == NULL ? bytes.len : (size_t)(end - bytes.data) + 1;
        err = bundle_reader_line(reader, slice_of(bytes.data, len), problem);
        bytes = slice_of(bytes.data + len, bytes.len - len);
    }
    return err == ERR_OK ? bundle_reader_end(reader, problem) : err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bundle bundle = {0};
    struct problem problem = {0};
    if (sodium_init() < 0) {
        return 0;
    }
    struct bundle_reader *reader = bundle_reader_new(&bundle);
    enum err err = read_all(reader, slice_of(data, size), &problem);
    assert(err == ERR_OK || problem.text[0] != '\0');
    if (bundle.document != NULL && (!bundle.has_recipient || bundle.values != NULL)) {
        json_decref(bundle_report(&bundle)); /* also of what broke off: no byte may lead astray */
    }
    bundle_reader_free(reader);
    bundle_release(&bundle);
    return 0;
}
