/* SPDX-License-Identifier: Apache-2.0 */
#include <locale.h>

#include "cli/human.h"
#include "cli/progress.h"
#include "tests/unit/unit.h"

#define NOW_MS UINT64_C(1795428012400) /* 2026-11-23T10:00:12.400Z */

static const struct progress_style plain = {.columns = 72};

static struct progress running(void)
{
    struct progress progress = {
        .id = "c7",
        .name = "Outage notice",
        .plan = "sms",
        .state = "running",
        .recipients = 1000000,
        .counts = {[PROGRESS_ACCEPTED] = 612000,
                   [PROGRESS_LEASED] = 20484,
                   [PROGRESS_FAILED] = 16,
                   [PROGRESS_WAITING] = 367500},
        .rate_per_s = 84312,
        .time_left_s = 4.4,
        .elapsed_s = 12.4,
    };
    return progress;
}

static json_t *campaign_json(void)
{
    json_t *campaign =
        json_pack("{s:s, s:s, s:{s:[{s:s, s:s, s:s}, {s:s}]}, s:s, s:s, s:n, s:i, s:f, s:n, s:i, "
                  "s:i, s:{s:i, s:i, s:i, s:i}}",
                  "id", "c7", "name", "Outage \033notice", "plan", "steps", "channel", "sms",
                  "until", "acknowledged", "within", "15m", "channel", "voice", "state", "running",
                  "launched_at", "2026-11-23T10:00:00.000Z", "ended_at", "recipients", 1000,
                  "rate_per_s", 12.5, "time_left_s", "repeated", 3, "open", 200, "counts",
                  "waiting", 400, "accepted", 500, "failed", 90, "teleported", 10);
    assert_non_null(campaign);
    return campaign;
}

static void a_campaign_is_read_from_the_apis_json(void **state)
{
    (void)state;
    json_t *campaign = campaign_json();
    struct progress progress;
    assert_true(progress_read(&progress, campaign, NOW_MS));
    assert_string_equal(progress.id, "c7");
    assert_string_equal(progress.name, "Outage ?notice");
    assert_int_equal(progress.recipients, 1000);
    assert_int_equal(progress.counts[PROGRESS_ACCEPTED], 500);
    assert_string_equal(progress.plan, "sms 15m > voice");
    assert_int_equal(progress.repeated, 3);
    assert_int_equal(progress.open, 200);
    assert_true(progress.elapsed_s > 12.39 && progress.elapsed_s < 12.41);
    assert_true(progress.time_left_s < 0);
    json_decref(campaign);
}

static void a_state_nobody_knows_still_counts(void **state)
{
    (void)state;
    json_t *campaign = campaign_json();
    struct progress progress;
    assert_true(progress_read(&progress, campaign, NOW_MS));
    assert_int_equal(progress.other, 10);
    assert_int_equal(progress_sum(&progress), 1000);
    assert_int_equal(progress_not_reached(&progress), 100);
    json_decref(campaign);
}

static void what_is_no_campaign_is_not_read(void **state)
{
    (void)state;
    struct progress progress;
    json_t *other = json_pack("{s:s}", "id", "c7");
    json_t *list = json_array();
    assert_false(progress_read(&progress, other, NOW_MS));
    assert_false(progress_read(&progress, list, NOW_MS));
    assert_false(progress_read(&progress, NULL, NOW_MS));
    json_decref(other);
    json_decref(list);
}

static void clocks_that_differ_give_no_negative_time(void **state)
{
    (void)state;
    json_t *campaign = campaign_json();
    struct progress progress;
    assert_true(progress_read(&progress, campaign, 0));
    assert_true(progress.elapsed_s >= 0);
    json_decref(campaign);
}

static void the_view_shows_state_bar_counts_and_rate(void **state)
{
    (void)state;
    struct progress progress = running();
    struct buf view = {0};
    progress_view(&view, &progress, &plain);
    assert_buf_is(&view,
                  "Outage notice  c7  sms  running                                   12.4 s\n"
                  "#######################################=x......................   61.2 %\n"
                  "accepted 612,000   leased 20,484   failed 16   waiting 367,500\n"
                  "of 1,000,000\n"
                  "84,312 a second   4.4 s left\n");
    buf_release(&view);
}

