// SPDX-License-Identifier: Apache-2.0
// A file goes up as it is, with its progress; fetch cannot tell that, so that it is the older way.
import { ApiError, session } from "./api";
import type { Audience } from "./types";

export interface FileKind { type: string; encoding: string | null }

/** By its name: customers.csv, customers.ndjson.gz; null: no audience is in such a file. */
export function kindOf(name: string): FileKind | null {
  const lower = name.toLowerCase();
  const encoding = lower.endsWith(".gz") ? "gzip" : lower.endsWith(".zst") ? "zstd" : null;
  const stem = encoding === null ? lower : lower.slice(0, lower.lastIndexOf("."));
  if (stem.endsWith(".csv") || stem.endsWith(".txt")) {
    return { type: "text/csv", encoding };
  }
  if (stem.endsWith(".ndjson") || stem.endsWith(".jsonl")) {
    return { type: "application/x-ndjson", encoding };
  }
  return null;
}

export function uploadAudience(file: File, name: string, skip: boolean, onPart: (part: number) => void): Promise<Audience> {
  const kind = kindOf(file.name);
  if (kind === null) {
    return Promise.reject(new Error(`${file.name} is no list of people: a file that ends in .csv or .ndjson is needed (perhaps with .gz or .zst).`));
  }
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `/v1/audiences?name=${encodeURIComponent(name)}&on_error=${skip ? "skip" : "stop"}`);
    request.setRequestHeader("Authorization", `Bearer ${session.get()?.token ?? ""}`);
    request.setRequestHeader("Content-Type", kind.type);
    if (kind.encoding) {
      request.setRequestHeader("Content-Encoding", kind.encoding);
    }
    request.responseType = "json";
    request.upload.onprogress = (event) => onPart(event.total > 0 ? event.loaded / event.total : 0);
    request.onload = () => {
      const answer = request.response ?? {};
      if (request.status === 201) {
        resolve(answer);
      } else {
        reject(new ApiError(request.status, answer.detail ?? `the coordinator answered with status ${request.status}`, answer));
      }
    };
    request.onerror = () => reject(new ApiError(0, "the upload broke off; nothing of it was kept"));
    request.send(file);
  });
}
