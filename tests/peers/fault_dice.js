// SPDX-License-Identifier: Apache-2.0
//
// What goes wrong for whom, for peers on a bad day; of each of these 5 %:
//   error      the provider's own trouble: not taken
//   reset      the message is taken, and instead of an answer the connection (HTTP/2: the stream) is reset
//   slow       taken, and answered when nobody waits any more
//   malformed  taken, and what comes back cannot be understood
//   throttled  slow down: not taken. It comes in bouts, as a provider's limit does: everything within 200 ms, answered at their
//              end, and again after five seconds if less than a twentieth has been refused so far
// Everything else is good. But for bouts, dice fall by seed, address and how often it came before: the order does not matter.
//
// A file keeps a line for each request: {fate, addresses}, and where one answer speaks of several recipients one by one
// {fate, addresses, entries: [fate..]}.
'use strict';
const crypto = require('node:crypto');
const fs = require('node:fs');

const SHARE = 0.05;
const BOUT_MS = 200;
const BOUT_PAUSE_MS = 5000;
const KINDS = ['error', 'reset', 'slow', 'malformed'];

class Dice {
  constructor(record, seed = 1) {
    this.file = fs.openSync(record, 'a');
    this.seed = seed;
    this.seen = new Map();
    this.bout = {asked: 0, refused: 0, until: 0, next: 0};
  }

  // From 0 to 1, always the same for the same words.
  fall(...words) {
    return crypto.createHash('sha256').update([this.seed, ...words].join('|')).digest().readUInt32BE(0) / 2 ** 32;
  }

  one(list, ...words) {
    return list[Math.floor(this.fall(...words) * list.length)];
  }

  isBout() {
    const now = Date.now();
    const bout = this.bout;
    bout.asked++;
    // Not the very first ones: a limit is met by who is under way.
    if (now >= bout.next && bout.asked > 50 && bout.refused < bout.asked * SHARE) {
      bout.until = now + BOUT_MS;
      bout.next = now + BOUT_PAUSE_MS;
    }
    bout.refused += now < bout.until;
    return now < bout.until;
  }

  async throttle() {
    await new Promise((done) => setTimeout(done, this.bout.until - Date.now()));
  }

  // The fate of a request that begins with this address.
  fateOf(address) {
    if (this.isBout()) {
      return 'throttled';
    }
    const nth = (this.seen.get(address) ?? 0) + 1;
    this.seen.set(address, nth);
    return KINDS[Math.floor(this.fall('fate', nth, address) / SHARE)] ?? 'good';
  }

  // The fate of each recipient of a bulk that was taken: good, or one of `wrong`, of each 5 %.
  entriesOf(addresses, wrong) {
    const nth = this.seen.get(addresses[0]);
    return addresses.map((address) => wrong[Math.floor(this.fall('entry', nth, address) / SHARE)] ?? 'good');
  }

  write(fate, addresses, entries) {
    fs.writeSync(this.file, JSON.stringify({fate, addresses, entries}) + '\n');
  }
}

module.exports = {Dice, isTaken: (fate) => fate !== 'throttled' && fate !== 'error'};