static void who_is_awaited_is_not_settled_and_is_said(void **state)
{
    (void)state;
    struct progress progress = running();
    struct buf text = {0};
    strcpy(progress.plan, "sms 15m > voice");
    progress.open = 600000;
    progress.time_left_s = -1;
    progress_view(&text, &progress, &plain);
    assert_buf_is(&text,
                  "Outage notice  c7  sms 15m > voice  running                       12.4 s\n"
                  "#######################################=x......................    1.2 %\n"
                  "accepted 612,000   leased 20,484   failed 16   waiting 367,500\n"
                  "of 1,000,000\n"
                  "84,312 a second   600,000 acknowledgements awaited\n");
    progress.open = 1;
    progress_line(&text, &progress);
    assert_buf_is(&text, "c7 running: 612,015 of 1,000,000 settled (61.2 %), 84,312/s, "
                         "1 acknowledgement awaited; "
                         "accepted 612,000, leased 20,484, failed 16, waiting 367,500\n");
    progress.open = UINT64_MAX;
    assert_int_equal(progress_settled(&progress), 0);
    buf_release(&text);
}

/* As of a coordinator that counts wrongly. */
static void counts_that_do_not_add_up_are_shown_all_the_same(void **state)
{
    (void)state;
    static const json_int_t counts[] = {50187, INT64_MAX};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        json_t *campaign = campaign_json();
        struct progress progress;
        struct buf view = {0};
        json_object_set_new(campaign, "recipients", json_integer(10));
        json_object_set_new(campaign, "counts",
                            json_pack("{s:I, s:I, s:I}", "waiting", counts[i], "leased", counts[i],
                                      "accepted", counts[i]));
        assert_true(progress_read(&progress, campaign, NOW_MS));
        assert_true(progress_sum(&progress) > progress.recipients);
        progress_view(&view, &progress, &plain);
        progress_closing(&view, &progress, &plain);
        assert_non_null(strstr(buf_cstr(&view), "of 10\n"));
        buf_release(&view);
        json_decref(campaign);
    }
}

static void a_long_notice_is_broken_at_blanks_and_not_cut(void **state)
{
    (void)state;
    struct buf view = {0};
    struct progress progress = running();
    progress_add_notice(&progress,
                        "w1 and 7 more cannot open provider \"gateway\": secret.token: "
                        "the environment has no variable SMS_TOKEN (from env:SMS_TOKEN)");
    progress_view(&view, &progress, &plain);
    assert_non_null(strstr(buf_cstr(&view),
                           "\nw1 and 7 more cannot open provider \"gateway\": secret.token: the\n"
                           "  environment has no variable SMS_TOKEN (from env:SMS_TOKEN)\n"));
    buf_release(&view);
}

static void notices_stand_below_the_view(void **state)
{
    (void)state;
    struct progress progress = running();
    struct buf view = {0};
    progress_add_notice(&progress, "the coordinator\033 is away");
    progress_view(&view, &progress, &plain);
    assert_non_null(strstr(buf_cstr(&view), "left\nthe coordinator? is away\n"));
    buf_release(&view);
}

static void assert_no_line_wider(const char *text, unsigned columns)
{
    for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1) {
        struct slice one = slice_of(line, strcspn(line, "\n"));
        if (human_columns(one) > columns) {
            print_error("wider than %u: %.*s\n", columns, (int)one.len, line);
        }
        assert_true(human_columns(one) <= columns);
    }
}

static void climb(struct progress *progress)
{
    progress->rung_count = 3;
    progress->next_climb_s = 4;
    progress->rungs[0] = (struct progress_rung){
        .step = 1,
        .channel = "push",
        .counts = {[PROGRESS_ACKNOWLEDGED] = 300001, [PROGRESS_ACCEPTED] = 382114},
        .open = 382114,
        .next_s = -1};
    progress->rungs[1] = (struct progress_rung){.step = 2, .channel = "sms", .next_s = -1};
    progress->rungs[2] = (struct progress_rung){.step = 2,
                                                .repeat = 1,
                                                .channel = "sms",
                                                .counts = {[PROGRESS_RETRYING] = 12},
                                                .is_beside = true,
                                                .next_s = 75};
}

static void the_view_shows_who_stands_on_which_rung(void **state)
{
    (void)state;
    struct progress progress = running();
    struct progress_style style = {.columns = 80};
    struct buf view = {0};
    climb(&progress);
    progress.time_left_s = -1;
    progress_view(&view, &progress, &style);
    assert_non_null(strstr(buf_cstr(&view),
                           "\n  1 push   acknowledged 300,001   accepted 382,114   "
                           "awaited 382,114\n"
                           "  2 +sms again 1   retrying 12   next in 1 min 15 s\n"));
    assert_non_null(strstr(buf_cstr(&view), "84,312 a second   the next climbs in 4 s\n"));
    buf_release(&view);
}

