/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exporting: the exports that are under way.
 */
#ifndef TOCSIN_API_EXPORTING_H
#define TOCSIN_API_EXPORTING_H

struct api;

/* Breaks off those whose clients do not take them, and those that have lasted too long. */
void exporting_sweep(struct api *api);

#endif
