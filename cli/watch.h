/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch: stays with a campaign until it is over. It asks again and again and never gives up because
 * a coordinator is being restarted; leaving (Ctrl-C) does nothing to the campaign.
 */
#ifndef TOCSIN_CLI_WATCH_H
#define TOCSIN_CLI_WATCH_H

#include "cli/cli.h"
#include "cli/command.h"

#define WATCH_STRICT_OPTION                                                                        \
    {                                                                                              \
        "strict", NULL, "end with status 5 if somebody was not reached"                            \
    }

/* On a terminal a live view, else a line a second when something changed; the closing report at the
 * end. With --json: the campaign, whenever it changed; with --quiet: nothing. */
enum exit_code watch_campaign(struct cli *cli, const char *id, bool is_strict);

#endif
