/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evidence_print: what a bundle proves, in words.
 */
#ifndef TOCSIN_CLI_EVIDENCE_PRINT_H
#define TOCSIN_CLI_EVIDENCE_PRINT_H

#include "cli/cli.h"

/* report: as bundle_report makes it. is_trusted: it is signed by a key that the user gave. */
void evidence_print(struct cli *cli, json_t *report, bool is_trusted);

#endif
