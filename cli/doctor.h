/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doctor: checks, one line each: `ok`, `warn` (it works, and something will bite) or `FAIL` with
 * what to do about it. With --json one object a line.
 */
#ifndef TOCSIN_CLI_DOCTOR_H
#define TOCSIN_CLI_DOCTOR_H

#include "cli/cli.h"
#include "cli/command.h"

enum doctor_result { DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL };

struct doctor {
    struct cli *cli;
    unsigned warnings;
    unsigned failures;
    enum exit_code code; /* of the first failure */
};

/* Tells one result. Foreign text is made safe. */
void doctor_tell(struct doctor *doctor, enum doctor_result result, const char *check,
                 const char *format, ...) PRINTF_LIKE(4, 5);
/* The checks of a running cluster, over the API. */
void doctor_check_cluster(struct doctor *doctor);
/* The checks of a coordinator's settings file, before it is started. */
void doctor_check_settings(struct doctor *doctor, const char *file);
/* Of one provider of theirs: limits that make no sense together. */
void doctor_check_limits(struct doctor *doctor, const json_t *provider);

/* Of listen.tls, as the coordinator reports it: what there is to say of the certificate at this
 * time, in one sentence that is appended; its result. `file` is the certificate's. */
enum doctor_result doctor_judge_certificate(const json_t *tls, const char *file, uint64_t now_ms,
                                            struct buf *text);
/* Of "listen" in the report. */
void doctor_check_certificate(struct doctor *doctor, const json_t *listening);

#endif
