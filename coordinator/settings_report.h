/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settings_report: what the settings come to, with defaults and environment, for `tocsin doctor`:
 *     {"data_dir": "…", "listen": {"api": "127.0.0.1:7480", "workers": "tcp://127.0.0.1:7400"},
 *      "providers": [{"name": "…", "channel": "…", "adapter": "…", "settings": {…}}]}
 * and of a certificate in "listen": {"certificate": "…", "tls": {"result": "ok", "from": time,
 * "until": time, "signers_until": time, "names": ["…"], "not_for": host of public_url that it is
 * not for}}, or with the result "missing" (a variable that this environment lacks) or "wrong" a
 * "problem".
 */
#ifndef TOCSIN_COORDINATOR_SETTINGS_REPORT_H
#define TOCSIN_COORDINATOR_SETTINGS_REPORT_H

#include "common/buf.h"
#include "coordinator/coordinator_settings.h"

/* Appends the object, in one line. Secrets are in it only as the references that settings hold. */
void settings_report(const struct coordinator_settings *settings, struct buf *buf);

#endif
