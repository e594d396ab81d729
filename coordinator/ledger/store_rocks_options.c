/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "coordinator/ledger/store_rocks_internal.h"

#define MEMTABLE_BYTES_DEFAULT (16u << 20)
#define OPEN_FILES_MAX         512
#define BACKGROUND_JOBS        2

/* Files of one memtable each that gather before they are merged into the rest, which is then
 * written anew as a whole; and at which number writes are slowed down and stopped. */
#define GATHERED_FILES      16
#define GATHERED_FILES_SLOW 48
#define GATHERED_FILES_STOP 64

/* As c.h wants them: enum WALRecoveryMode and InfoLogLevel of RocksDB. Its own log, a file beside
 * the tables, is left empty: on a full disk a second line after one that failed is an assertion
 * there, which ends the process. What goes wrong comes back with the calls all the same. */
#define WAL_TOLERATE_CORRUPTED_TAIL 0
#define INFO_LOG_NOTHING            6

struct family_settings {
    const char *name;
    int compression;
    size_t block_bytes;
    bool is_bulk; /* written once, sorted: neither compacted nor cached */
    bool is_cached;
};

/* Pages are compressed already and read once; blocks of the journal are small and alike. */
static const struct family_settings family_settings[ROCKS_FAMILIES] = {
    [STORE_META] = {"meta", rocksdb_no_compression, 4096, false, true},
    [STORE_CATALOGUE] = {"catalogue", rocksdb_lz4_compression, 4096, false, true},
    [STORE_PAGES] = {"pages", rocksdb_no_compression, 4096, true, false},
    [STORE_LOOKUP] = {"lookup", rocksdb_no_compression, 4096, true, false},
    [STORE_JOURNAL] = {"journal", rocksdb_zstd_compression, 16384, false, true},
    [STORE_RECORDS] = {"records", rocksdb_zstd_compression, 16384, false, true},
    [STORE_SNAPSHOTS] = {"snapshots", rocksdb_lz4_compression, 4096, false, true},
    [STORE_REFUSALS] = {"refusals", rocksdb_zstd_compression, 16384, true, false},
    [STORE_FAMILIES] = {"default", rocksdb_no_compression, 4096, false, false},
};

const char *rocks_family_name(unsigned family)
{
    return family_settings[family].name;
}

static void options_set_tables(rocksdb_options_t *options, const struct family_settings *family,
                               rocksdb_cache_t *cache)
{
    rocksdb_block_based_table_options_t *table = rocksdb_block_based_options_create();
    rocksdb_block_based_options_set_block_size(table, family->block_bytes);
    if (family->is_cached) {
        rocksdb_block_based_options_set_block_cache(table, cache);
    } else {
        rocksdb_block_based_options_set_no_block_cache(table, 1);
    }
    rocksdb_options_set_block_based_table_factory(options, table);
    rocksdb_block_based_options_destroy(table);
}

rocksdb_options_t *rocks_options_new(unsigned family, const struct store_rocks_settings *settings,
                                     rocksdb_cache_t *cache)
{
    const struct family_settings *of = &family_settings[family];
    size_t memtable_bytes =
        settings->memtable_bytes > 0 ? settings->memtable_bytes : MEMTABLE_BYTES_DEFAULT;
    rocksdb_options_t *options = rocksdb_options_create();
    rocksdb_options_set_create_if_missing(options, settings->create);
    rocksdb_options_set_create_missing_column_families(options, 1);
    rocksdb_options_set_wal_recovery_mode(options, WAL_TOLERATE_CORRUPTED_TAIL);
    rocksdb_options_set_db_write_buffer_size(options, memtable_bytes);
    rocksdb_options_set_write_buffer_size(options, memtable_bytes);
    rocksdb_options_set_max_total_wal_size(options, memtable_bytes);
    rocksdb_options_set_max_open_files(options, OPEN_FILES_MAX);
    rocksdb_options_set_advise_random_on_open(options, 0);
    rocksdb_options_set_max_background_jobs(options, BACKGROUND_JOBS);
    rocksdb_options_set_manifest_preallocation_size(options, 64 << 10);
    rocksdb_options_set_skip_stats_update_on_db_open(options, 1);
    rocksdb_options_set_stats_dump_period_sec(options, 0);
    rocksdb_options_set_stats_persist_period_sec(options, 0);
    rocksdb_options_set_info_log_level(options, INFO_LOG_NOTHING);
    rocksdb_options_set_keep_log_file_num(options, 1);
    rocksdb_options_set_compression(options, of->compression);
    rocksdb_options_set_level_compaction_dynamic_level_bytes(options, !of->is_bulk);
    if (of->is_bulk) {
        rocksdb_options_set_disable_auto_compactions(options, 1);
        rocksdb_options_set_level0_slowdown_writes_trigger(options, INT32_MAX);
        rocksdb_options_set_level0_stop_writes_trigger(options, INT32_MAX);
    } else {
        rocksdb_options_set_level0_file_num_compaction_trigger(options, GATHERED_FILES);
        rocksdb_options_set_level0_slowdown_writes_trigger(options, GATHERED_FILES_SLOW);
        rocksdb_options_set_level0_stop_writes_trigger(options, GATHERED_FILES_STOP);
    }
    options_set_tables(options, of, cache);
    return options;
}
