/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/command_table.h"
#include "tests/unit/unit.h"

#define WORDS_MAX 80

static enum exit_code run_nothing(struct cli *cli, const struct arguments *arguments)
{
    (void)cli;
    (void)arguments;
    return EXIT_DONE;
}

static const struct option bell_options[] = {
    {"tone", "low|high", "how it sounds"},
    {"times", "N", "how often"},
    {"note", "TEXT", "what is written on it"},
    {"muffled", NULL, "with a cloth"},
    {NULL, NULL, NULL},
};
static const struct command bell_commands[] = {
    {.name = "ring",
     .operands = "BELL",
     .operands_min = 1,
     .operands_max = 1,
     .summary = "ring it",
     .options = bell_options,
     .run = run_nothing},
    {.name = "list", .operands = "", .summary = "list them", .run = run_nothing},
    {.run = NULL},
};
static const struct command flag_commands[] = {
    {.operands = "[FLAG]", .operands_max = 1, .summary = "hoist it", .run = run_nothing},
    {.name = "strike", .operands = "", .summary = "take it in", .run = run_nothing},
    {.run = NULL},
};
static const struct command_group groups[] = {
    {"bell", "bells", bell_commands},
    {"flag", "flags", flag_commands},
    {NULL, NULL, NULL},
};

/* Parses words separated by blanks. */
static enum err parse(struct arguments *arguments, const char *line, struct problem *problem)
{
    static char words[512]; /* arguments point into it */
    char *argv[WORDS_MAX + 1];
    int argc = 0;
    char *rest = NULL;
    assert_true(strlen(line) < sizeof(words));
    strcpy(words, line);
    for (char *word = strtok_r(words, " ", &rest); word != NULL;
         word = strtok_r(NULL, " ", &rest)) {
        assert_true(argc < WORDS_MAX);
        argv[argc++] = word;
    }
    argv[argc] = NULL;
    *problem = (struct problem){0};
    return command_parse(arguments, groups, argc, argv, problem);
}

static void assert_refused(const char *line, const char *text)
{
    struct arguments arguments;
    struct problem problem;
    assert_int_equal(parse(&arguments, line, &problem), ERR_INVALID);
    assert_string_equal(problem.text, text);
}

static void a_command_gets_its_operands_and_options(void **state)
{
    (void)state;
    struct arguments arguments;
    struct problem problem;
    assert_int_equal(
        parse(&arguments, "tocsin bell ring --tone high great --times=3 --muffled", &problem),
        ERR_OK);
    assert_ptr_equal(arguments.command, &bell_commands[0]);
    assert_int_equal(arguments.operand_count, 1);
    assert_string_equal(arguments.operands[0], "great");
    assert_string_equal(arguments_value(&arguments, "tone"), "high");
    assert_true(arguments_has(&arguments, "muffled"));
    assert_false(arguments_has(&arguments, "json"));
    assert_null(arguments_value(&arguments, "api"));
}

static void global_options_stand_anywhere(void **state)
{
    (void)state;
    struct arguments arguments;
    struct problem problem;
    assert_int_equal(parse(&arguments, "tocsin --json bell --api http://b list --quiet", &problem),
                     ERR_OK);
    assert_ptr_equal(arguments.command, &bell_commands[1]);
    assert_true(arguments_has(&arguments, "json"));
    assert_true(arguments_has(&arguments, "quiet"));
    assert_string_equal(arguments_value(&arguments, "api"), "http://b");
}

static void a_group_of_one_command_needs_no_second_word(void **state)
{
    (void)state;
    struct arguments arguments;
    struct problem problem;
    assert_int_equal(parse(&arguments, "tocsin flag", &problem), ERR_OK);
    assert_ptr_equal(arguments.command, &flag_commands[0]);
    assert_int_equal(arguments.operand_count, 0);
    assert_int_equal(parse(&arguments, "tocsin flag red", &problem), ERR_OK);
    assert_string_equal(arguments.operands[0], "red");
}

static void the_last_value_counts_and_all_can_be_had(void **state)
{
    (void)state;
    struct arguments arguments;
    struct problem problem;
    unsigned at = 0;
    assert_int_equal(parse(&arguments, "tocsin bell ring b --note a --tone low --note b", &problem),
                     ERR_OK);
    assert_string_equal(arguments_value(&arguments, "note"), "b");
    assert_string_equal(arguments_next(&arguments, "note", &at), "a");
    assert_string_equal(arguments_next(&arguments, "note", &at), "b");
    assert_null(arguments_next(&arguments, "note", &at));
}

