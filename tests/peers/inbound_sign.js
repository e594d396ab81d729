// SPDX-License-Identifier: Apache-2.0
//
//     node inbound_sign.js {"kind", ...}
//
// Signs what a provider would send to us, and has the provider's own package check the same, where there is one. Prints JSON:
//   twilio    {token, url, params}              {signature, valid}    by the package twilio
//   sendgrid  {key, publicKey, timestamp, body} {signature, valid}    checked by @sendgrid/eventwebhook; key in PEM
//   sns       {key, host, message}              {message, valid}      checked by sns-validator, which fetches the certificate
//   whatsapp  {secret, body}                    {signature}
//   slack     {secret, timestamp, body}         {signature}
'use strict';
const crypto = require('node:crypto');

const asked = JSON.parse(process.argv[2]);

function twilio({token, url, params}) {
  const {getExpectedTwilioSignature, validateRequest} = require('twilio/lib/webhooks/webhooks');
  const signature = getExpectedTwilioSignature(token, url, params);
  return {signature, valid: validateRequest(token, signature, url, params)};
}

function sendgrid({key, publicKey, timestamp, body}) {
  const {EventWebhook} = require('@sendgrid/eventwebhook');
  const signature = crypto.createSign('sha256').update(timestamp + body).sign(key, 'base64');
  const webhook = new EventWebhook();
  return {signature, valid: webhook.verifySignature(webhook.convertPublicKeyToECDSA(publicKey), body, signature, timestamp)};
}

async function sns({key, host, message}) {
  const Validator = require('sns-validator');
  const names = message.Type === 'Notification'
    ? ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type']
    : ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'];
  const text = names.filter((name) => name in message).map((name) => `${name}\n${message[name]}\n`).join('');
  const hash = message.SignatureVersion === '1' ? 'RSA-SHA1' : 'RSA-SHA256';
  const signed = {...message, Signature: crypto.createSign(hash).update(text).sign(key, 'base64')};
  const validator = new Validator(new RegExp(`^${host}$`));
  const valid = await new Promise((done) => validator.validate(signed, (error) => done(error === null)));
  return {message: signed, valid};
}

const mac = (secret, text) => crypto.createHmac('sha256', secret).update(text).digest('hex');
const kinds = {
  twilio,
  sendgrid,
  sns,
  whatsapp: ({secret, body}) => ({signature: `sha256=${mac(secret, body)}`}),
  slack: ({secret, timestamp, body}) => ({signature: `v0=${mac(secret, `v0:${timestamp}:${body}`)}`}),
};
Promise.resolve(kinds[asked.kind](asked)).then((answer) => console.log(JSON.stringify(answer)));
