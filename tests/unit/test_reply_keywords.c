/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "coordinator/content/reply_keywords.h"
#include "tests/unit/unit.h"

static void expect_class(const struct reply_keywords *keywords, const char *text,
                         enum reply_class class, bool is_weak)
{
    struct reply_meaning meaning;
    reply_keywords_read(keywords, slice_str(text), &meaning);
    if (meaning.class != class || meaning.is_weak != is_weak) {
        fail_msg("\"%s\" is %s%s", text, reply_class_name(meaning.class),
                 meaning.is_weak ? " (weak)" : "");
    }
}

static void a_keyword_is_the_whole_text_in_any_case(void **state)
{
    static const char *const stops[] = {
        "STOP",   "stop",   " Stop \r\n", "StopAll",  "UNSUBSCRIBE", "cancel", "End",    "quit",
        "OptOut", "revoke", "STOP.",      "\"Stop\"", "stop!!",      "“STOP”", "«stop»."};
    static const char *const others[] = {"Stop please", "please stop", "stop?", "STOP 7KQ2", "",
                                         "...",         "don't stop",  "s top", "STOPP",     "ok",
                                         "ack",         "ACK 7",       "停止",  "NO"};
    struct reply_keywords *keywords = reply_keywords_new();
    (void)state;
    for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++) {
        expect_class(keywords, stops[i], REPLY_STOP, false);
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        expect_class(keywords, others[i], REPLY_OTHER, false);
    }
    expect_class(keywords, "Start", REPLY_START, false);
    expect_class(keywords, "unstop", REPLY_START, false);
    expect_class(keywords, "Yes!", REPLY_START, true);
    expect_class(keywords, "help", REPLY_HELP, false);
    expect_class(keywords, "INFO", REPLY_HELP, false);
    reply_keywords_free(keywords);
}

static void an_ack_has_a_code_behind_it(void **state)
{
    struct reply_keywords *keywords = reply_keywords_new();
    struct reply_meaning meaning;
    (void)state;
    expect_class(keywords, "ack 7kq2", REPLY_ACK, false);
    expect_class(keywords, "ACK7KQ2", REPLY_ACK, false);
    expect_class(keywords, "a c k 7 k q 2", REPLY_ACK, false);
    reply_keywords_read(keywords, slice_str("\"Ack 7kqO\"."), &meaning);
    assert_int_equal(meaning.class, REPLY_ACK);
    assert_int_equal(meaning.code.count, 4);
    assert_memory_equal(meaning.code.chars, "7KQ0", 4);
    expect_class(keywords, "ack 7kq2 thanks", REPLY_OTHER, false);
    expect_class(keywords, "ok 7kq2", REPLY_OTHER, false);
    reply_keywords_free(keywords);
}

static enum err add(struct reply_keywords *keywords, enum reply_class class, const char *word,
                    struct problem *problem)
{
    return reply_keywords_add(keywords, class, slice_str(word), problem);
}

static void words_of_other_languages_are_added(void **state)
{
    struct reply_keywords *keywords = reply_keywords_new();
    struct problem problem;
    (void)state;
    assert_int_equal(add(keywords, REPLY_STOP, "Arrêt", &problem), ERR_OK);
    assert_int_equal(add(keywords, REPLY_STOP, "ΔΙΑΚΟΠΉ", &problem), ERR_OK);
    assert_int_equal(add(keywords, REPLY_STOP, "СТОП", &problem), ERR_OK);
    assert_int_equal(add(keywords, REPLY_STOP, "opt  out", &problem), ERR_OK);
    assert_int_equal(add(keywords, REPLY_STOP, "stop", &problem), ERR_OK); /* it is there */
    assert_int_equal(add(keywords, REPLY_START, "yes", &problem), ERR_OK);
    assert_int_equal(add(keywords, REPLY_ACK, "OK", &problem), ERR_OK);
    assert_int_equal(add(keywords, REPLY_ACK, "понял", &problem), ERR_OK);
    expect_class(keywords, "ARRÊT", REPLY_STOP, false);
    expect_class(keywords, "διακοπή", REPLY_STOP, false);
    expect_class(keywords, "стоп", REPLY_STOP, false);
    expect_class(keywords, "Opt out.", REPLY_STOP, false);
    expect_class(keywords, "arre\xcc\x82t", REPLY_OTHER, false); /* the accent by itself */
    expect_class(keywords, "Ok 7KQ2", REPLY_ACK, true);
    expect_class(keywords, "ПОНЯЛ 7KQ2", REPLY_ACK, true);
    expect_class(keywords, "ok7kq2", REPLY_OTHER, false);
    expect_class(keywords, "OK", REPLY_OTHER, false);
    reply_keywords_free(keywords);
}

static void a_word_has_one_meaning(void **state)
{
    struct reply_keywords *keywords = reply_keywords_new();
    struct problem problem;
    char word[16];
    (void)state;
    assert_int_equal(add(keywords, REPLY_START, "Quit", &problem), ERR_CONFLICT);
    assert_non_null(strstr(problem.text, "\"quit\" stands for \"stop\""));
    assert_int_equal(add(keywords, REPLY_STOP, "ack", &problem), ERR_CONFLICT);
    assert_int_equal(add(keywords, REPLY_HELP, "hilfe", &problem), ERR_OK);
    assert_int_equal(add(keywords, REPLY_STOP, "HILFE", &problem), ERR_CONFLICT);
    assert_int_equal(add(keywords, REPLY_HELP, "Yes", &problem), ERR_OK); /* a weak one */
    assert_int_equal(add(keywords, REPLY_START, "yes", &problem), ERR_CONFLICT);
    assert_int_equal(add(keywords, REPLY_STOP, "", &problem), ERR_INVALID);
    assert_int_equal(add(keywords, REPLY_STOP, " \"!\" ", &problem), ERR_INVALID);
    assert_int_equal(add(keywords, REPLY_STOP, "\xff", &problem), ERR_INVALID);
    expect_class(keywords, "yes", REPLY_HELP, false);
    enum err err = ERR_OK;
    for (unsigned i = 0; i <= REPLY_KEYWORDS_MAX && err == ERR_OK; i++) {
        (void)snprintf(word, sizeof(word), "w%u", i);
        err = add(keywords, REPLY_STOP, word, &problem);
    }
    assert_int_equal(err, ERR_LIMIT);
    reply_keywords_free(keywords);
}

static void classes_have_names(void **state)
{
    enum reply_class class = REPLY_OTHER;
    (void)state;
    assert_true(reply_class_parse(slice_str("stop"), &class));
    assert_int_equal(class, REPLY_STOP);
    assert_false(reply_class_parse(slice_str("STOP"), &class));
    assert_string_equal(reply_class_name(REPLY_ACK), "ack");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_keyword_is_the_whole_text_in_any_case),
        cmocka_unit_test(an_ack_has_a_code_behind_it),
        cmocka_unit_test(words_of_other_languages_are_added),
        cmocka_unit_test(a_word_has_one_meaning),
        cmocka_unit_test(classes_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
