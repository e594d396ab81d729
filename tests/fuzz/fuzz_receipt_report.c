/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A receipt as a provider sends it: a line with its query, a line with the type of its body (empty:
 * none), and the body. What is taken has a status and a reason within its bounds; what is refused
 * says why.
 */
#include <assert.h>

#include "coordinator/api/receipt_report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice body = slice_of(data, size);
    struct slice query = slice_take_until(&body, '\n');
    struct slice type = slice_take_until(&body, '\n');
    struct receipt_report report;
    struct problem problem = {0};
    struct arena arena;
    arena_init(&arena, 1024);
    enum err err = receipt_report_read(
        &report, query, type.len == 0 ? NULL : arena_str(&arena, type), body, &arena, &problem);
    if (err == ERR_OK) {
        assert(report.status < RECEIPT_KINDS);
        assert(report.reason <= RECEIPT_REASON_MAX || reason_is_of_receipt(report.reason));
        assert(report.reason == 0 || report.reason >= RECEIPT_REASON_MIN);
    } else {
        assert(problem.text[0] != '\0');
    }
    arena_release(&arena);
    return 0;
}
