// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { StreamParser, type StreamEvent } from "../src/lib/sse";

const bytes = (text: string) => new TextEncoder().encode(text);

function all(text: string, size: number): StreamEvent[] {
  const parser = new StreamParser();
  const whole = bytes(text);
  const events: StreamEvent[] = [];
  for (let at = 0; at < whole.length; at += size) {
    events.push(...parser.push(whole.subarray(at, at + size)));
  }
  return events;
}

test("the same stream gives the same events, wherever it is cut", () => {
  const stream = "retry: 2000\n: a comment\nid: 7\nevent: news\ndata: {\"name\":\"Bjørn 🛎\"}\r\n\r\ndata:one\ndata: two\n\nid: 9\rdata: x\r\rdata: never ended";
  const wanted = [
    { id: "7", type: "news", data: "{\"name\":\"Bjørn 🛎\"}" },
    { id: "7", type: "message", data: "one\ntwo" },
    { id: "9", type: "message", data: "x" },
  ];
  for (let size = 1; size <= stream.length + 4; size++) {
    assert.deepEqual(all(stream, size), wanted, `cut into pieces of ${size}`);
  }
});

test("an event without data is none, but its id counts", () => {
  const parser = new StreamParser();
  assert.deepEqual(parser.push(bytes("id: 5\nevent: ping\n\n")), []);
  assert.equal(parser.lastId, "5");
  assert.deepEqual(parser.push(bytes("data\n\n")), [{ id: "5", type: "message", data: "" }]);
});

test("what is no field is passed over, and an id with a zero is not taken", () => {
  const parser = new StreamParser();
  assert.deepEqual(parser.push(bytes("nonsense: 1\nid: a\0b\nretry: soon\ndata:  two blanks\n\n")), [{ id: "", type: "message", data: " two blanks" }]);
  assert.equal(parser.retry, undefined);
});
