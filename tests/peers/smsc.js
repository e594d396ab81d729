// SPDX-License-Identifier: Apache-2.0
//
//     node smsc.js RECORD
//
// An SMSC that speaks SMPP 3.4. Appends each submit_sm to the file RECORD as a line of JSON, and does with it what its
// destination's last three digits say:
//   ..100  answers ESME_RINVDSTADR (0x0b)      ..200  takes it, and reports UNDELIV
//   ..300  answers ESME_RTHROTTLED (0x58) the first time, then takes it
//   ..400  takes it, and reports EXPIRED       other  takes it, and reports DELIVRD
'use strict';
const fs = require('node:fs');
const smpp = require('smpp');

const file = fs.openSync(process.argv[2], 'a');
const throttled = new Set();
let sequence = 0;

function report(session, pdu, id, state) {
  const date = '2611290000';
  session.deliver_sm({
    source_addr: pdu.destination_addr, destination_addr: pdu.source_addr, esm_class: 4,
    short_message: `id:${id} sub:001 dlvrd:001 submit date:${date} done date:${date} stat:${state} err:000 text:`,
  });
}

function take(session, pdu) {
  const udh = pdu.short_message.udh;
  const bytes = Buffer.isBuffer(pdu.short_message.message)
    ? pdu.short_message.message : Buffer.from(pdu.short_message.message, pdu.data_coding === 8 ? 'utf16le' : 'latin1');
  fs.writeSync(file, JSON.stringify({
    to: pdu.destination_addr, from: pdu.source_addr, data_coding: pdu.data_coding, esm_class: pdu.esm_class,
    registered_delivery: pdu.registered_delivery, priority: pdu.priority_flag, validity: String(pdu.validity_period ?? ''),
    udh: udh ? Buffer.concat([].concat(udh).map((part) => Buffer.from(part))).toString('hex') : '',
    text: pdu.data_coding === 8 ? Buffer.from(bytes).toString('utf16le') : pdu.short_message.message.toString(),
  }) + '\n');
  const end = pdu.destination_addr.slice(-3);
  if (end === '100') {
    session.send(pdu.response({command_status: smpp.ESME_RINVDSTADR}));
  } else if (end === '300' && !throttled.has(pdu.destination_addr)) {
    throttled.add(pdu.destination_addr);
    session.send(pdu.response({command_status: smpp.ESME_RTHROTTLED}));
  } else {
    const id = `m${++sequence}`;
    session.send(pdu.response({message_id: id}));
    if (pdu.registered_delivery !== 0) {
      report(session, pdu, id, end === '200' ? 'UNDELIV' : end === '400' ? 'EXPIRED' : 'DELIVRD');
    }
  }
}

const server = smpp.createServer((session) => {
  session.on('bind_transceiver', (pdu) => session.send(pdu.response()));
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('unbind', (pdu) => session.send(pdu.response()));
  session.on('submit_sm', (pdu) => take(session, pdu));
  session.on('error', () => session.close());
});
server.listen(0, '127.0.0.1', () => console.log(`ready ${server.address().port}`));
