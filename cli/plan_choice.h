/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan_choice: what --plan says. One rule, which leaves no doubt:
 *     steps, if there is a `>` or a blank in it, or it is a channel:  'push 5m > sms', sms
 *     a file, if there is a `/` in it, it ends in .json, .yaml or .yml, or it is `-`:  ./ladder,
 * ladder.json else the name of a plan that the coordinator has:  ladder The coordinator gives no
 * plan a name that would be the first or the second.
 */
#ifndef TOCSIN_CLI_PLAN_CHOICE_H
#define TOCSIN_CLI_PLAN_CHOICE_H

#include <jansson.h>
#include <stdbool.h>

#include "common/err.h"
#include "net/client.h"

#define PLAN_FILE_BYTES ((size_t)256 * 1024)

enum plan_choice_kind { PLAN_CHOICE_NONE, PLAN_CHOICE_STEPS, PLAN_CHOICE_FILE, PLAN_CHOICE_NAME };

struct plan_choice {
    enum plan_choice_kind kind;
    const char *said; /* borrowed */
    json_t *steps;    /* each an object with a channel; NULL: a name that was not looked up */
};

/* Reads steps and files; of a name it asks nobody. NULL is no choice. ERR_INVALID says what would
 * be right; or as file_read. */
enum err plan_choice_read(struct plan_choice *choice, const char *said,
                          struct problem *problem) WARN_UNUSED;
/* The same for a file, whatever it is called. */
enum err plan_choice_read_file(struct plan_choice *choice, const char *file,
                               struct problem *problem) WARN_UNUSED;
/* Gets the steps of a name; nothing for other choices. As client_get. */
enum err plan_choice_look_up(struct plan_choice *choice, struct client *client,
                             struct problem *problem) WARN_UNUSED;
/* Member "plan" of a campaign. */
json_t *plan_choice_json(const struct plan_choice *choice);
void plan_choice_release(struct plan_choice *choice);

#endif
