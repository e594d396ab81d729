/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exposition: metrics as Prometheus reads them (text exposition format 0.0.4). A family's samples
 * follow its HELP and TYPE; names have base units (seconds, bytes), counters end in _total. Values
 * of labels may be anything but are kept to one line: a line feed becomes a space.
 */
#ifndef TOCSIN_COMMON_EXPOSITION_H
#define TOCSIN_COMMON_EXPOSITION_H

#include <stdint.h>

#include "common/buf.h"

#define EXPOSITION_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* type: counter, gauge or histogram. */
void exposition_family(struct buf *text, const char *name, const char *type, const char *help);
/* Appends label="value", escaped: between braces, with commas, it is the caller's. */
void exposition_label(struct buf *text, const char *label, const char *value);
/* A sample with one label. */
void exposition_sample(struct buf *text, const char *name, const char *label, const char *value,
                       uint64_t number);
/* Families of one sample without labels. */
void exposition_counter(struct buf *text, const char *name, const char *help, uint64_t number);
void exposition_gauge(struct buf *text, const char *name, const char *help, uint64_t number);
void exposition_seconds(struct buf *text, const char *name, const char *type, const char *help,
                        double number);

/* What the system says of this process, 0 where it does not, as the families that Prometheus' own
 * clients have: process_cpu_seconds_total, process_resident_memory_bytes and
 * process_start_time_seconds. Reads a file of /proc. */
void exposition_process(struct buf *text, uint64_t started_ms);

#endif
