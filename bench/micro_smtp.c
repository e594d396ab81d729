/* SPDX-License-Identifier: Apache-2.0 */
/*
 *     bench_micro_smtp HOST PORT COUNT CONNECTIONS SIZE
 *
 * Mails of SIZE bytes through the smtp adapter, between two runs of bench_floor_smtp's loop in the
 * same process.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/channel_run.h"
#include "bench/floor_mail.h"

/* What the adapter's header fields take, about. */
#define HEADER_BYTES 330

int main(int argc, char **argv)
{
    if (argc != 6) {
        fprintf(stderr, "usage: bench_micro_smtp HOST PORT COUNT CONNECTIONS SIZE\n");
        return 2;
    }
    uint64_t count = strtoull(argv[3], NULL, 10);
    unsigned connections = (unsigned)strtoul(argv[4], NULL, 10);
    size_t size = strtoul(argv[5], NULL, 10);
    char url[256];
    char settings[512];
    snprintf(url, sizeof(url), "smtp://%s:%s/bench", argv[1], argv[2]);
    snprintf(settings, sizeof(settings),
             "{\"host\":\"%s\",\"port\":%s,\"starttls\":\"off\",\"helo\":\"bench\","
             "\"from\":\"notices@bank.example\",\"connections\":%u}",
             argv[1], argv[2], connections);
    struct floor_mail mail;
    floor_mail_init(&mail, url, connections, size);
    struct attempt attempt = {
        .endpoint = slice_str("customer@example.net"),
        .subject = slice_str("Outage"),
        .text = slice_of(mail.message, size > HEADER_BYTES ? size - HEADER_BYTES : 1),
    };
    memset(attempt.token, 't', TOKEN_CHARS);
    struct curl_floor_figures before = floor_mail_run(&mail, count);
    struct curl_floor_figures channel = channel_run("smtp", settings, &attempt, count);
    struct curl_floor_figures after = floor_mail_run(&mail, count);
    channel_run_print(&before, &channel, &after);
    floor_mail_release(&mail);
    return channel.failed == 0 ? 0 : 1;
}
