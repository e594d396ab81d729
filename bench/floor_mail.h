/* SPDX-License-Identifier: Apache-2.0 */
/* floor_mail: mails of one size through libcurl's own SMTP, over kept connections. */
#ifndef TOCSIN_BENCH_FLOOR_MAIL_H
#define TOCSIN_BENCH_FLOOR_MAIL_H

#include <stddef.h>

#include "bench/curl_floor.h"

struct floor_mail {
    const char *url;
    unsigned connections;
    char *message;
    size_t size;
    struct curl_slist *to;
    struct floor_mail_upload *uploads;
};

void floor_mail_init(struct floor_mail *mail, const char *url, unsigned connections, size_t size);
void floor_mail_release(struct floor_mail *mail);
struct curl_floor_figures floor_mail_run(struct floor_mail *mail, uint64_t count);

#endif