static void the_ladder_is_read_from_the_apis_json(void **state)
{
    (void)state;
    json_t *campaign = campaign_json();
    struct progress progress;
    json_object_set_new(
        campaign, "ladder",
        json_pack("[{s:i, s:i, s:s, s:{s:i}, s:i, s:n}, {s:i, s:b, s:i, s:s, s:{}, s:i, s:s}]",
                  "step", 1, "repeat", 0, "channel", "sms", "counts", "accepted", 500, "open", 200,
                  "next_at", "step", 2, "with_previous", 1, "repeat", 3, "channel", "voice",
                  "counts", "open", 0, "next_at", "2026-11-23T10:01:12.400Z"));
    json_object_set_new(campaign, "next_climb_at", json_string("2026-11-23T09:00:00.000Z"));
    assert_true(progress_read(&progress, campaign, NOW_MS));
    assert_int_equal(progress.rung_count, 2);
    assert_int_equal(progress.rungs[0].counts[PROGRESS_ACCEPTED], 500);
    assert_int_equal(progress.rungs[0].open, 200);
    assert_true(progress.rungs[0].next_s < 0);
    assert_string_equal(progress.rungs[1].channel, "voice");
    assert_int_equal(progress.rungs[1].repeat, 3);
    assert_true(progress.rungs[1].is_beside && !progress.rungs[0].is_beside);
    assert_true(progress.rungs[1].next_s > 59.9 && progress.rungs[1].next_s < 60.1);
    assert_true(progress.next_climb_s < 0); /* is past */
    json_decref(campaign);
}

static void no_line_is_wider_than_the_terminal(void **state)
{
    (void)state;
    struct progress progress = running();
    struct buf view = {0};
    strcpy(progress.name, "停電のお知らせ Αναγγελία διακοπής ρεύματος");
    strcpy(progress.plan, "push 5m > sms 15m > voice > email > chat > webhook > sms > voice");
    progress.repeated = 1234567;
    progress.open = 612000;
    progress.other = 5;
    climb(&progress);
    progress_add_notice(&progress,
                        "gateway: slowed down by the provider to 1,000 of 20,000 a second");
    for (unsigned columns = 20; columns <= 200; columns++) {
        struct progress_style style = {.columns = columns, .has_unicode = columns % 2 == 0};
        buf_clear(&view);
        progress_view(&view, &progress, &style);
        progress_closing(&view, &progress, &style);
        assert_no_line_wider(buf_cstr(&view), columns);
    }
    buf_release(&view);
}

/* The bar alone: the second line of the view, up to the percentage. */
static void bar_of(struct buf *bar, const struct progress *progress, unsigned columns)
{
    struct progress_style style = {.columns = columns};
    struct buf view = {0};
    progress_view(&view, progress, &style);
    const char *line = strchr(buf_cstr(&view), '\n') + 1;
    buf_append(bar, line, columns - 9);
    buf_release(&view);
}

static void every_part_that_has_somebody_shows_in_the_bar(void **state)
{
    (void)state;
    struct progress progress = running();
    struct buf bar = {0};
    progress.counts[PROGRESS_RETRYING] = 1;
    progress.counts[PROGRESS_UNCERTAIN] = 1;
    progress.counts[PROGRESS_ACCEPTED] -= 2;
    bar_of(&bar, &progress, 29);
    assert_buf_is(&bar, "##########=~?x......");
    memset(progress.counts, 0, sizeof(progress.counts));
    progress.counts[PROGRESS_ACCEPTED] = 999999;
    progress.counts[PROGRESS_FAILED] = 1;
    bar_of(&bar, &progress, 29);
    assert_buf_is(&bar, "###################x");
    buf_release(&bar);
}

static void an_empty_campaign_has_a_bar_too(void **state)
{
    (void)state;
    struct progress progress = running();
    struct buf bar = {0};
    progress.recipients = 0;
    memset(progress.counts, 0, sizeof(progress.counts));
    bar_of(&bar, &progress, 29);
    assert_buf_is(&bar, "....................");
    buf_release(&bar);
}

static void colours_come_only_when_wanted(void **state)
{
    (void)state;
    struct progress progress = running();
    struct progress_style style = {.columns = 72, .has_colour = true, .has_unicode = true};
    struct buf coloured = {0};
    struct buf view = {0};
    progress_view(&coloured, &progress, &style);
    assert_non_null(strstr(buf_cstr(&coloured), "\033[32maccepted 612,000\033[0m"));
    assert_non_null(strstr(buf_cstr(&coloured), "█"));
    style.has_colour = false;
    progress_view(&view, &progress, &style);
    assert_null(strchr(buf_cstr(&view), '\033'));
    buf_release(&coloured);
    buf_release(&view);
}

