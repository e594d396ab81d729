// SPDX-License-Identifier: Apache-2.0
//
//     node push_services.js RECORD OPTIONS
//
// The push services in one HTTP/2 server, as far as a sender can tell: Apple's (/3/device/TOKEN, verifies the team's ES256
// token, lets a connection have one stream until it saw a valid one), Firebase's (/v1/projects/P/messages:send and /token,
// which verifies the RS256 assertion of a service account and gives an access token), and one for browsers (/push/..., which
// verifies VAPID and decrypts with http_ece). What it verifies with is given as PEM; the rest is Node's own crypto.
//
// How it answers is in the address: a device token's first three digits are the status (200, 400, 410, ...) or a fault:
// aaa refuses the stream the first time, bbb says GOAWAY and answers, ccc resets the stream (INTERNAL_ERROR), ddd ends the
// connection. A token of Firebase's is an error code in front of a dash (UNREGISTERED-1), or refuse-, goaway-, reset-.
// /push/STATUS/... answers so. Every request is a line of JSON in RECORD.
//
// OPTIONS: tls {cert, key}; apns_key, fcm_key (public keys, PEM); token_life (seconds); token_faults (so many answers of the
// token endpoint fail first); subscription {private, auth} (base64url).
'use strict';
const crypto = require('node:crypto');
const fs = require('node:fs');
const http2 = require('node:http2');

const [record, text] = process.argv.slice(2);
const options = {token_life: 3600, token_faults: 0, ...JSON.parse(text)};
const file = fs.openSync(record, 'a');
const {NGHTTP2_REFUSED_STREAM, NGHTTP2_INTERNAL_ERROR} = http2.constants;
const seen = new Map(); // address -> how often
const given = new Set(); // access tokens
let tokenAnswers = 0;

const decode = (part) => JSON.parse(Buffer.from(part, 'base64url').toString());

function verify(token, algorithm, key) {
  const [header, claims, signature] = token.split('.');
  const options = algorithm === 'ES256' ? {key, dsaEncoding: 'ieee-p1363'} : {key};
  const isGood = decode(header).alg === algorithm &&
    crypto.verify('sha256', Buffer.from(`${header}.${claims}`), options, Buffer.from(signature, 'base64url'));
  return isGood ? {header: decode(header), claims: decode(claims)} : null;
}

function send(stream, status, body, headers) {
  stream.respond({':status': status, ...headers});
  stream.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body));
}

// ---- Apple ----

const apnsReasons = {400: 'BadDeviceToken', 410: 'Unregistered', 413: 'PayloadTooLarge', 429: 'TooManyRequests',
  500: 'InternalServerError', 503: 'ServiceUnavailable'};

function apnsTokenFlaw(headers) {
  const [scheme, token] = (headers.authorization ?? '').split(' ');
  if (scheme !== 'bearer' || !token) {
    return 'MissingProviderToken';
  }
  const read = verify(token, 'ES256', options.apns_key);
  if (read === null || read.header.kid !== options.apns_key_id || read.claims.iss !== options.apns_team_id) {
    return 'InvalidProviderToken';
  }
  const age = Date.now() / 1000 - read.claims.iat;
  return age > 3600 || age < -60 ? 'ExpiredProviderToken' : null;
}

function apns(stream, headers, body, note) {
  const session = stream.session;
  const device = headers[':path'].split('/').pop();
  const flaw = apnsTokenFlaw(headers);
  if (flaw !== null) {
    return send(stream, 403, {reason: flaw});
  }
  if (!session.isTrusted) {
    session.isTrusted = true;
    session.settings({maxConcurrentStreams: 200});
  }
  if (body.length > 4096) {
    return send(stream, 413, {reason: 'PayloadTooLarge'});
  }
  if (fault(stream, {aaa: 'refuse', bbb: 'goaway', ccc: 'reset', ddd: 'end'}[device.slice(0, 3)], device, note)) {
    return undefined;
  }
  const status = Number(device.slice(0, 3)) || 200;
  const reason = device.startsWith('4001') ? 'DeviceTokenNotForTopic' : apnsReasons[status];
  const more = status === 503 ? {'retry-after': '7'} : {};
  return send(stream, status, status === 200 ? undefined : {reason, timestamp: Date.now()}, {'apns-id': headers['apns-id'], ...more});
}

