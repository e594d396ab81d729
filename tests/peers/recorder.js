// SPDX-License-Identifier: Apache-2.0
//
//     node recorder.js RECORD [OPTIONS]
//
// Takes any request, appends it to the file RECORD as a line of JSON {protocol, method, path, headers: [[name, value]..],
// body (base64)}, and answers as it is told. OPTIONS, a JSON object:
//   tls      {cert, key}: files in PEM; then it speaks HTTP/2 and HTTP/1.1, as the client likes
//   answers  [{path (a regular expression), status, headers, body}..]: the first whose path fits; else 200 {}
'use strict';
const fs = require('node:fs');
const http = require('node:http');
const http2 = require('node:http2');

const [record, text] = process.argv.slice(2);
const options = JSON.parse(text ?? '{}');
const answers = (options.answers ?? []).map((answer) => ({...answer, path: new RegExp(answer.path ?? '')}));
const file = fs.openSync(record, 'a');

function pairs(raw) {
  const list = [];
  for (let i = 0; i < raw.length; i += 2) {
    list.push([raw[i].toLowerCase(), raw[i + 1]]);
  }
  return list;
}

function answer(request, response) {
  const told = answers.find((a) => a.path.test(request.url)) ?? {};
  response.writeHead(told.status ?? 200, told.headers ?? {'content-type': 'application/json'});
  response.end(typeof told.body === 'object' ? JSON.stringify(told.body) : told.body ?? '{}');
}

function take(request, response) {
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  // Not before the end: a client whose body is cut off by an answer may rightly call that an error.
  request.on('end', () => {
    const line = {protocol: request.httpVersion, method: request.method, path: request.url,
      headers: pairs(request.rawHeaders), body: Buffer.concat(pieces).toString('base64')};
    fs.writeSync(file, JSON.stringify(line) + '\n');
    answer(request, response);
  });
}

const server = options.tls
  ? http2.createSecureServer({cert: fs.readFileSync(options.tls.cert), key: fs.readFileSync(options.tls.key), allowHTTP1: true}, take)
  : http.createServer(take);
server.listen(0, '127.0.0.1', () => console.log(`ready ${server.address().port}`));
process.on('SIGTERM', () => process.exit(0));
