/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer_server: a server of one thread that plays answers written beforehand, one a connection,
 * and keeps what it was asked. An empty answer closes without one.
 */
#ifndef TOCSIN_TESTS_UNIT_ANSWER_SERVER_H
#define TOCSIN_TESTS_UNIT_ANSWER_SERVER_H

#include <pthread.h>

#define ASKED_MAX     16
#define REQUEST_BYTES 65536

struct answer_server {
    int fd;
    char api[64];
    const char *const *answers; /* NULL-terminated */
    unsigned asked;
    char requests[ASKED_MAX][REQUEST_BYTES];
    pthread_t thread;
};

/* `answers` must outlive it. */
struct answer_server *answer_server_new(const char *const *answers);
/* Until all answers were given. The caller frees the server. */
void answer_server_wait(struct answer_server *server);

#endif
