/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audience_upload: an audience on its way in. For uploads_api.c and what counts them.
 */
#ifndef TOCSIN_API_AUDIENCE_UPLOAD_H
#define TOCSIN_API_AUDIENCE_UPLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "coordinator/audience/audience.h"

struct upload {
    struct api *api;
    struct upload *next;
    struct upload *previous;
    struct exchange *exchange;      /* NULL: the request is over */
    struct audience_import *import; /* NULL: the import is over */
    bool is_ended;                  /* the whole body was fed */
    uint64_t id;
    uint64_t started_ms;
    char name[AUDIENCE_NAME_MAX + 1];
};

#endif
