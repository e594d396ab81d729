/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/api/asset.h"
#include "tests/unit/unit.h"

#define TEXT(text)                                                                                 \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }

static void a_file_is_found_by_its_whole_path(void **state)
{
    static const struct asset table[] = {
        {"/", "text/html", "1", TEXT("page"), {NULL, 0}},
        {"/assets/a.js", "text/javascript", "2", TEXT("code"), {NULL, 0}},
        {NULL, NULL, NULL, {NULL, 0}, {NULL, 0}},
    };
    (void)state;
    assert_ptr_equal(asset_find(table, slice_str("/")), &table[0]);
    assert_ptr_equal(asset_find(table, slice_str("/assets/a.js")), &table[1]);
    assert_null(asset_find(table, slice_str("/assets/a.j")));
    assert_null(asset_find(table, slice_str("/assets/a.js/")));
    assert_null(asset_find(table, slice_str("")));
}

static void gzip_is_sent_to_whoever_takes_it(void **state)
{
    static const char *const taking[] = {"gzip", "deflate, GZIP",        "br;q=1, gzip;q=0.5",
                                         "*",    "identity , gzip ;q=1", "br,*;q=0.1"};
    static const char *const refusing[] = {
        NULL, "", "br", "gzip;q=0", "gzip; q=0.000", "*;q=0", "gzip;q=0, *", "gzipped", "x-gzip"};
    (void)state;
    for (size_t i = 0; i < sizeof(taking) / sizeof(taking[0]); i++) {
        assert_true(asset_takes_gzip(taking[i]));
    }
    for (size_t i = 0; i < sizeof(refusing) / sizeof(refusing[0]); i++) {
        assert_false(asset_takes_gzip(refusing[i]));
    }
}

static void what_the_client_has_is_known_by_its_tag(void **state)
{
    (void)state;
    assert_true(asset_is_known("\"ab\"", "\"ab\""));
    assert_true(asset_is_known("\"x\", W/\"ab\"", "\"ab\""));
    assert_true(asset_is_known("*", "\"ab\""));
    assert_false(asset_is_known("\"ab-gzip\"", "\"ab\""));
    assert_false(asset_is_known("ab", "\"ab\""));
    assert_false(asset_is_known(NULL, "\"ab\""));
    assert_false(asset_is_known("", "\"ab\""));
}

static void each_file_of_this_build_has_all_that_is_served(void **state)
{
    unsigned count = 0;
    (void)state;
    assert_non_null(asset_find(assets, slice_str("/")));
    for (const struct asset *asset = assets; asset->path != NULL; asset++, count++) {
        assert_int_equal(asset->path[0], '/');
        assert_int_equal(strlen(asset->hash), 16);
        assert_true(asset->plain.len > 0 && asset->gzip.len < asset->plain.len);
        assert_ptr_equal(asset_find(assets, slice_str(asset->path)), asset);
    }
    assert_true(count > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_found_by_its_whole_path),
        cmocka_unit_test(gzip_is_sent_to_whoever_takes_it),
        cmocka_unit_test(what_the_client_has_is_known_by_its_tag),
        cmocka_unit_test(each_file_of_this_build_has_all_that_is_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
