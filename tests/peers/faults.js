// SPDX-License-Identifier: Apache-2.0
//
//     node faults.js RECORD OPTIONS
//
// A provider on a bad day (fault_dice.js). It answers in the form of one provider (fault_forms.js); a malformed answer is one
// of three: no HTTP at all, an answer that breaks off, or nonsense in a good frame.
//
// OPTIONS, a JSON object: form, seed, slow_ms, tls {cert, key} (HTTP/2 and HTTP/1.1, as the client likes), and whatever the
// form reads.
'use strict';
const fs = require('node:fs');
const http = require('node:http');
const http2 = require('node:http2');
const {Dice, isTaken} = require('./fault_dice.js');
const forms = require('./fault_forms.js');

const [record, text] = process.argv.slice(2);
const options = {seed: 1, slow_ms: 8000, ...JSON.parse(text)};
const form = forms[options.form](options);
const dice = new Dice(record, options.seed);

function send(response, told) {
  const {status, headers, body} = typeof told === 'function' ? told() : told;
  const bytes = Buffer.from(body === undefined || typeof body === 'string' ? body ?? '' : JSON.stringify(body));
  // Without the length libcurl 7.88 ends each stream by a reset, and Node ends a connection on which there are too many.
  response.writeHead(status, {...(headers ?? {'content-type': 'application/json'}), 'content-length': bytes.length});
  response.end(bytes);
}

function reset(request, response) {
  if (request.httpVersionMajor === 2) {
    response.stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
  } else if (request.socket.encrypted) {
    request.socket.destroy(); // Node resets bare TCP only
  } else {
    request.socket.resetAndDestroy();
  }
}

function breaksOff(request, response, answer) {
  response.writeHead(answer.status, {...answer.headers, 'content-length': '4096'});
  response.write('{"id":"');
  setTimeout(() => reset(request, response), 20);
}

function noHttp(request, response, answer) {
  if (request.httpVersionMajor === 2) {
    breaksOff(request, response, answer); // one bad frame would end everybody's stream
  } else {
    request.socket.end('+OK what can I do for you?\r\n');
  }
}

const acts = {
  throttled: (request, response) => dice.throttle().then(() => send(response, form.throttled)),
  error: (request, response) => send(response, form.error),
  good: (request, response, answer) => send(response, answer),
  reset,
  slow: (request, response, answer) => {
    const timer = setTimeout(() => send(response, answer), options.slow_ms);
    response.on('close', () => clearTimeout(timer));
  },
  malformed: (request, response, answer, address) => {
    const nonsense = () => send(response, form.nonsense);
    const ways = form.nonsense ? [noHttp, breaksOff, nonsense] : [noHttp, breaksOff];
    dice.one(ways, 'malformed', address)(request, response, answer);
  },
};

async function decide(request, response, asked, addresses) {
  const fate = dice.fateOf(addresses[0]);
  const entries = form.entries && isTaken(fate) ? dice.entriesOf(addresses, form.entries) : undefined;
  const began = Date.now();
  const answer = isTaken(fate) ? await form.good(asked, addresses, entries) : undefined;
  // What stands behind may have been slow on its own: whoever waits may have given up.
  const isLate = Date.now() - began > options.slow_ms / 8;
  dice.write(fate === 'good' && isLate ? 'slow' : fate, addresses, entries);
  acts[fate](request, response, answer, addresses[0]);
}

function take(request, response) {
  const pieces = [];
  request.on('error', () => {});
  response.on('error', () => {});
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', () => {
    const length = Buffer.concat(pieces).length;
    if (length !== Number(request.headers['content-length'] ?? length)) {
      return; // the client has given it up: nobody has got it
    }
    const asked = {method: request.method, path: request.url, headers: request.headers, body: Buffer.concat(pieces).toString()};
    const addresses = form.addresses(asked);
    // What concerns nobody, such as fetching a token, goes well: it is not what is tried here.
    if (addresses.length === 0) {
      send(response, form.good(asked, addresses));
    } else {
      decide(request, response, asked, addresses);
    }
  });
}

const server = options.tls
  ? http2.createSecureServer({cert: fs.readFileSync(options.tls.cert), key: fs.readFileSync(options.tls.key), allowHTTP1: true}, take)
  : http.createServer({keepAliveTimeout: 60000}, take);
server.on('sessionError', () => {});
server.listen(0, '127.0.0.1', 1024, () => console.log(`ready ${server.address().port}`));
process.on('SIGTERM', () => process.exit(0));
