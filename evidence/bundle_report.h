/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bundle_report: what a bundle that was checked says, as JSON. docs/evidence.md lists the members.
 */
#ifndef TOCSIN_EVIDENCE_BUNDLE_REPORT_H
#define TOCSIN_EVIDENCE_BUNDLE_REPORT_H

#include <jansson.h>

#include "evidence/bundle.h"

/* Only after bundle_reader_end was content. The caller's. */
json_t *bundle_report(const struct bundle *bundle);

#endif
