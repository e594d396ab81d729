/* SPDX-License-Identifier: Apache-2.0 */
/*
 *     bench_floor_smtp URL COUNT CONNECTIONS SIZE
 *
 * The least that a mail of SIZE bytes costs through libcurl's own SMTP, one recipient each.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench/curl_floor.h"
#include "bench/floor_mail.h"

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: bench_floor_smtp URL COUNT CONNECTIONS SIZE\n");
        return 2;
    }
    struct floor_mail mail;
    floor_mail_init(&mail, argv[1], (unsigned)strtoul(argv[3], NULL, 10),
                    strtoul(argv[4], NULL, 10));
    struct curl_floor_figures figures = floor_mail_run(&mail, strtoull(argv[2], NULL, 10));
    curl_floor_print(&figures);
    floor_mail_release(&mail);
    return figures.failed == 0 ? 0 : 1;
}
