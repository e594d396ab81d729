// SPDX-License-Identifier: Apache-2.0
//
//     node twilio_callback.js {"token", "url", "at", "params", "forge"}
//
// Plays a callback of Twilio's: POSTs the form `params`, signed by Twilio's own package with the account's token for `url`, the
// public one, to the same path at `at`, where our server really listens. Prints {status, body}.
'use strict';
const {getExpectedTwilioSignature} = require('twilio/lib/webhooks/webhooks');

const {token, url, at, params, forge} = JSON.parse(process.argv[2]);
const asked = new URL(url);
const signature = getExpectedTwilioSignature(forge ? `${token}x` : token, url, params);
fetch(new URL(asked.pathname + asked.search, at), {method: 'POST', redirect: 'manual', body: new URLSearchParams(params),
  headers: {'X-Twilio-Signature': signature}}).then(async (answer) => {
  console.log(JSON.stringify({status: answer.status, body: await answer.text()}));
});
