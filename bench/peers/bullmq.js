// SPDX-License-Identifier: Apache-2.0
// node bullmq.js REDIS_PORT URL JOBS CONCURRENCY: adds JOBS jobs in bulk, posts 300 bytes for each, prints one JSON line.
'use strict';

const http = require('http');
const { Queue, Worker } = require('bullmq');

const [redisPort, url, jobCount, concurrency] = process.argv.slice(2);
const jobs = Number(jobCount);
const connection = { host: '127.0.0.1', port: Number(redisPort), maxRetriesPerRequest: null };
const agent = new http.Agent({ keepAlive: true, maxSockets: Number(concurrency) });
const BULK = 1000;
const TEXT = 'x'.repeat(300 - JSON.stringify({ to: '+4790000000000', text: '' }).length);

function post(to) {
  const body = JSON.stringify({ to, text: TEXT });
  return new Promise((resolve, reject) => {
    const request = http.request(url, {
      method: 'POST', agent,
      headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) },
    }, (response) => {
      response.resume();
      response.on('end', () => (response.statusCode === 202 ? resolve() : reject(new Error(String(response.statusCode)))));
    });
    request.on('error', reject);
    request.end(body);
  });
}

async function main() {
  const queue = new Queue('fanout', { connection });
  await queue.waitUntilReady();
  const began = process.hrtime.bigint();
  let done = 0;
  const finished = new Promise((resolve, reject) => {
    const worker = new Worker('fanout', (job) => post(job.data.to), {
      connection, concurrency: Number(concurrency), removeOnComplete: { count: 0 },
    });
    worker.on('completed', () => { if (++done === jobs) resolve(worker); });
    worker.on('failed', (job, error) => reject(error));
  });
  for (let first = 0; first < jobs; first += BULK) {
    const bulk = [];
    for (let i = first; i < Math.min(first + BULK, jobs); i++) {
      bulk.push({ name: 'send', data: { to: '+47' + String(90000000000 + i) } });
    }
    await queue.addBulk(bulk);
  }
  const worker = await finished;
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  const usage = process.cpuUsage();
  console.log(JSON.stringify({ count: jobs, seconds, per_s: jobs / seconds, cpu_us: usage.user + usage.system }));
  await worker.close();
  await queue.close();
  agent.destroy();
}

main().then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });
