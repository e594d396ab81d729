/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "common/text.h"
#include "coordinator/api/recipient_texts.h"
#include "coordinator/http/accept_language.h"
#include "tests/unit/unit.h"

static const char *const locales[] = {"en", "de", "fr", "es", "it", "pt",      "pt-BR",
                                      "nl", "da", "nb", "sv", "fi", "pl",      "cs",
                                      "uk", "el", "tr", "ja", "zh", "zh-Hant", "ar"};
#define LOCALES (sizeof(locales) / sizeof(locales[0]))

static const char *language_of(const char *locale)
{
    const struct recipient_texts *texts = recipient_texts_find(slice_str(locale));
    return texts == NULL ? "none" : texts->language;
}

static void no_language_lacks_a_sentence(void **state)
{
    (void)state;
    for (size_t i = 0; i < LOCALES; i++) {
        const struct recipient_texts *texts = recipient_texts_find(slice_str(locales[i]));
        assert_non_null(texts);
        assert_memory_equal(texts->language, locales[i], 2);
        assert_string_equal(texts->direction, strcmp(locales[i], "ar") == 0 ? "rtl" : "ltr");
        const char *const *sentence = &texts->ask;
        for (; sentence <= &texts->unchanged; sentence++) {
            assert_non_null(*sentence);
            assert_true(**sentence != '\0' && text_is_utf8(slice_str(*sentence), NULL));
            assert_null(strpbrk(*sentence, "<>&\"")); /* pages hold them as they are */
        }
    }
}

static void a_locale_falls_back_to_its_language(void **state)
{
    (void)state;
    assert_string_equal(language_of("nb-NO"), "nb");
    assert_string_equal(language_of("nn-NO"), "nb");
    assert_string_equal(language_of("de_AT"), "de");
    assert_string_equal(language_of("pt-BR"), "pt-BR");
    assert_string_equal(language_of("pt-AO"), "pt");
    assert_string_equal(language_of("zh-CN"), "zh-Hans");
    assert_string_equal(language_of("zh-TW"), "zh-Hant");
    assert_string_equal(language_of("zh-Hant-HK"), "zh-Hant");
    assert_string_equal(language_of("tlh"), "none");
    assert_string_equal(language_of(""), "none");
}

static void a_browser_gets_what_it_wants_most_of_what_there_is(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        const char *language;
    } cases[] = {
        {"da, en-gb;q=0.8, en;q=0.7", "da"},
        {"en;q=0.7,de;q=0.9", "de"},
        {"tlh, x-elvish;q=0.9, fi;q=0.1", "fi"},
        {"fr;q=0, it;q=0.001", "it"},
        {"ar-EG , en", "ar"},
        {"sv;q=0.5;q=1, pl ; q=0.6", "pl"},
        {"de;q=2,cs;q=0.9", "de"},
        {"de;level=1,cs;q=0.1", "cs"},
        {"de;q=0.9.9,cs;q=0.1", "cs"},
        {"*", "en"},
        {"tlh", "en"},
        {",,;;=,", "en"},
        {"", "en"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_string_equal(recipient_texts_accept(cases[i].header)->language, cases[i].language);
    }
    assert_string_equal(recipient_texts_accept(NULL)->language, "en");
}

static void of_equal_weights_the_first_counts(void **state)
{
    (void)state;
    static const char *const names[] = {"de", "fr"};
    assert_int_equal(accept_language_choose(slice_str("fr, de"), names, 2), 1);
    assert_int_equal(accept_language_choose(slice_str("fr;q=0.5, de;q=0.500"), names, 2), 1);
    assert_int_equal(accept_language_choose(slice_str("fr;q=0.5, de;q=0.501"), names, 2), 0);
    assert_int_equal(accept_language_choose(slice_str("it, *"), names, 2), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_language_lacks_a_sentence),
        cmocka_unit_test(a_locale_falls_back_to_its_language),
        cmocka_unit_test(a_browser_gets_what_it_wants_most_of_what_there_is),
        cmocka_unit_test(of_equal_weights_the_first_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
