/* SPDX-License-Identifier: Apache-2.0 */
#include <locale.h>

#include "cli/table.h"
#include "tests/unit/unit.h"

static void columns_are_aligned_by_what_is_seen(void **state)
{
    (void)state;
    struct table table;
    struct buf text = {0};
    table_init(&table);
    table_column(&table, "city", false);
    table_column(&table, "people", true);
    table_column(&table, "note", false);
    table_cell(&table, slice_str("東京"));
    table_cell(&table, slice_str("14,000,000"));
    table_cell(&table, slice_str("large"));
    table_cell(&table, slice_str("Tromsø"));
    table_cell(&table, slice_str("77,000"));
    table_cell(&table, slice_str(""));
    table_put(&table, &text);
    assert_buf_is(&text, "city        people  note\n"
                         "東京    14,000,000  large\n"
                         "Tromsø      77,000\n");
    table_release(&table);
    buf_release(&text);
}

static void portions_share_one_head_and_never_get_narrower(void **state)
{
    (void)state;
    struct table table;
    struct buf text = {0};
    table_init(&table);
    table_column(&table, "a", false);
    table_column(&table, "b", false);
    table_cell(&table, slice_str("long"));
    table_cell(&table, slice_str("1"));
    table_put(&table, &text);
    assert_buf_is(&text, "a     b\nlong  1\n");
    table_cell(&table, slice_str("x"));
    table_cell(&table, slice_str("2"));
    table_put(&table, &text);
    assert_buf_is(&text, "x     2\n");
    table_release(&table);
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_aligned_by_what_is_seen),
        cmocka_unit_test(portions_share_one_head_and_never_get_narrower),
    };
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
