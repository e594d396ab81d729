/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Good files, cut off at every byte and with every byte replaced, taken away or doubled: row_drain
 * asserts that each row is whole, and each refusal and failure explained.
 */
#include <stdlib.h>

#include "common/buf.h"
#include "tests/fuzz/row_drain.h"
#include "tests/unit/unit.h"

static const char csv[] = "\xef\xbb\xbfid,phone,email,\"first name\",note\r\n"
                          "k1,+4790000001,a@b.test,\"Ann \"\"A\"\"\",\"two\r\nlines\"\r\n"
                          "k2,,c@d.test,\xc3\x98yvind,\xe2\x82\xac 5\r\n"
                          "k3,+4790000003,,,\n";
static const char ndjson[] =
    "{\"id\":\"k1\",\"phone\":[\"+4790000001\",\"+4790000002\"],\"n\":-1.5e3,\"b\":true}\n"
    "{\"id\":\"k2\",\"name\":\"\\u00d8y\\ud83d\\ude00\\n\\\"\",\"x\":null}\r\n"
    "\n{\"id\":\"k3\",\"name\":\"\xc3\x98\"}\n";

static void damage(enum audience_format format, struct slice good)
{
    static const uint8_t bytes[] = {0,   '"', '\\', ',',  '\n', '\r', ' ',  '{',
                                    '}', '[', ':',  0x7f, 0x80, 0xc3, 0xed, 0xff};
    struct buf bad = {0};
    for (size_t at = 0; at < good.len; at++) {
        row_drain(format, slice_of(good.data, at), 7);
        for (size_t i = 0; i < sizeof(bytes); i++) {
            buf_clear(&bad);
            buf_slice(&bad, good);
            bad.data[at] = bytes[i];
            row_drain(format, buf_view(&bad), 64);
        }
        for (size_t again = 0; again <= 2; again += 2) { /* without it, and twice */
            buf_clear(&bad);
            buf_append(&bad, good.data, at);
            for (size_t i = 0; i < again; i++) {
                buf_u8(&bad, good.data[at]);
            }
            buf_append(&bad, good.data + at + 1, good.len - at - 1);
            row_drain(format, buf_view(&bad), 1);
        }
    }
    buf_release(&bad);
}

static void csv_damaged_at_any_byte_is_read_or_refused_with_a_reason(void **state)
{
    (void)state;
    damage(AUDIENCE_CSV, slice_of(csv, sizeof(csv) - 1));
}

static void ndjson_damaged_at_any_byte_is_read_or_refused_with_a_reason(void **state)
{
    (void)state;
    damage(AUDIENCE_NDJSON, slice_of(ndjson, sizeof(ndjson) - 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv_damaged_at_any_byte_is_read_or_refused_with_a_reason),
        cmocka_unit_test(ndjson_damaged_at_any_byte_is_read_or_refused_with_a_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
