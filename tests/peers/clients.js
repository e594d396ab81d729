// SPDX-License-Identifier: Apache-2.0
//
//     node clients.js CLIENT MESSAGE
//
// Sends one message by the provider's own client to the server at MESSAGE.url, and prints what the client returned. MESSAGE is
// a JSON object; what else it holds is said beside each client.
'use strict';
const fs = require('node:fs');

const clients = {
  // account, token, to, from, text, callback, validity
  async twilio(m) {
    const created = await twilioOf(m).messages.create({to: m.to, from: m.from, body: m.text, statusCallback: m.callback,
      validityPeriod: m.validity});
    return {id: created.sid};
  },

  // account, token, to, from, twiml, callback, events, timeout
  async twilio_voice(m) {
    const created = await twilioOf(m).calls.create({to: m.to, from: m.from, twiml: m.twiml, statusCallback: m.callback,
      statusCallbackEvent: m.events, timeout: m.timeout, machineDetection: m.machine});
    return {id: created.sid};
  },

  // key, mail: the client's own form of a mail, with personalizations
  async sendgrid(m) {
    const mail = require('@sendgrid/mail');
    const {Client} = require('@sendgrid/client');
    const client = new Client();
    client.setApiKey(m.key);
    client.setDefaultRequest('baseUrl', m.url);
    mail.setClient(client);
    // Else it wraps every substitution in {{ }} once more.
    mail.setSubstitutionWrappers('', '');
    const [response] = await mail.send(m.mail);
    return {status: response.statusCode};
  },

  // region, access_key, secret_key, session, mail: the input of SendEmail
  async ses(m) {
    const {SendEmailCommand} = require('@aws-sdk/client-sesv2');
    return sesOf(m).send(new SendEmailCommand(m.mail));
  },

  // as ses, with the input of SendBulkEmail
  async ses_bulk(m) {
    const {SendBulkEmailCommand} = require('@aws-sdk/client-sesv2');
    return sesOf(m).send(new SendBulkEmailCommand(m.mail));
  },

  // project, access_token, message
  async fcm(m) {
    const {fcm, auth} = require('@googleapis/fcm');
    const oauth = new auth.OAuth2();
    oauth.setCredentials({access_token: m.access_token});
    const client = fcm({version: 'v1', auth: oauth, rootUrl: m.url.endsWith('/') ? m.url : `${m.url}/`});
    const sent = await client.projects.messages.send({parent: `projects/${m.project}`, requestBody: {message: m.message}});
    return sent.data;
  },

  // key_file, key_id, team_id, device, and of the notification: topic, push_type, id, expiry, priority, collapse_id, aps, payload
  async apns(m) {
    const apn = require('@parse/node-apn');
    const at = new URL(m.url);
    const provider = new apn.Provider({token: {key: fs.readFileSync(m.key_file), keyId: m.key_id, teamId: m.team_id},
      address: at.hostname, port: Number(at.port), rejectUnauthorized: false, production: true});
    const note = new apn.Notification({aps: m.aps, payload: m.payload ?? {}});
    Object.assign(note, {topic: m.topic, pushType: m.push_type, id: m.id, expiry: m.expiry, priority: m.priority, collapseId: m.collapse_id});
    const result = await provider.send(note, m.device);
    await provider.shutdown();
    return result;
  },

  // subscription, vapid {subject, public_key, private_key}, text, ttl, urgency, topic. Nothing is sent: the request is returned,
  // as this client speaks to https addresses only that the system trusts.
  async webpush(m) {
    const webpush = require('web-push');
    const details = webpush.generateRequestDetails(m.subscription, m.text, {TTL: m.ttl, urgency: m.urgency, topic: m.topic,
      contentEncoding: 'aes128gcm', vapidDetails: {subject: m.vapid.subject, publicKey: m.vapid.public_key, privateKey: m.vapid.private_key}});
    return {...details, body: details.body.toString('base64')};
  },

  // token, message
  async slack(m) {
    const {WebClient} = require('@slack/web-api');
    const client = new WebClient(m.token, {slackApiUrl: m.url, retryConfig: {retries: 0}});
    return client.chat.postMessage(m.message);
  },
};

// Twilio's client knows Twilio's hosts only; what it would send there goes to m.url.
function twilioOf(m) {
  const twilio = require('twilio');
  const RequestClient = require('twilio/lib/base/RequestClient');
  class Redirected extends RequestClient {
    request(options) {
      const asked = new URL(options.uri);
      return super.request({...options, uri: new URL(asked.pathname + asked.search, m.url).href});
    }
  }
  return twilio(m.account, m.token, {httpClient: new Redirected()});
}

function sesOf(m) {
  const {SESv2Client} = require('@aws-sdk/client-sesv2');
  return new SESv2Client({region: m.region, endpoint: m.url, maxAttempts: 1,
    credentials: {accessKeyId: m.access_key, secretAccessKey: m.secret_key, sessionToken: m.session}});
}

const [name, text] = process.argv.slice(2);
clients[name](JSON.parse(text)).then((result) => console.log(JSON.stringify(result)), (error) => {
  console.error(error);
  process.exitCode = 1;
});
