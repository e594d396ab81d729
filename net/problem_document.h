/* SPDX-License-Identifier: Apache-2.0 */
/*
 * problem_document: what an answer's status and body (RFC 9457) mean, as an error with a text for
 * people. Pure.
 */
#ifndef TOCSIN_NET_PROBLEM_DOCUMENT_H
#define TOCSIN_NET_PROBLEM_DOCUMENT_H

#include "common/err.h"
#include "common/slice.h"

/* ERR_OK for 2xx; ERR_IO for a status that says nothing particular. */
enum err problem_document_err(long status);
/* The detail, the place as far as the document names one, and the status. A body that is no problem
 * document is no mistake: the text then says so. Returns the error, as problem_set. */
enum err problem_document_read(long status, struct slice body, struct problem *problem);

#endif