static void two_dashes_end_the_options_and_one_is_an_operand(void **state)
{
    (void)state;
    struct arguments arguments;
    struct problem problem;
    assert_int_equal(parse(&arguments, "tocsin bell ring -- --tone", &problem), ERR_OK);
    assert_string_equal(arguments.operands[0], "--tone");
    assert_int_equal(parse(&arguments, "tocsin bell ring -", &problem), ERR_OK);
    assert_string_equal(arguments.operands[0], "-");
}

static void what_is_unknown_is_refused_with_the_nearest_known(void **state)
{
    (void)state;
    assert_refused("tocsin bel list", "there is no command bel; did you mean bell?");
    assert_refused("tocsin bell rign x", "there is no command bell rign; did you mean ring?");
    assert_refused("tocsin bell ring x --tome low",
                   "there is no option --tome; did you mean --tone?");
    assert_refused("tocsin bell list --jsno", "there is no option --jsno; did you mean --json?");
    assert_refused("tocsin xylophone", "there is no command xylophone; known are bell or flag");
    assert_refused("tocsin bell ring -x",
                   "there is no option -x; options are written --name, a file "
                   "whose name begins with a dash ./-x");
}

static void values_are_checked_against_the_words_allowed(void **state)
{
    (void)state;
    assert_refused("tocsin bell ring x --tone hig",
                   "--tone cannot be \"hig\"; it is one of low|high");
    assert_refused("tocsin bell ring x --tone=", "--tone cannot be \"\"; it is one of low|high");
    assert_refused("tocsin bell ring x --tone", "--tone needs a value: --tone low|high");
    assert_refused("tocsin bell ring x --muffled=yes", "--muffled is a switch and takes no value");
}

static void operands_are_counted(void **state)
{
    (void)state;
    assert_refused("tocsin bell ring", "something is missing; usage: tocsin bell ring BELL");
    assert_refused("tocsin bell ring a b",
                   "\"b\" is one word too many; usage: tocsin bell ring BELL");
    assert_refused("tocsin flag a b", "\"b\" is one word too many; usage: tocsin flag [FLAG]");
}

static void help_needs_no_operands(void **state)
{
    (void)state;
    struct arguments arguments;
    struct problem problem;
    assert_int_equal(parse(&arguments, "tocsin bell ring --help", &problem), ERR_OK);
    assert_true(arguments_has(&arguments, "help"));
    assert_int_equal(parse(&arguments, "tocsin bell -h", &problem), ERR_OK);
    assert_null(arguments.command);
    assert_true(arguments_has(&arguments, "help"));
}

static void more_options_than_there_is_room_for_are_refused(void **state)
{
    (void)state;
    struct arguments arguments;
    struct problem problem;
    char *argv[ARGUMENTS_OPTIONS_MAX + 4];
    char program[] = "tocsin";
    char quiet[] = "--quiet";
    argv[0] = program;
    for (int i = 1; i <= ARGUMENTS_OPTIONS_MAX + 1; i++) {
        argv[i] = quiet;
    }
    assert_int_equal(command_parse(&arguments, groups, ARGUMENTS_OPTIONS_MAX + 1, argv, &problem),
                     ERR_OK);
    assert_int_equal(command_parse(&arguments, groups, ARGUMENTS_OPTIONS_MAX + 2, argv, &problem),
                     ERR_LIMIT);
}

static void numbers_are_checked_against_their_bounds(void **state)
{
    (void)state;
    struct arguments arguments;
    struct problem problem;
    uint64_t number = 7;
    assert_int_equal(parse(&arguments, "tocsin bell ring x", &problem), ERR_OK);
    assert_int_equal(arguments_number(&arguments, "times", 1, 9, &number, &problem), ERR_OK);
    assert_int_equal(number, 7);
    assert_int_equal(parse(&arguments, "tocsin bell ring x --times 9", &problem), ERR_OK);
    assert_int_equal(arguments_number(&arguments, "times", 1, 9, &number, &problem), ERR_OK);
    assert_int_equal(number, 9);
    assert_int_equal(parse(&arguments, "tocsin bell ring x --times 10", &problem), ERR_OK);
    assert_int_equal(arguments_number(&arguments, "times", 1, 9, &number, &problem), ERR_INVALID);
    assert_string_equal(problem.text, "--times cannot be \"10\"; it is a number from 1 to 9");
}

