/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "common/sms_text.h"
#include "tests/unit/unit.h"

static const struct sms_rule transliterating = {true, SMS_RULE_MAX_PARTS};

/* Under `rule` the text goes out as `wanted`. */
static void check(const struct sms_rule *rule, const char *text, const char *wanted, bool is_ucs2)
{
    struct buf buf = {0};
    struct sms_size size;
    struct slice sent = sms_text(slice_str(text), rule, &buf, &size);
    assert_int_equal(sent.len, strlen(wanted));
    assert_memory_equal(sent.data, wanted, sent.len);
    assert_int_equal(size.is_ucs2, is_ucs2);
    struct sms_size counted = sms_parts(sent);
    assert_int_equal(size.units, counted.units);
    assert_int_equal(size.parts, counted.parts);
    buf_release(&buf);
}

static void nothing_changes_unless_it_is_asked_for(void **state)
{
    (void)state;
    const struct sms_rule as_it_is = {false, SMS_RULE_MAX_PARTS};
    check(&as_it_is, "“Tűz” – menekülj…", "“Tűz” – menekülj…", true);
}

static void what_is_in_the_alphabet_stays(void **state)
{
    (void)state;
    check(&transliterating, "Café à Ürümqi: 10 € {ñ}", "Café à Ürümqi: 10 € {ñ}", false);
    check(&transliterating, "“Café” à Århus: 10 €…", "\"Café\" à Århus: 10 €...", false);
}

static void letters_become_their_base_letters(void **state)
{
    (void)state;
    check(&transliterating, "Tűzoltó, őrség", "Tuzolto, orség", false);
    check(&transliterating, "Zażółć gęślą jaźń", "Zazolc gesla jazn", false);
    check(&transliterating, "Příliš žluťoučký kůň", "Prilis zlutoucky kun", false);
    check(&transliterating, "Știri și Țară", "Stiri si Tara", false);
    check(&transliterating, "açúcar, não", "acucar, nao", false);
    check(&transliterating, "Ngân hàng tiếng Việt", "Ngan hàng tieng Viet", false);
    check(&transliterating, "Þingvellir, Œuvre, ẞ", "Thingvellir, OEuvre, SS", false);
}

static void typography_becomes_ascii(void **state)
{
    (void)state;
    check(&transliterating, "‘a’ ‚b‛ “c” „d‟ «e» ‹f› `g´", "'a' 'b' \"c\" \"d\" \"e\" 'f' 'g'",
          false);
    check(&transliterating, "1–2—3‑4−5 …", "1-2-3-4-5 ...", false);
    check(&transliterating,
          "a\xc2\xa0"
          "b\xe2\x80\xaf"
          "c\td\xe2\x80\x8b"
          "e\xc2\xad"
          "f",
          "a b c def", false);
    check(&transliterating, "½ ×2 © ™ № →", "1/2 x2 (C) (TM) No. ->", false);
}

static void a_mark_that_stands_alone_goes_to_its_letter_or_away(void **state)
{
    (void)state;
    check(&transliterating, "cafe\xcc\x81 U\xcc\x88", "café Ü", false);
    check(&transliterating, "o\xcc\x8b c\xcc\xa7 \xcc\x81", "o c ", false);
}

static void one_character_of_another_script_keeps_the_whole_text(void **state)
{
    (void)state;
    check(&transliterating, "“Пожар” – внимание…", "“Пожар” – внимание…", true);
    check(&transliterating, "Tűz 🚨", "Tűz 🚨", true);
    check(&transliterating, "“火”", "“火”", true);
    check(&transliterating, "ő\xff", "ő\xff", true);
}

static void nothing_becomes_longer_or_empty(void **state)
{
    (void)state;
    char text[3 * 60 + 1];
    for (size_t i = 0; i < 60; i++) {
        memcpy(text + 3 * i, "™", 4);
    }
    check(&transliterating, text, text, true); /* 60 units are one message, 240 septets two */
    check(&transliterating, "\xe2\x80\x8b", "\xe2\x80\x8b", true);
}

/* A character that stands twice or out of order in the tables is not found. */
static void every_character_of_the_tables_is_found(void **state)
{
    (void)state;
    static const char all[] =
        "ÀÁÂÃÈÊËÌÍÎÏÐÒÓÔÕÙÚÛÝÞáâãçêëíîïðóôõúûýþÿ\t`\xc2\xa0©ª«\xc2\xad®´µ·º»¼½¾×÷"
        "‐‑‒–—―‘’‚‛“”„‟•…‹›⁃№™←→−　ʹʺʻʼʽ′″ĲĳŉŒœ";
    struct buf buf = {0};
    struct sms_size size;
    for (size_t at = 0; all[at] != '\0';) {
        size_t from = at;
        (void)sms_parts_next(slice_str(all), &at);
        char text[16];
        memcpy(text, "x", 1);
        memcpy(text + 1, all + from, at - from);
        (void)sms_text(slice_of(text, at - from + 1), &transliterating, &buf, &size);
        assert_false(size.is_ucs2);
    }
    for (uint32_t c = 0x100; c < 0x180; c++) { /* all of Latin Extended-A */
        char text[] = {(char)(0xc0 | c >> 6), (char)(0x80 | (c & 0x3f)), '\0'};
        (void)sms_text(slice_str(text), &transliterating, &buf, &size);
        assert_false(size.is_ucs2);
    }
    buf_release(&buf);
}

static void the_cap_is_one_of_messages(void **state)
{
    (void)state;
    const struct sms_rule two = {false, 2};
    const struct sms_rule endless = {false, 0};
    char text[307];
    struct buf buf = {0};
    struct sms_size size;
    memset(text, 'a', sizeof(text));
    (void)sms_text(slice_of(text, 306), &two, &buf, &size);
    assert_false(sms_text_is_too_long(&size, &two));
    (void)sms_text(slice_of(text, 307), &two, &buf, &size);
    assert_true(sms_text_is_too_long(&size, &two));
    assert_false(sms_text_is_too_long(&size, &endless));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_changes_unless_it_is_asked_for),
        cmocka_unit_test(what_is_in_the_alphabet_stays),
        cmocka_unit_test(letters_become_their_base_letters),
        cmocka_unit_test(typography_becomes_ascii),
        cmocka_unit_test(a_mark_that_stands_alone_goes_to_its_letter_or_away),
        cmocka_unit_test(one_character_of_another_script_keeps_the_whole_text),
        cmocka_unit_test(nothing_becomes_longer_or_empty),
        cmocka_unit_test(every_character_of_the_tables_is_found),
        cmocka_unit_test(the_cap_is_one_of_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
