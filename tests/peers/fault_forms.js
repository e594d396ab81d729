// SPDX-License-Identifier: Apache-2.0
//
// How each provider's requests and answers look, for faults.js. A form is a function of the options that gives
//   addresses(asked)   whom a request {method, path, headers, body} is for; [] for one that is for nobody
//   good(asked, addresses, entries)   the answer {status, headers, body} of a provider that has taken it, or a promise of it
//   throttled, error   answers of one that has not, or functions that make one
//   nonsense           an answer in a good frame that says nothing; false: there can be none, as the status says it all
//   entries            if one answer speaks of several recipients one by one: what may become of those not taken
'use strict';

const LATER = {'content-type': 'application/json', 'retry-after': '1'};
const HTML = {status: 200, headers: {'content-type': 'text/html'}, body: '<html><h1>It works!</h1>'};
const form = (asked) => new URLSearchParams(asked.body);
const json = (asked) => JSON.parse(asked.body);
let last = 0;
const next = (prefix) => prefix + String(++last).padStart(32, '0');

function http() {
  return {
    addresses: (asked) => [json(asked).to],
    good: () => ({status: 202, body: {id: next('m')}}),
    throttled: {status: 429, headers: LATER, body: {error: 'slow down'}},
    error: {status: 500, body: {error: 'trouble'}},
    nonsense: HTML,
  };
}

// A real Kannel stands behind (`kannel`: its address) and gets what is taken. Its queue being full is the nearest to throttling.
function kannel(options) {
  const text = {'content-type': 'text/html'};
  return {
    addresses: (asked) => asked.headers['x-kannel-to'].split(' '),
    good: async (asked) => {
      const headers = Object.fromEntries(Object.entries(asked.headers).filter(([name]) => /^(x-kannel-|content-type$)/.test(name)));
      const answer = await fetch(options.kannel + asked.path, {method: 'POST', body: asked.body, headers});
      return {status: answer.status, headers: text, body: await answer.text()};
    },
    throttled: {status: 503, headers: text, body: 'Temporal failure, try again later.'},
    error: {status: 500, headers: text, body: 'Internal Server Error'},
    nonsense: HTML,
  };
}

const twilioError = (status, code, message) => ({status, body: {code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status}});

function twilioLike(prefix) {
  return {
    addresses: (asked) => [form(asked).get('To')],
    good: () => ({status: 201, body: {sid: next(prefix), status: 'queued', error_code: null}}),
    throttled: twilioError(429, 20429, 'Too Many Requests'),
    error: twilioError(503, 20503, 'Service Unavailable'),
    nonsense: HTML,
  };
}

function sendgrid() {
  const errors = (status, message, headers) => ({status, headers: {'content-type': 'application/json', ...headers},
    body: {errors: [{message, field: null, help: null}]}});
  return {
    addresses: (asked) => json(asked).personalizations.map((one) => one.to[0].email),
    good: () => ({status: 202, headers: {'x-message-id': next('sg')}, body: ''}),
    throttled: () => errors(429, 'too many requests', {'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': String(Math.ceil(Date.now() / 1000) + 1)}),
    error: errors(500, 'Internal Server Error'),
    nonsense: HTML,
  };
}

function ses() {
  const failure = (status, type, message) => ({status, headers: {'content-type': 'application/json', 'x-amzn-errortype': type}, body: {message}});
  const entry = {
    good: () => ({Status: 'SUCCESS', MessageId: next('ses')}),
    error: () => ({Status: 'TRANSIENT_FAILURE', Error: 'try again'}),
  };
  return {
    addresses: (asked) => {
      const mail = json(asked);
      return (mail.BulkEmailEntries ?? [mail]).map((one) => one.Destination.ToAddresses[0]);
    },
    good: (asked, addresses, entries) => ({status: 200, body: asked.path.endsWith('/outbound-bulk-emails')
      ? {BulkEmailEntryResults: entries.map((fate) => entry[fate]())} : {MessageId: next('ses')}}),
    throttled: failure(429, 'TooManyRequestsException', 'Maximum sending rate exceeded.'),
    error: failure(500, 'InternalServiceErrorException', 'Internal failure'),
    nonsense: HTML,
    entries: ['error'],
  };
}

function fcm() {
  const failure = (code, status, errorCode, headers) => ({status: code, headers, body: {error: {code, message: status, status,
    details: [{'@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError', errorCode}]}}});
  const token = {status: 200, body: {access_token: 'ya29.of-the-peer', expires_in: 3599, token_type: 'Bearer'}};
  return {
    addresses: (asked) => asked.path.endsWith('/messages:send') ? [json(asked).message.token] : [],
    good: (asked, addresses) => addresses.length === 0 ? token : {status: 200, body: {name: `projects/p/messages/${next('')}`}},
    throttled: failure(429, 'RESOURCE_EXHAUSTED', 'QUOTA_EXCEEDED', LATER),
    error: failure(503, 'UNAVAILABLE', 'UNAVAILABLE'),
    nonsense: HTML,
  };
}

function apns() {
  const failure = (status, reason) => ({status, headers: {}, body: JSON.stringify({reason})});
  return {
    addresses: (asked) => [asked.path.split('/').pop()],
    good: (asked) => ({status: 200, headers: {'apns-id': asked.headers['apns-id']}, body: ''}),
    throttled: failure(429, 'TooManyProviderTokenUpdates'),
    error: failure(500, 'InternalServerError'),
    nonsense: false,
  };
}

function webpush() {
  return {
    addresses: (asked) => [asked.path],
    good: (asked) => ({status: 201, headers: {location: `https://push.test/m/${next('')}`}, body: ''}),
    throttled: {status: 429, headers: {'retry-after': '1'}, body: ''},
    error: {status: 503, headers: {}, body: ''},
    nonsense: false,
  };
}

function whatsapp() {
  const failure = (status, code, message) => ({status, body: {error: {message: `(#${code}) ${message}`, type: 'OAuthException', code, fbtrace_id: 'A1'}}});
  return {
    addresses: (asked) => [json(asked).to],
    good: (asked, [to]) => ({status: 200, body: {messaging_product: 'whatsapp', contacts: [{input: to, wa_id: to}], messages: [{id: next('wamid.')}]}}),
    throttled: failure(429, 130429, 'Rate limit hit'),
    error: failure(500, 131000, 'Something went wrong'),
    nonsense: HTML,
  };
}

function slack() {
  return {
    addresses: (asked) => [asked.headers['content-type'].startsWith('application/json') ? json(asked).channel : form(asked).get('channel')],
    good: (asked, [channel]) => ({status: 200, body: {ok: true, channel, ts: `1700000000.${String(++last).padStart(6, '0')}`}}),
    throttled: {status: 429, headers: LATER, body: {ok: false, error: 'ratelimited'}},
    error: {status: 200, body: {ok: false, error: 'internal_error'}},
    nonsense: HTML,
  };
}

// Whom it is for, the path says: /NUMBER.
function byPath(throttled) {
  return {
    addresses: (asked) => [asked.path],
    good: () => ({status: 202, headers: {}, body: ''}),
    throttled,
    error: {status: 500, headers: {}, body: ''},
    nonsense: false,
  };
}

module.exports = {
  http, kannel, sendgrid, ses, fcm, apns, webpush, whatsapp, slack,
  twilio: () => twilioLike('SM'),
  twilio_voice: () => twilioLike('CA'),
  teams: () => byPath({status: 429, headers: {'retry-after': '1'}, body: ''}),
  webhook: () => byPath({status: 429, headers: {'retry-after': '1'}, body: ''}),
};
