/* SPDX-License-Identifier: Apache-2.0 */
/*
 * disk_room: how much may still be written to a file system before its reserve is touched. The
 * answer is asked of the kernel at most every few milliseconds; in between, what was taken is
 * subtracted. Any thread.
 */
#ifndef TOCSIN_LEDGER_DISK_ROOM_H
#define TOCSIN_LEDGER_DISK_ROOM_H

#include <pthread.h>
#include <stdint.h>

struct disk_room {
    char *path;
    uint64_t reserve_bytes;
    pthread_mutex_t lock;
    uint64_t asked_ms; /* 0: never */
    uint64_t left_bytes;
};

void disk_room_init(struct disk_room *room, const char *path, uint64_t reserve_bytes);
void disk_room_release(struct disk_room *room);
uint64_t disk_room_left(struct disk_room *room);
/* So many bytes are being written. */
void disk_room_take(struct disk_room *room, uint64_t bytes);
/* Asks anew at the next call, for instance after a write failed. */
void disk_room_forget(struct disk_room *room);

#endif
