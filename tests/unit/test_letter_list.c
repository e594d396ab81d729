/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/content/letter_list.h"
#include "tests/unit/unit.h"

#define NUMBERS 64
#define STEPS   20000

/* What a list should say: for each number 0 (not there), 1 or 2 (to be sent again). */
struct model {
    unsigned char is[NUMBERS + 1];
};

static void compare(const struct letter_list *list, const struct model *model)
{
    unsigned count = 0;
    unsigned resend = 0;
    uint64_t first = 0;
    for (uint64_t n = 1; n <= NUMBERS; n++) {
        const struct letter_place *place = letter_list_find(list, n);
        assert_int_equal(place != NULL, model->is[n] != 0);
        if (place != NULL) {
            assert_ptr_equal(place, &list->places[count]); /* ascending */
            assert_int_equal(place->number, n);
            assert_int_equal(place->is_resent, model->is[n] == 2);
            count++;
            resend += model->is[n] == 2;
            first = first == 0 && model->is[n] == 2 ? n : first;
        }
    }
    assert_int_equal(list->count, count);
    assert_int_equal(list->resend, resend);
    assert_int_equal(letter_list_resent(list), first);
}

static void it_says_what_was_decided_last(void **state)
{
    struct letter_list list = {0};
    struct model model = {{0}};
    uint32_t dice = 1;
    (void)state;
    for (unsigned i = 0; i < STEPS; i++) {
        dice = dice * 1664525U + 1013904223U;
        uint64_t number = 1 + (dice >> 8) % NUMBERS;
        if ((dice >> 20) % 3 == 0) {
            assert_int_equal(letter_list_remove(&list, number), model.is[number] != 0);
            model.is[number] = 0;
        } else {
            bool is_resent = (dice >> 24) % 2 != 0;
            letter_list_put(&list, number, is_resent);
            model.is[number] = is_resent ? 2 : 1;
        }
        compare(&list, &model);
    }
    letter_list_release(&list);
    assert_int_equal(list.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(it_says_what_was_decided_last)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
