/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transfer_tally: what the transfers of one provider have cost, over all of its hubs. The owner's;
 * it outlives their sockets. A hub without one counts nothing.
 */
#ifndef TOCSIN_NET_TRANSFER_TALLY_H
#define TOCSIN_NET_TRANSFER_TALLY_H

#include <stdint.h>

struct transfer_tally {
    uint64_t connections; /* open now, those being made included */
    uint64_t connected;   /* opened ever */
    /* Heads and bodies of requests and answers, or mails and their dialogues, as they are before
     * TLS and the compression of heads. */
    uint64_t sent_bytes;
    uint64_t received_bytes;
};

#endif
