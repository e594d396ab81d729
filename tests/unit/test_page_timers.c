/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/engine/page_timers.h"
#include "tests/dice.h"
#include "tests/unit/unit.h"

#define PAGES 97

/* The same without a heap: a due time for each page, or none. */
struct naive {
    bool is_in[PAGES];
    uint32_t due_cs[PAGES];
};

static unsigned naive_count(const struct naive *naive)
{
    unsigned count = 0;
    for (unsigned page = 0; page < PAGES; page++) {
        count += naive->is_in[page];
    }
    return count;
}

static uint32_t naive_first_due(const struct naive *naive)
{
    uint32_t first = UINT32_MAX;
    for (unsigned page = 0; page < PAGES; page++) {
        if (naive->is_in[page] && naive->due_cs[page] < first) {
            first = naive->due_cs[page];
        }
    }
    return first;
}

static void one_operation(struct dice *dice, struct page_timers *timers, struct naive *naive)
{
    uint32_t page = dice_below(dice, PAGES);
    uint32_t due_cs = dice_below(dice, 50); /* few, so that many are equal */
    switch (dice_below(dice, 4)) {
    case 0:
    case 1:
        page_timers_set(timers, page, due_cs);
        naive->is_in[page] = true;
        naive->due_cs[page] = due_cs;
        break;
    case 2:
        page_timers_at_latest(timers, page, due_cs);
        if (!naive->is_in[page] || due_cs < naive->due_cs[page]) {
            naive->due_cs[page] = due_cs;
        }
        naive->is_in[page] = true;
        break;
    default:
        page_timers_clear(timers, page);
        naive->is_in[page] = false;
        break;
    }
}

static void assert_same(const struct page_timers *timers, const struct naive *naive)
{
    uint32_t page = 0;
    uint32_t due_cs = 0;
    assert_int_equal(timers->count, naive_count(naive));
    if (!page_timers_first(timers, &page, &due_cs)) {
        assert_int_equal(naive_count(naive), 0);
        return;
    }
    assert_true(naive->is_in[page]);
    assert_int_equal(naive->due_cs[page], due_cs);
    assert_int_equal(due_cs, naive_first_due(naive));
}

static void random_operations_agree_with_a_naive_model(void **test)
{
    (void)test;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct dice dice = {seed};
        struct naive naive = {0};
        struct page_timers timers;
        page_timers_init(&timers, PAGES);
        for (unsigned i = 0; i < 3000; i++) {
            one_operation(&dice, &timers, &naive);
            assert_same(&timers, &naive);
        }
        page_timers_release(&timers);
    }
}

static void pages_come_out_in_the_order_of_their_times(void **test)
{
    (void)test;
    struct dice dice = {7};
    struct page_timers timers;
    page_timers_init(&timers, PAGES);
    for (uint32_t page = 0; page < PAGES; page++) {
        page_timers_set(&timers, page, dice_below(&dice, 1000));
    }
    uint32_t page = 0;
    uint32_t due_cs = 0;
    uint32_t last_cs = 0;
    unsigned count = 0;
    while (page_timers_first(&timers, &page, &due_cs)) {
        assert_true(due_cs >= last_cs);
        last_cs = due_cs;
        page_timers_clear(&timers, page);
        count++;
    }
    assert_int_equal(count, PAGES);
    page_timers_release(&timers);
}

static void a_campaign_without_pages_has_no_timers(void **test)
{
    (void)test;
    struct page_timers timers;
    uint32_t page;
    uint32_t due_cs;
    page_timers_init(&timers, 0);
    assert_false(page_timers_first(&timers, &page, &due_cs));
    page_timers_release(&timers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_operations_agree_with_a_naive_model),
        cmocka_unit_test(pages_come_out_in_the_order_of_their_times),
        cmocka_unit_test(a_campaign_without_pages_has_no_timers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
