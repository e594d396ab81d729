// SPDX-License-Identifier: Apache-2.0
//
//     node ses_local.js
//
// aws-ses-v2-local: takes mails by Amazon's API and keeps them. GET /store gives them back. It asks for a signature, and does
// not check it: that is what ses_signature.js is for.
'use strict';
const {default: start} = require('aws-ses-v2-local');

start({host: '127.0.0.1', port: 0}).then((server) => console.log(`ready ${server.address().port}`));
process.on('SIGTERM', () => process.exit(0));
