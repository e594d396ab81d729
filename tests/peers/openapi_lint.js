// SPDX-License-Identifier: Apache-2.0
//
// Lints an OpenAPI document:   node openapi_lint.js FILE
// Prints what it finds, and ends with 1 if that is anything.
'use strict';

const { createConfig, lint } = require('@redocly/openapi-core');

// `servers` has one that is relative, as every coordinator serves its own document.
const RULES = {
  'no-server-example.com': 'error',
  'no-empty-servers': 'error',
  'operation-operationId': 'error',
  'operation-operationId-unique': 'error',
  'operation-parameters-unique': 'error',
  'operation-tag-defined': 'error',
  'parameter-description': 'error',
  'path-parameters-defined': 'error',
  'no-invalid-media-type-examples': 'error',
  'no-invalid-parameter-examples': 'error',
  'no-invalid-schema-examples': 'error',
  'no-unused-components': 'error',
  'tag-description': 'error',
};

async function main() {
  const config = await createConfig({ extends: ['recommended'], rules: RULES });
  const problems = await lint({ ref: process.argv[2], config });
  for (const problem of problems) {
    const place = problem.location[0];
    console.log(`${problem.severity} ${problem.ruleId} at ${place.pointer}: ${problem.message}`);
  }
  process.exit(problems.length === 0 ? 0 : 1);
}

main();