// ---- Firebase ----

const fcmStatus = {UNREGISTERED: 404, INVALID_ARGUMENT: 400, TOO_BIG: 400, BAD_REQUEST: 400, SENDER_ID_MISMATCH: 403, QUOTA_EXCEEDED: 429,
  UNAVAILABLE: 503, INTERNAL: 500, THIRD_PARTY_AUTH_ERROR: 401};
const FCM_ERROR = 'type.googleapis.com/google.firebase.fcm.v1.FcmError';
const FCM_WORDS = {INVALID_ARGUMENT: 'The registration token is not a valid FCM registration token', TOO_BIG: 'Android message is too big'};
const BAD_REQUEST = 'type.googleapis.com/google.rpc.BadRequest';

function fcm(stream, headers, body, note) {
  const access = /^Bearer (.*)$/.exec(headers.authorization ?? '')?.[1];
  if (access !== options.fcm_bearer && !given.has(access)) {
    return send(stream, 401, {error: {code: 401, message: 'no valid token', status: 'UNAUTHENTICATED'}});
  }
  const {message} = JSON.parse(body.toString());
  const code = message.token.split('-')[0];
  if (fault(stream, {refuse: 'refuse', goaway: 'goaway', reset: 'reset', end: 'end'}[code], message.token, note)) {
    return undefined;
  }
  if (fcmStatus[code] !== undefined) {
    const errorCode = code === 'BAD_REQUEST' || code === 'TOO_BIG' ? 'INVALID_ARGUMENT' : code;
    const details = [{'@type': FCM_ERROR, errorCode}];
    if (code === 'BAD_REQUEST') {
      details.push({'@type': BAD_REQUEST, fieldViolations: [{field: 'message.data[0].value', description: 'no'}]});
    }
    const more = code === 'UNAVAILABLE' ? {'retry-after': '3'} : {};
    return send(stream, fcmStatus[code], {error: {code: fcmStatus[code], message: FCM_WORDS[code] ?? code, status: errorCode, details}}, more);
  }
  return send(stream, 200, {name: `projects/p/messages/${crypto.randomUUID()}`}, {'content-type': 'application/json'});
}

function token(stream, headers, body) {
  const form = new URLSearchParams(body.toString());
  const read = verify(form.get('assertion') ?? '..', 'RS256', options.fcm_key);
  const now = Date.now() / 1000;
  const isGood = form.get('grant_type') === 'urn:ietf:params:oauth:grant-type:jwt-bearer' && read !== null &&
    read.claims.iss === options.fcm_email && read.claims.aud === `https://${headers[':authority']}/token` &&
    read.claims.scope === 'https://www.googleapis.com/auth/firebase.messaging' &&
    read.claims.exp <= now + 3601 && read.claims.iat <= now + 60;
  if (tokenAnswers++ < options.token_faults) {
    return send(stream, 503, 'later');
  }
  if (!isGood) {
    return send(stream, 400, {error: 'invalid_grant', error_description: 'Invalid JWT Signature.'});
  }
  const access = `ya29.${crypto.randomBytes(24).toString('base64url')}`;
  given.add(access);
  return send(stream, 200, {access_token: access, expires_in: options.token_life, token_type: 'Bearer'});
}

// ---- Browsers ----

