/* SPDX-License-Identifier: Apache-2.0 */
/*
 * provider_names: member "provider" of a step: a name of a provider or of a group, or a list of
 * them.
 */
#ifndef TOCSIN_CONTENT_PROVIDER_NAMES_H
#define TOCSIN_CONTENT_PROVIDER_NAMES_H

#include "coordinator/content/plan_document.h"

/* *names is a list of them as they are written, which the caller frees, also on error. *bits gets
 * the numbers of the providers they stand for, all of the channel. ERR_INVALID: none of that name
 * sends on the channel. Of a stored plan, such a one is logged and left out. */
enum err provider_names_read(struct document_reader *reader, json_t *value,
                             const struct plan_source *source, enum channel_kind channel,
                             json_t **names, uint64_t *bits) WARN_UNUSED;

#endif
