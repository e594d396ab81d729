// SPDX-License-Identifier: Apache-2.0
//
//     node twilio_api.js RECORD
//
// Twilio's API as its own OpenAPI document has it, played by Prism: 201 with the document's example, 401 without credentials,
// 422 and the reason for what the document does not allow. Each request and its answer are appended to the file RECORD:
// {method, path, headers: [[name, value]..], body (base64), protocol, status, answer}.
'use strict';
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const {createLogger} = require('@stoplight/prism-core');
const {getHttpOperationsFromSpec} = require('@stoplight/prism-http');
const {createServer} = require('@stoplight/prism-http-server');

const file = fs.openSync(process.argv[2], 'a');
const document = path.join(path.dirname(require.resolve('@twilio/cli-core/package.json')), 'src/services/twilio-api/twilio_api_v2010.json');

async function prism() {
  const config = {isProxy: false, validateRequest: true, validateResponse: true, checkSecurity: true, errors: false,
    upstreamProxy: undefined, mock: {dynamic: false}};
  const server = createServer(await getHttpOperationsFromSpec(document), {cors: false, config, components: {logger: createLogger('prism', {level: 'error'})}});
  return server.listen(0, '127.0.0.1');
}

function pairs(raw) {
  return raw.flatMap((name, i) => i % 2 === 0 ? [[name.toLowerCase(), raw[i + 1]]] : []);
}

async function take(upstream, request, response) {
  const pieces = [];
  for await (const piece of request) {
    pieces.push(piece);
  }
  const body = Buffer.concat(pieces);
  const kept = ['content-type', 'authorization', 'accept'].filter((name) => name in request.headers);
  const headers = Object.fromEntries(kept.map((name) => [name, request.headers[name]]));
  const answer = await fetch(upstream + request.url, {method: request.method, headers, body: body.length > 0 ? body : undefined});
  const text = await answer.text();
  fs.writeSync(file, JSON.stringify({method: request.method, path: request.url, headers: pairs(request.rawHeaders), protocol: request.httpVersion,
    body: body.toString('base64'), status: answer.status, answer: text}) + '\n');
  response.writeHead(answer.status, {'content-type': answer.headers.get('content-type') ?? 'text/plain'});
  response.end(text);
}

prism().then((upstream) => {
  const server = http.createServer((request, response) => take(upstream, request, response).catch((error) => {
    console.error(error);
    response.destroy();
  }));
  server.listen(0, '127.0.0.1', () => console.log(`ready ${server.address().port}`));
});
process.on('SIGTERM', () => process.exit(0));
