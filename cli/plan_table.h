/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan_table: a plan's steps as a table, for people.
 */
#ifndef TOCSIN_CLI_PLAN_TABLE_H
#define TOCSIN_CLI_PLAN_TABLE_H

#include <jansson.h>

#include "cli/cli.h"

/* An empty line, then a line for each of the API's steps; one with_previous begins with a `+`. Not
 * for --json and --quiet. */
void plan_table_print(struct cli *cli, const json_t *steps);

#endif
