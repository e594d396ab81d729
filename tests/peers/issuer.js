// SPDX-License-Identifier: Apache-2.0
//
//     node issuer.js
//
// An issuer of tokens, by the package jose: it makes its own keys, gives them out, and signs what it is asked to.
//     GET  /keys                 its key set
//     POST /key  {id, alg}       makes a key of that id, or another one in its place
//     DELETE /key {id}           gives it out no more; it still signs with it
//     POST /sign {id, header, claims}   a token; header is merged over {alg, kid, typ}
//     POST /hidden {id, alg}     makes a key that is not given out
//     POST /bad  {status, body}  answer /keys like this from now on; {} for its keys again
'use strict';
const http = require('node:http');
const {SignJWT, exportJWK, generateKeyPair} = require('jose');

const keys = new Map();
let bad = null;
let asked = 0;

async function make(id, alg, isHidden) {
  const pair = await generateKeyPair(alg, {extractable: true, modulusLength: 2048});
  const jwk = {...await exportJWK(pair.publicKey), kid: id, alg, use: 'sig'};
  keys.set(id, {alg, jwk, isHidden, secret: pair.privateKey});
}

async function sign({id, header, claims}) {
  const key = keys.get(id);
  return new SignJWT(claims).setProtectedHeader({alg: key.alg, kid: id, typ: 'JWT', ...header}).sign(key.secret);
}

const actions = {
  'POST /key': async ({id, alg}) => { await make(id, alg, false); return {}; },
  'POST /hidden': async ({id, alg}) => { await make(id, alg, true); return {}; },
  'DELETE /key': async ({id}) => { keys.get(id).isHidden = true; return {}; },
  'POST /sign': async (wish) => ({token: await sign(wish)}),
  'POST /bad': async (answer) => { bad = answer.status === undefined ? null : answer; return {}; },
  'GET /asked': async () => ({asked}),
};

async function answer(request, body) {
  if (request.url === '/keys') {
    asked++;
    if (bad !== null) {
      return [bad.status, bad.body];
    }
    const given = [...keys.values()].filter((key) => !key.isHidden).map((key) => key.jwk);
    return [200, JSON.stringify({keys: given})];
  }
  const action = actions[`${request.method} ${request.url}`];
  return action === undefined ? [404, '{}'] : [200, JSON.stringify(await action(body === '' ? {} : JSON.parse(body)))];
}

async function main() {
  await make('rsa-1', 'RS256', false);
  await make('ec-1', 'ES256', false);
  const server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (piece) => { body += piece; });
    request.on('end', () => answer(request, body).then(([status, text]) => {
      response.writeHead(status, {'Content-Type': 'application/json'}).end(text);
    }, (error) => response.writeHead(500).end(String(error.stack))));
  });
  server.listen(0, '127.0.0.1', () => console.log(`ready ${server.address().port}`));
}

main();
process.on('SIGTERM', () => process.exit(0));
