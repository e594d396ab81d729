/* SPDX-License-Identifier: Apache-2.0 */
/*
 * head_signer: signs the head of the chain when a campaign has ended, every so often while there
 * are records, when somebody asks for evidence, and at the stop. Each signed head is put into the
 * next record, so that the chain covers it and later ones sign it too. Loop's thread only.
 *
 * What is signed is durable already, and the signature (some 20 µs) is made between two turns, at
 * most once a second: no record waits for it.
 *
 * The secret is in the file evidence.key of the data directory, made at the first start. The
 * catalogue has a statement of every key (CATALOGUE_EVIDENCE_KEY), which the key before has signed.
 * A new one is written beside the old (evidence.key.next) before its statement is durable and takes
 * its place after, so that a crash leaves the one that the catalogue names.
 */
#ifndef TOCSIN_REPORT_HEAD_SIGNER_H
#define TOCSIN_REPORT_HEAD_SIGNER_H

#include <stdint.h>

#include "common/err.h"
#include "coordinator/engine/record.h"
#include "coordinator/ledger/ledger.h"
#include "evidence/signed_head.h"

struct head_signer;

/* Reads or makes the key. every_ms: 0 is never. The problem names the file. */
enum err head_signer_open(struct head_signer **out, struct ledger *ledger, const char *data_dir,
                          uint64_t every_ms, uint64_t now_ms, struct problem *problem) WARN_UNUSED;
void head_signer_free(struct head_signer *signer); /* NULL is fine */

/* Once, when there is a record: a key that is new is put into it. */
void head_signer_begin(struct head_signer *signer, struct record *record);
/* To be told of every record that is handed over: has a campaign ended in it? */
void head_signer_look(struct head_signer *signer, const struct record *record);
/* In every turn: signs if it is due. In how many ms to call again, UINT32_MAX if that does not
 * matter. */
uint32_t head_signer_run(struct head_signer *signer, uint64_t now_ms, struct record *record);
/* At the end, before the last record is handed over. */
void head_signer_stop(struct head_signer *signer, uint64_t now_ms, struct record *record);
/* A head is wanted that signs this record or a later one: it comes within about a second. */
void head_signer_want(struct head_signer *signer, uint64_t recno);
/* The newest record that a head has signed; the head itself may not be durable yet. 0: none. */
uint64_t head_signer_newest(const struct head_signer *signer);
/* That head; its recno is 0 before the first of this life. */
const struct signed_head *head_signer_head(const struct head_signer *signer);
/* In which record that head was put. */
uint64_t head_signer_put_in(const struct head_signer *signer);

const struct signing_key *head_signer_key(const struct head_signer *signer);
const struct key_statement *head_signer_statement(const struct head_signer *signer);
/* A new key from now on: its statement is in the record, and head_signer_rotated must be called
 * when that is durable. */
enum err head_signer_rotate(struct head_signer *signer, uint64_t now_ms, struct record *record,
                            struct problem *problem) WARN_UNUSED;
void head_signer_rotated(struct head_signer *signer);
/* The statement of the key in use is in a record that is not durable yet. */
bool head_signer_is_rotating(const struct head_signer *signer);

#endif
