/* SPDX-License-Identifier: Apache-2.0 */
#include "common/text.h"
#include "tests/unit/unit.h"

static void base64url_gives_the_vectors_of_rfc_4648(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        const char *text;
    } rows[] = {
        {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
        {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xfe", "-__-"}};
    struct buf buf = {0};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        text_base64url(&buf, slice_str(rows[i].bytes));
        assert_buf_is(&buf, rows[i].text);
        uint8_t out[16];
        size_t len;
        assert_true(text_base64url_decode(slice_str(rows[i].text), out, sizeof(out), &len));
        assert_slice_is(slice_of(out, len), rows[i].bytes);
    }
    buf_release(&buf);
}

static void base64url_of_every_length_comes_back(void **state)
{
    (void)state;
    uint8_t bytes[256];
    uint8_t out[256];
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(i * 167 + 13);
    }
    struct buf buf = {0};
    for (size_t len = 0; len <= sizeof(bytes); len++) {
        buf_clear(&buf);
        text_base64url(&buf, slice_of(bytes, len));
        size_t out_len = 999;
        assert_true(text_base64url_decode(buf_view(&buf), out, len, &out_len));
        assert_int_equal(out_len, len);
        assert_memory_equal(out, bytes, len);
        assert_true(len == 0 || !text_base64url_decode(buf_view(&buf), out, len - 1, &out_len));
    }
    buf_release(&buf);
}

static void only_the_canonical_base64url_is_decoded(void **state)
{
    (void)state;
    static const char *const refused[] = {"Z",     "Zg==", "Zh",    "Zm9",   "Zm+v",      "Zm/v",
                                          "Zm9v=", "Zm 9", "Zm9\n", "Zm9vZ", "Z\xc3\xa9v"};
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        uint8_t out[16];
        size_t len;
        assert_false(text_base64url_decode(slice_str(refused[i]), out, sizeof(out), &len));
    }
}

static void hex_is_lower_case(void **state)
{
    (void)state;
    struct buf buf = {0};
    text_hex(&buf, slice_of("\x00\x9f\xAB\xff", 4));
    assert_buf_is(&buf, "009fabff");
    text_hex(&buf, slice_of(NULL, 0));
    assert_buf_is(&buf, "");
    buf_release(&buf);
}

static void json_escapes_what_rfc_8259_demands_and_no_more(void **state)
{
    (void)state;
    struct buf buf = {0};
    text_json_escape(&buf, slice_str("say \"hi\" \\ to\n\r\t\b\f\x01\x1f / \x7f caf\xc3\xa9"));
    assert_buf_is(&buf, "say \\\"hi\\\" \\\\ to\\n\\r\\t\\b\\f\\u0001\\u001f / \x7f caf\xc3\xa9");
    text_json_escape(&buf, slice_of("\0", 1));
    assert_buf_is(&buf, "\\u0000");
    text_json_escape(&buf, slice_str("\"\""));
    assert_buf_is(&buf, "\\\"\\\"");
    text_json_escape(&buf, slice_of(NULL, 0));
    assert_buf_is(&buf, "");
    buf_release(&buf);
}

static void urls_keep_only_unreserved_characters(void **state)
{
    (void)state;
    struct buf buf = {0};
    text_url_encode(&buf, slice_str("AZaz09-._~"));
    assert_buf_is(&buf, "AZaz09-._~");
    text_url_encode(&buf, slice_str("a b&c=d/e?f+g%\xc3\xa9"));
    assert_buf_is(&buf, "a%20b%26c%3Dd%2Fe%3Ff%2Bg%25%C3%A9");
    text_url_encode(&buf, slice_of("\0", 1));
    assert_buf_is(&buf, "%00");
    buf_release(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64url_gives_the_vectors_of_rfc_4648),
        cmocka_unit_test(base64url_of_every_length_comes_back),
        cmocka_unit_test(only_the_canonical_base64url_is_decoded),
        cmocka_unit_test(hex_is_lower_case),
        cmocka_unit_test(json_escapes_what_rfc_8259_demands_and_no_more),
        cmocka_unit_test(urls_keep_only_unreserved_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