static void a_pipe_gets_one_line(void **state)
{
    (void)state;
    struct progress progress = running();
    struct buf line = {0};
    progress_line(&line, &progress);
    assert_buf_is(&line, "c7 running: 612,016 of 1,000,000 settled (61.2 %), 84,312/s, 4.4 s left; "
                         "accepted 612,000, leased 20,484, failed 16, waiting 367,500\n");
    buf_release(&line);
}

static struct progress finished(void)
{
    struct progress progress = running();
    strcpy(progress.state, "finished");
    memset(progress.counts, 0, sizeof(progress.counts));
    progress.counts[PROGRESS_ACCEPTED] = 999984;
    progress.counts[PROGRESS_FAILED] = 16;
    progress.elapsed_s = 12.5;
    return progress;
}

static void the_closing_report_adds_up_visibly(void **state)
{
    (void)state;
    struct progress progress = finished();
    struct buf report = {0};
    progress_closing(&report, &progress, &plain);
    assert_buf_is(&report, "Outage notice (c7) finished after 12.5 s, 80,000 a second\n"
                           "  accepted 999,984 + failed 16 = 1,000,000 of 1,000,000\n");
    progress.repeated = 1;
    progress_closing(&report, &progress, &plain);
    assert_non_null(strstr(buf_cstr(&report), "  1 attempt was repeated: nobody knows"));
    buf_release(&report);
}

static void counts_that_do_not_add_up_are_not_hidden(void **state)
{
    (void)state;
    struct progress progress = finished();
    struct buf report = {0};
    progress.counts[PROGRESS_ACCEPTED]--;
    progress_closing(&report, &progress, &plain);
    assert_buf_is(&report,
                  "Outage notice (c7) finished after 12.5 s, 80,000 a second\n"
                  "  accepted 999,983 + failed 16 = 999,999 of 1,000,000\n"
                  "  the counts do not add up; this is a bug of Tocsin, please report it\n");
    buf_release(&report);
}

static void it_is_over_when_nothing_is_in_hand_any_more(void **state)
{
    (void)state;
    struct progress progress = running();
    assert_false(progress_is_over(&progress));
    strcpy(progress.state, "paused");
    assert_false(progress_is_over(&progress));
    strcpy(progress.state, "cancelled");
    assert_false(progress_is_over(&progress));
    progress.counts[PROGRESS_LEASED] = 0;
    assert_true(progress_is_over(&progress));
    strcpy(progress.state, "finished");
    assert_true(progress_is_over(&progress));
}

static void only_a_change_is_news(void **state)
{
    (void)state;
    struct progress before = running();
    struct progress after = running();
    after.elapsed_s += 1;
    after.rate_per_s = 1;
    assert_true(progress_is_same(&before, &after));
    after.open++;
    assert_false(progress_is_same(&before, &after));
    after.open--;
    after.counts[PROGRESS_LEASED]--;
    assert_false(progress_is_same(&before, &after));
}

static void providers_in_trouble_are_noticed(void **state)
{
    (void)state;
    struct progress progress = running();
    json_t *providers =
        json_pack("[{s:s, s:s, s:s, s:f, s:f}, {s:s, s:s, s:s, s:s}, {s:s, s:s, s:s, s:f, s:f}, "
                  "{s:s, s:s, s:s}]",
                  "name", "gateway", "channel", "sms", "breaker", "closed", "rate_per_s", 20000.0,
                  "rate_now_per_s", 1000.0, "name", "other", "channel", "sms", "breaker", "open",
                  "breaker_reason", "401", "name", "well", "channel", "sms", "breaker", "closed",
                  "rate_per_s", 10.0, "rate_now_per_s", 10.0, "name", "mail", "channel", "email",
                  "breaker", "open");
    assert_non_null(providers);
    progress_add_providers(&progress, providers);
    assert_int_equal(progress.notice_count, 2);
    assert_string_equal(progress.notices[0],
                        "gateway: slowed down by the provider to 1,000 of 20,000 a second");
    assert_string_equal(progress.notices[1], "other: breaker open, 401");
    strcpy(progress.plan, "voice 5m > email 15m");
    progress_add_providers(&progress, providers);
    assert_int_equal(progress.notice_count, 3);
    assert_string_equal(progress.notices[2], "mail: breaker open");
    json_decref(providers);
    providers =
        json_pack("[{s:s, s:s, s:s, s:f, s:f}, {s:s, s:s, s:s, s:f, s:f}]", "name", "weak",
                  "channel", "email", "breaker", "closed", "part", 50.0, "share", 20.0, "name",
                  "strong", "channel", "email", "breaker", "closed", "part", 50.0, "share", 80.0);
    progress_add_providers(&progress, providers);
    assert_int_equal(progress.notice_count, 4);
    assert_string_equal(progress.notices[3],
                        "weak: does badly, and gets 20 % of email instead of 50 %");
    json_decref(providers);
}