static void decimals_are_numbers_and_nothing_else(void **state)
{
    (void)state;
    struct arguments arguments;
    struct problem problem;
    double number = 7;
    assert_int_equal(parse(&arguments, "tocsin bell ring x", &problem), ERR_OK);
    assert_int_equal(arguments_decimal(&arguments, "times", &number, &problem), ERR_OK);
    assert_true(number == 7);
    assert_int_equal(parse(&arguments, "tocsin bell ring x --times 0.5", &problem), ERR_OK);
    assert_int_equal(arguments_decimal(&arguments, "times", &number, &problem), ERR_OK);
    assert_true(number == 0.5);
    static const char *const wrong[] = {"5x", "inf", "nan", "fast", "0x10"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char line[64];
        (void)snprintf(line, sizeof(line), "tocsin bell ring x --times %s", wrong[i]);
        assert_int_equal(parse(&arguments, line, &problem), ERR_OK);
        assert_int_equal(arguments_decimal(&arguments, "times", &number, &problem), ERR_INVALID);
        assert_non_null(strstr(problem.text, "--times takes a number, as 500 or 0.5, not"));
    }
}

static void assert_fits(const char *help)
{
    for (const char *line = help; *line != '\0'; line += strcspn(line, "\n") + 1) {
        size_t columns = 0;
        for (size_t i = 0; i < strcspn(line, "\n"); i++) {
            columns += ((unsigned char)line[i] & 0xc0) == 0x80 ? 0 : 1;
        }
        if (columns > 92) {
            print_error("too wide (%zu): %.*s\n", columns, (int)strcspn(line, "\n"), line);
        }
        assert_true(columns <= 92);
    }
}

static void every_command_of_the_program_explains_itself(void **state)
{
    (void)state;
    struct buf help = {0};
    for (const struct command_group *group = command_table; group->name != NULL; group++) {
        for (const struct command *command = group->commands; command->run != NULL; command++) {
            buf_clear(&help);
            command_help(&help, command_table, group, command);
            const char *text = buf_cstr(&help);
            assert_fits(text);
            assert_non_null(strstr(text, command->summary));
            assert_non_null(strstr(text, "--json"));
            for (const struct option *option = command->options;
                 option != NULL && option->name != NULL; option++) {
                assert_non_null(strstr(text, option->name));
            }
            assert_true(command->operands_min <= command->operands_max);
            assert_true(command->operands_max <= ARGUMENTS_OPERANDS_MAX);
        }
    }
    buf_release(&help);
}

static void the_programs_help_names_commands_and_exit_codes(void **state)
{
    (void)state;
    struct buf help = {0};
    command_help(&help, groups, NULL, NULL);
    const char *text = buf_cstr(&help);
    assert_non_null(strstr(text, "\n  bell ring BELL          ring it\n"));
    assert_non_null(strstr(text, "\n  flag [FLAG]             hoist it\n"));
    assert_non_null(strstr(text, "\n  3   the coordinator cannot be reached\n"));
    assert_fits(text);
    buf_release(&help);
}

static void the_first_word_may_name_another_command_of_the_group(void **state)
{
    struct arguments arguments;
    struct problem problem;
    (void)state;
    assert_int_equal(parse(&arguments, "tocsin flag strike", &problem), ERR_OK);
    assert_string_equal(arguments.command->name, "strike");
    assert_int_equal(arguments.operand_count, 0);
    assert_int_equal(parse(&arguments, "tocsin flag red", &problem), ERR_OK);
    assert_null(arguments.command->name);
    assert_string_equal(arguments.operands[0], "red");
    assert_int_equal(parse(&arguments, "tocsin flag -- strike", &problem), ERR_OK);
    assert_null(arguments.command->name);
    assert_int_equal(parse(&arguments, "tocsin flag red strike", &problem), ERR_INVALID);
    assert_int_equal(parse(&arguments, "tocsin flag strike red", &problem), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_gets_its_operands_and_options),
        cmocka_unit_test(the_first_word_may_name_another_command_of_the_group),
        cmocka_unit_test(global_options_stand_anywhere),
        cmocka_unit_test(a_group_of_one_command_needs_no_second_word),
        cmocka_unit_test(the_last_value_counts_and_all_can_be_had),
        cmocka_unit_test(two_dashes_end_the_options_and_one_is_an_operand),
        cmocka_unit_test(what_is_unknown_is_refused_with_the_nearest_known),
        cmocka_unit_test(values_are_checked_against_the_words_allowed),
        cmocka_unit_test(operands_are_counted),
        cmocka_unit_test(help_needs_no_operands),
        cmocka_unit_test(more_options_than_there_is_room_for_are_refused),
        cmocka_unit_test(numbers_are_checked_against_their_bounds),
        cmocka_unit_test(decimals_are_numbers_and_nothing_else),
        cmocka_unit_test(every_command_of_the_program_explains_itself),
        cmocka_unit_test(the_programs_help_names_commands_and_exit_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
