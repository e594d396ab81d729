// SPDX-License-Identifier: Apache-2.0
//
//     node webhook_verify.js KEYS < REQUESTS
//
// Shows webhooks to the verifiers of `standardwebhooks` and `svix`. KEYS is a JSON list of keys, REQUESTS lines of JSON
// {headers, body (base64)}. Prints for each request a line of JSON {key: {standardwebhooks, svix}}: the document that the
// verifier returned, or why it refused.
'use strict';
const fs = require('node:fs');
const {Webhook: Standard} = require('standardwebhooks');
const {Webhook: Svix} = require('svix');

function verdict(verifier, body, headers) {
  try {
    return verifier.verify(body, headers);
  } catch (error) {
    return error.message;
  }
}

const keys = JSON.parse(process.argv[2]);
for (const line of fs.readFileSync(0, 'utf-8').split('\n').filter((text) => text !== '')) {
  const {headers, body} = JSON.parse(line);
  const text = Buffer.from(body, 'base64').toString('utf-8');
  const said = keys.map((key) => [key, {standardwebhooks: verdict(new Standard(key), text, headers),
    svix: verdict(new Svix(key), text, headers)}]);
  console.log(JSON.stringify(Object.fromEntries(said)));
}
