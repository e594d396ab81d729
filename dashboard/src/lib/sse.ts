// SPDX-License-Identifier: Apache-2.0
// The parser of an event stream (WHATWG HTML, 9.2.6). EventSource itself cannot send a token, so that the stream is
// read by fetch and taken apart here. Pieces may end anywhere, within a character too.

export interface StreamEvent { id: string; type: string; data: string }

export class StreamParser {
  #decoder = new TextDecoder();
  #rest = "";
  #data: string[] = [];
  #type = "";
  /** Of the newest event, for Last-Event-ID. */
  lastId = "";
  /** What the server wants a client to wait before it comes again, in ms; undefined: it did not say. */
  retry: number | undefined;

  /** The events that are complete with this piece. */
  push(piece: Uint8Array): StreamEvent[] {
    const events: StreamEvent[] = [];
    let text = this.#rest + this.#decoder.decode(piece, { stream: true });
    // CR LF may be cut in two: a CR at the end waits for what follows.
    const heldBack = text.endsWith("\r") ? "\r" : "";
    text = text.slice(0, text.length - heldBack.length);
    const lines = text.split(/\r\n|\n|\r/);
    this.#rest = lines.pop()! + heldBack;
    for (const line of lines) {
      this.#take(line, events);
    }
    return events;
  }

  #take(line: string, events: StreamEvent[]) {
    if (line === "") {
      if (this.#data.length > 0) {
        events.push({ id: this.lastId, type: this.#type || "message", data: this.#data.join("\n") });
      }
      this.#data = [];
      this.#type = "";
      return;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? "" : line.slice(colon + 1);
    if (value.startsWith(" ")) {
      value = value.slice(1);
    }
    if (field === "data") {
      this.#data.push(value);
    } else if (field === "event") {
      this.#type = value;
    } else if (field === "id" && !value.includes("\0")) {
      this.lastId = value;
    } else if (field === "retry" && /^\d+$/.test(value)) {
      this.retry = Number(value);
    }
  }
}
