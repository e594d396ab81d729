/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_table: every command there is. A new one is a file with its table and a row here.
 */
#ifndef TOCSIN_CLI_COMMAND_TABLE_H
#define TOCSIN_CLI_COMMAND_TABLE_H

#include "cli/command.h"

extern const struct command_group command_table[]; /* ends with a name of NULL */

extern const struct command send_commands[];
extern const struct command audience_commands[];
extern const struct command campaign_commands[];
extern const struct command plan_commands[];
extern const struct command preflight_commands[];
extern const struct command recipient_commands[];
extern const struct command evidence_commands[];
extern const struct command export_commands[];
extern const struct command reply_commands[];
extern const struct command report_commands[];
extern const struct command suppression_commands[];
extern const struct command worker_commands[];
extern const struct command provider_commands[];
extern const struct command key_commands[];
extern const struct command token_commands[];
extern const struct command audit_commands[];
extern const struct command events_commands[];
extern const struct command subscription_commands[];
extern const struct command doctor_commands[];
extern const struct command keygen_commands[];

#endif
