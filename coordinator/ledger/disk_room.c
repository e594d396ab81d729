/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/ledger/disk_room.h"

#include <sys/statvfs.h>

#include "common/clock.h"
#include "common/mem.h"

#define DISK_ROOM_AGE_MS 20

void disk_room_init(struct disk_room *room, const char *path, uint64_t reserve_bytes)
{
    *room = (struct disk_room){.path = mem_copy_str(path), .reserve_bytes = reserve_bytes};
    pthread_mutex_init(&room->lock, NULL);
}

void disk_room_release(struct disk_room *room)
{
    mem_free(room->path);
    pthread_mutex_destroy(&room->lock);
}

/* What cannot be asked counts as room: the write itself will say what is wrong. */
static uint64_t disk_room_ask(const struct disk_room *room)
{
    struct statvfs fs;
    if (statvfs(room->path, &fs) != 0) {
        return UINT64_MAX;
    }
    uint64_t free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
    return free_bytes > room->reserve_bytes ? free_bytes - room->reserve_bytes : 0;
}

uint64_t disk_room_left(struct disk_room *room)
{
    pthread_mutex_lock(&room->lock);
    uint64_t now_ms = clock_monotonic_ms();
    if (room->asked_ms == 0 || now_ms - room->asked_ms >= DISK_ROOM_AGE_MS) {
        room->asked_ms = now_ms;
        room->left_bytes = disk_room_ask(room);
    }
    uint64_t left_bytes = room->left_bytes;
    pthread_mutex_unlock(&room->lock);
    return left_bytes;
}

void disk_room_take(struct disk_room *room, uint64_t bytes)
{
    pthread_mutex_lock(&room->lock);
    if (room->left_bytes != UINT64_MAX) {
        room->left_bytes -= bytes < room->left_bytes ? bytes : room->left_bytes;
    }
    pthread_mutex_unlock(&room->lock);
}

void disk_room_forget(struct disk_room *room)
{
    pthread_mutex_lock(&room->lock);
    room->asked_ms = 0;
    pthread_mutex_unlock(&room->lock);
}
