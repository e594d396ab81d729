// SPDX-License-Identifier: Apache-2.0
//
//     node smtp_faults.js RECORD {"to": PORT, "seed": n, "slow_ms": n}
//
// Stands before a mail server (`to`) that gives every reply, until the dice (fault_dice.js) decide otherwise for a recipient:
// a mail that is not taken never gets there; one whose reply is lost has got there. One recipient a mail.
'use strict';
const net = require('node:net');
const {Dice} = require('./fault_dice.js');

const [record, text] = process.argv.slice(2);
const options = {seed: 1, slow_ms: 8000, ...JSON.parse(text)};
const dice = new Dice(record, options.seed);
const THROTTLED = '454 4.7.0 Throttling failure: Maximum sending rate exceeded.\r\n';
const TROUBLE = '451 4.3.0 Error: queue file write error\r\n';
const NONSENSE = ['So be it.\r\n', '2 good\r\n', '999 ok\r\n', '\r\n'];

// The lines of a socket, one await each; null at its end.
class Lines {
  constructor(socket) {
    this.rest = '';
    this.lines = [];
    this.wake = () => {};
    socket.on('error', () => {});
    socket.on('data', (data) => {
      const lines = (this.rest + data.toString('latin1')).split('\r\n');
      this.rest = lines.pop();
      this.lines.push(...lines);
      this.wake();
    });
    socket.on('close', () => {
      this.lines.push(null);
      this.wake();
    });
  }

  async next() {
    while (this.lines.length === 0) {
      await new Promise((wake) => { this.wake = wake; });
    }
    return this.lines[0] === null ? null : this.lines.shift();
  }

  // A whole reply, however many lines it has.
  async reply() {
    let reply = '';
    for (;;) {
      const line = await this.next();
      if (line === null) {
        throw new Error('the mail server is gone');
      }
      reply += line + '\r\n';
      if (line[3] !== '-') {
        return reply;
      }
    }
  }
}

class Talk {
  constructor(client) {
    this.client = client;
    this.lines = new Lines(client);
    this.server = net.connect(options.to, '127.0.0.1');
    this.replies = new Lines(this.server);
    client.on('close', () => this.server.destroy());
    this.mail = null;
  }

  async ask(line) {
    this.server.write(line + '\r\n', 'latin1');
    return this.replies.reply();
  }

  async go() {
    this.client.write(await this.replies.reply());
    for (let line = await this.lines.next(); line !== null; line = await this.lines.next()) {
      const word = line.split(/[ :]/)[0].toUpperCase();
      const act = {RCPT: this.rcpt, DATA: this.data}[word] ?? this.ask;
      const reply = await act.call(this, line);
      if (reply !== null) {
        this.client.write(reply);
      }
    }
  }

  async rcpt(line) {
    const address = /<([^>]*)>/.exec(line)[1];
    const fate = dice.fateOf(address);
    const early = fate === 'throttled' || (fate === 'error' && dice.fall('early', address) < 0.5);
    this.mail = {address, fate, refused: early};
    if (early) {
      dice.write(fate, [address]);
      if (fate === 'throttled') {
        await dice.throttle();
      }
      return fate === 'throttled' ? THROTTLED : TROUBLE;
    }
    return this.ask(line);
  }

  async data(line) {
    const {address, fate, refused} = this.mail;
    if (refused) {
      return '554 5.5.1 Error: no valid recipients\r\n';
    }
    this.client.write('354 End data with <CR><LF>.<CR><LF>\r\n');
    const text = [];
    do {
      text.push(await this.lines.next());
    } while (text.at(-1) !== '.' && text.at(-1) !== null);
    if (text.at(-1) === null) {
      return null;
    }
    if (fate === 'error') {
      dice.write(fate, [address]);
      await this.ask('RSET');
      return TROUBLE;
    }
    await this.ask(line);
    const reply = await this.ask(text.join('\r\n'));
    dice.write(fate, [address]);
    return this.finish(fate, reply);
  }

  async finish(fate, reply) {
    if (fate === 'reset') {
      this.client.resetAndDestroy();
      return null;
    }
    if (fate === 'slow') {
      await new Promise((done) => setTimeout(done, options.slow_ms));
    }
    return fate === 'malformed' ? dice.one(NONSENSE, 'malformed', this.mail.address) : reply;
  }
}

const server = net.createServer((client) => {
  const talk = new Talk(client);
  talk.go().catch(() => client.destroy()).finally(() => talk.server.end());
});
server.listen(0, '127.0.0.1', 1024, () => console.log(`ready ${server.address().port}`));
process.on('SIGTERM', () => process.exit(0));