function browser(stream, headers, body, note) {
  const status = Number(headers[':path'].split('/')[2]);
  const [, jwt, key] = /^vapid t=([^,]+), k=(.+)$/.exec(headers.authorization ?? '') ?? [];
  const point = Buffer.from(key ?? '', 'base64url');
  if (point.length !== 65) {
    return send(stream, 401, 'no VAPID');
  }
  const jwk = {kty: 'EC', crv: 'P-256', x: point.subarray(1, 33).toString('base64url'), y: point.subarray(33).toString('base64url')};
  const read = verify(jwt, 'ES256', crypto.createPublicKey({key: jwk, format: 'jwk'}));
  const now = Date.now() / 1000;
  if (read === null || read.claims.aud !== `https://${headers[':authority']}` || read.claims.exp > now + 86400 ||
      read.claims.exp < now || headers['content-encoding'] !== 'aes128gcm' || !/^\d+$/.test(headers.ttl ?? '')) {
    return send(stream, 403, 'bad VAPID or headers');
  }
  const ecdh = crypto.createECDH('prime256v1');
  ecdh.setPrivateKey(Buffer.from(options.subscription.private, 'base64url'));
  const plain = require('http_ece').decrypt(body, {version: 'aes128gcm', privateKey: ecdh, authSecret: options.subscription.auth});
  note({plain: plain.toString(), vapid: {...read, key}});
  return send(stream, status, undefined, status === 201 ? {location: `https://${headers[':authority']}/m/1`} : {'retry-after': '9'});
}

// ---- Faults ----

function fault(stream, kind, address, note) {
  const times = (seen.get(address) ?? 0) + 1;
  seen.set(address, times);
  if (kind === undefined || (times > 1 && kind !== 'reset' && kind !== 'end')) {
    return false;
  }
  note({fault: kind});
  if (kind === 'refuse') {
    stream.close(NGHTTP2_REFUSED_STREAM);
  } else if (kind === 'reset') {
    stream.close(NGHTTP2_INTERNAL_ERROR);
  } else if (kind === 'end') {
    stream.session.socket.destroy();
  } else {
    // No more after the last that came; what is on its way is for another connection (take passes over it).
    stream.session.isLeaving = true;
    stream.session.goaway(0, stream.session.lastId);
    return false;
  }
  return true;
}

// ---- Requests ----

function take(stream, headers) {
  const path = headers[':path'];
  const session = stream.session;
  if (session.isLeaving) {
    return;
  }
  session.lastId = stream.id;
  const isApns = path.startsWith('/3/device/');
  session.open = (session.open ?? 0) + 1;
  const wasEarly = isApns && !session.isTrusted && session.open > 1;
  stream.on('close', () => { session.open--; });
  stream.on('error', () => {});
  const pieces = [];
  stream.on('data', (piece) => pieces.push(piece));
  stream.on('end', () => {
    if (stream.destroyed || stream.rstCode !== 0 || headers['content-length'] !== String(Buffer.concat(pieces).length)) {
      return; // the client has given it up
    }
    const body = Buffer.concat(pieces);
    const line = {path, headers: {...headers}, body: body.toString(path.startsWith('/push/') ? 'base64' : 'utf8'), early: wasEarly,
      session: session.number};
    const note = (more) => Object.assign(line, more);
    const act = isApns ? apns : path.startsWith('/v1/') ? fcm : path === '/token' ? token : path.startsWith('/push/') ? browser : null;
    if (act === null) {
      send(stream, 404, 'nothing is here');
    } else {
      act(stream, headers, body, note);
    }
    fs.writeSync(file, JSON.stringify(line) + '\n');
  });
}

const server = http2.createSecureServer({cert: fs.readFileSync(options.tls.cert), key: fs.readFileSync(options.tls.key),
  allowHTTP1: true, settings: {maxConcurrentStreams: options.max_streams ?? 200}});
let sessions = 0;
server.on('session', (session) => { session.number = ++sessions; });
server.on('stream', take);
server.on('sessionError', () => {});
// The token endpoint is called over HTTP/1.1.
server.on('request', (request, response) => {
  if (request.httpVersionMajor === 2) {
    return;
  }
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', () => {
    const stream = {respond: ({':status': status, ...headers}) => response.writeHead(status, headers), end: (body) => response.end(body)};
    const headers = {...request.headers, ':authority': request.headers.host, ':path': request.url};
    token(stream, headers, Buffer.concat(pieces));
    fs.writeSync(file, JSON.stringify({path: request.url, headers, body: Buffer.concat(pieces).toString()}) + '\n');
  });
});
server.listen(0, '127.0.0.1', 1024, () => console.log(`ready ${server.address().port}`));
process.on('SIGTERM', () => process.exit(0));
