/* SPDX-License-Identifier: Apache-2.0 */
/*
 * provider_group: a name for several providers. In a plan it stands for those of them that send on
 * the step's channel, as the settings have them when it is read: so a provider is replaced in the
 * settings, and not in every plan.
 */
#ifndef TOCSIN_CONTENT_PROVIDER_GROUP_H
#define TOCSIN_CONTENT_PROVIDER_GROUP_H

#include <stdint.h>

#include "proto/wire.h"

#define PROVIDER_GROUPS_MAX 64

/* A value. */
struct provider_group {
    char name[WIRE_NAME_MAX + 1]; /* no provider's */
    uint64_t members;             /* bit i: the provider at place i of the settings' list */
};

#endif
