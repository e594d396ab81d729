// SPDX-License-Identifier: Apache-2.0
//
//     node ses_signature.js CREDENTIALS
//
// Computes the signature of each request anew, with the signer of Amazon's own client, over the headers that the request says
// were signed; answers 200 as if one mail had been taken if it is the same, else 403 as Amazon does. CREDENTIALS: {region, access_key,
// secret_key, session}.
'use strict';
const http = require('node:http');
const {SignatureV4} = require('@smithy/signature-v4');
const {Sha256} = require('@aws-crypto/sha256-js');

const given = JSON.parse(process.argv[2]);
const signer = new SignatureV4({service: 'ses', region: given.region, sha256: Sha256, applyChecksum: false,
  credentials: {accessKeyId: given.access_key, secretAccessKey: given.secret_key, sessionToken: given.session}});

function dateOf(text) {
  return new Date(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
}

async function isGenuine(request, body) {
  const said = request.headers.authorization ?? '';
  const names = (/SignedHeaders=([^,]+)/.exec(said)?.[1] ?? '').split(';');
  const headers = Object.fromEntries(names.map((name) => [name, request.headers[name] ?? '']));
  const unsigned = {method: request.method, protocol: 'http:', path: request.url, hostname: '127.0.0.1', query: {}, headers, body};
  const signed = await signer.sign(unsigned, {signingDate: dateOf(request.headers['x-amz-date'] ?? '')});
  return names.includes('host') && (!given.session || names.includes('x-amz-security-token')) &&
    signed.headers.authorization.replaceAll(' ', '') === said.replaceAll(' ', '');
}

function taken(path) {
  return /bulk/.test(path) ? {BulkEmailEntryResults: [{Status: 'SUCCESS', MessageId: 'm-1'}]} : {MessageId: 'm-1'};
}

const server = http.createServer((request, response) => {
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', async () => {
    const genuine = await isGenuine(request, Buffer.concat(pieces)).catch(() => false);
    response.writeHead(genuine ? 200 : 403, genuine ? {} : {'x-amzn-ErrorType': 'SignatureDoesNotMatchException'});
    response.end(JSON.stringify(genuine ? taken(request.url) : {message: 'The request signature we calculated does not match'}));
  });
});
server.listen(0, '127.0.0.1', () => console.log(`ready ${server.address().port}`));
process.on('SIGTERM', () => process.exit(0));
