// SPDX-License-Identifier: Apache-2.0
//
// Loads every package of a package.json and prints {name: version}. Programs, which are not for loading, must have their file.
//     node versions.js PACKAGE_JSON
'use strict';
const fs = require('node:fs');
const path = require('node:path');

const wanted = JSON.parse(fs.readFileSync(process.argv[2]));
const programs = ['@stoplight/prism-cli', 'aws-ses-v2-local'];
const versions = {node: process.versions.node};

function manifest(name) {
  for (const folder of process.env.NODE_PATH.split(path.delimiter)) {
    const file = path.join(folder, name, 'package.json');
    if (fs.existsSync(file)) {
      return [path.join(folder, name), JSON.parse(fs.readFileSync(file))];
    }
  }
  throw new Error(`${name} is not installed`);
}

for (const name of Object.keys(wanted.devDependencies)) {
  const [folder, found] = manifest(name);
  if (programs.includes(name)) {
    const file = typeof found.bin === 'string' ? found.bin : Object.values(found.bin)[0];
    fs.accessSync(path.join(folder, file));
  } else {
    require(name);
  }
  versions[name] = found.version;
}
console.log(JSON.stringify(versions));
