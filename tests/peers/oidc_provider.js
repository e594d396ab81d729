// SPDX-License-Identifier: Apache-2.0
//
//     node oidc_provider.js
//
// oidc-provider, a certified OpenID provider: programs get access tokens by their secret (client credentials), signed for the
// audience `tocsin` with the algorithm that the resource is named after (urn:tocsin:RS256, urn:tocsin:ES256).
'use strict';
const http = require('node:http');
const {pathToFileURL} = require('node:url');
const {exportJWK, generateKeyPair} = require('jose');

const ALGORITHMS = ['RS256', 'ES256'];

async function keyOf(alg) {
  const {privateKey} = await generateKeyPair(alg, {extractable: true, modulusLength: 2048});
  return {...await exportJWK(privateKey), kid: `key-${alg}`, alg, use: 'sig'};
}

async function main() {
  const {default: Provider} = await import(pathToFileURL(require.resolve('oidc-provider')));
  const server = http.createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const {port} = server.address();
  const provider = new Provider(`http://127.0.0.1:${port}`, {
    clients: [{client_id: 'console', client_secret: 'a-secret-of-the-console', grant_types: ['client_credentials'],
      redirect_uris: [], response_types: []}],
    jwks: {keys: await Promise.all(ALGORITHMS.map(keyOf))},
    scopes: ['duty', 'watchers', 'strangers'],
    features: {
      devInteractions: {enabled: false},
      clientCredentials: {enabled: true},
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (ctx, resource) => ({scope: 'duty watchers strangers', audience: 'tocsin', accessTokenTTL: 300,
          accessTokenFormat: 'jwt', jwt: {sign: {alg: resource.split(':').pop()}}}),
      },
    },
  });
  server.on('request', provider.callback());
  console.log(`ready ${port}`);
}

main();
process.on('SIGTERM', () => process.exit(0));
