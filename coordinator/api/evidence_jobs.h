/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evidence_jobs: the bundles of evidence that are being made.
 */
#ifndef TOCSIN_API_EVIDENCE_JOBS_H
#define TOCSIN_API_EVIDENCE_JOBS_H

struct api;

/* In every turn: begins those whose head is signed, and tells of it. */
void evidence_jobs_turn(struct api *api);
/* Now and then: breaks off those whose clients do not take them. */
void evidence_jobs_sweep(struct api *api);

#endif
