// SPDX-License-Identifier: Apache-2.0
//
// How each provider's requests and answers look, for faults.js. A form is a function of the options that gives
//   addresses(asked)               whom a request {method, path, headers, body} is for; [] for one that is for nobody
//   good(asked, addresses, entries)  the answer {status, headers, body} of a provider that has taken it
//   throttled, error               answers of one that has not
//   nonsense                       an answer in a good frame that says nothing
//   entries {good, error}          if one answer speaks of several recipients one by one: the words for taken and not taken
'use strict';

const LATER = {'content-type': 'application/json', 'retry-after': '1'};
const HTML = {status: 200, headers: {'content-type': 'text/html'}, body: '<html><h1>It works!</h1>'};

function http() {
  let last = 0;
  return {
    addresses: (asked) => [JSON.parse(asked.body).to],
    good: () => ({status: 202, body: {id: `m${++last}`}}),
    throttled: {status: 429, headers: LATER, body: {error: 'slow down'}},
    error: {status: 500, body: {error: 'trouble'}},
    nonsense: HTML,
  };
}

module.exports = {http};