static void a_provider_that_workers_cannot_open_is_noticed_with_the_reason(void **state)
{
    (void)state;
    static const char why[] = "provider \"gateway\": secrets.token: env:TOKEN is not set";
    struct progress progress = running();
    json_t *providers =
        json_pack("[{s:s, s:s, s:s, s:{s:s, s:s}}, {s:s, s:s, s:s, s:{s:s}}, {s:s, s:s, s:{}}]",
                  "name", "gateway", "channel", "sms", "breaker", "closed", "unopened", "w1", why,
                  "w2", why, "name", "mail", "channel", "email", "breaker", "closed", "unopened",
                  "w1", why, "name", "well", "channel", "sms", "unopened");
    assert_non_null(providers);
    progress_add_providers(&progress, providers);
    assert_int_equal(progress.notice_count, 1);
    assert_string_equal(progress.notices[0],
                        "w1 and 1 more cannot open provider \"gateway\": secrets.token: env:TOKEN "
                        "is not set");
    json_decref(providers);
}

static void a_campaign_that_nobody_can_send_says_why(void **state)
{
    (void)state;
    struct progress progress = running();
    json_t *workers = json_pack("[{s:b, s:{s:i}}, {s:b, s:{s:i}, s:{}}]", "connected", 0, "credit",
                                "sms", 5, "connected", 1, "credit", "email", 5, "in_hand");
    json_t *nobody = json_array();
    assert_non_null(workers);
    assert_false(progress_is_stalled(&progress));
    progress.counts[PROGRESS_LEASED] = 0;
    assert_true(progress_is_stalled(&progress));
    progress_add_workers(&progress, workers);
    progress_add_workers(&progress, nobody);
    assert_int_equal(progress.notice_count, 2);
    assert_string_equal(progress.notices[0], "no connected worker can send on sms");
    assert_string_equal(progress.notices[1],
                        "no worker is connected; nothing is sent until one is");
    strcpy(progress.plan, "email");
    progress_add_workers(&progress, workers);
    assert_int_equal(progress.notice_count, 2);
    strcpy(progress.plan, "email 5m > voice");
    progress_add_workers(&progress, workers);
    assert_int_equal(progress.notice_count, 3);
    assert_string_equal(progress.notices[2], "no connected worker can send on voice");
    json_decref(workers);
    json_decref(nobody);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_campaign_is_read_from_the_apis_json),
        cmocka_unit_test(a_state_nobody_knows_still_counts),
        cmocka_unit_test(what_is_no_campaign_is_not_read),
        cmocka_unit_test(clocks_that_differ_give_no_negative_time),
        cmocka_unit_test(the_view_shows_state_bar_counts_and_rate),
        cmocka_unit_test(who_is_awaited_is_not_settled_and_is_said),
        cmocka_unit_test(counts_that_do_not_add_up_are_shown_all_the_same),
        cmocka_unit_test(a_long_notice_is_broken_at_blanks_and_not_cut),
        cmocka_unit_test(notices_stand_below_the_view),
        cmocka_unit_test(the_view_shows_who_stands_on_which_rung),
        cmocka_unit_test(the_ladder_is_read_from_the_apis_json),
        cmocka_unit_test(no_line_is_wider_than_the_terminal),
        cmocka_unit_test(every_part_that_has_somebody_shows_in_the_bar),
        cmocka_unit_test(an_empty_campaign_has_a_bar_too),
        cmocka_unit_test(colours_come_only_when_wanted),
        cmocka_unit_test(a_pipe_gets_one_line),
        cmocka_unit_test(the_closing_report_adds_up_visibly),
        cmocka_unit_test(counts_that_do_not_add_up_are_not_hidden),
        cmocka_unit_test(it_is_over_when_nothing_is_in_hand_any_more),
        cmocka_unit_test(only_a_change_is_news),
        cmocka_unit_test(providers_in_trouble_are_noticed),
        cmocka_unit_test(a_provider_that_workers_cannot_open_is_noticed_with_the_reason),
        cmocka_unit_test(a_campaign_that_nobody_can_send_says_why),
    };
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
