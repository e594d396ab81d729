# SPDX-License-Identifier: Apache-2.0
"""tests/peers/recorder.js: an HTTP/1.1 and HTTP/2 server that writes down what it is sent."""

import base64
import json
import os
import urllib.parse

from node_peer import NodePeer


class Recorded:
    """A request: protocol ("1.1", "2.0"), method, path, headers (names in lower case; of repeated ones the last), body."""

    def __init__(self, line):
        self.protocol, self.method, self.path = line["protocol"], line["method"], line["path"]
        self.headers = {name: value for name, value in line["headers"] if not name.startswith(":")}
        self.body = base64.b64decode(line["body"])

    def json(self):
        return json.loads(self.body)

    def form(self):
        """The pairs of a form, in order."""
        return urllib.parse.parse_qsl(self.body.decode(), keep_blank_values=True, strict_parsing=True)


class Recorder(NodePeer):
    def __init__(self, directory, tls=None, answers=()):
        self.record = os.path.join(str(directory), "record.ndjson")
        self.scheme = "https" if tls else "http"
        options = {"answers": list(answers), **({"tls": tls} if tls else {})}
        super().__init__(str(directory), "recorder.js", self.record, options)

    def url(self, path="/", scheme=None):
        return super().url(path, scheme or self.scheme)

    def requests(self):
        """What has come so far, in order; the file is written before a request is answered."""
        with open(self.record, encoding="utf-8") as f:
            return [Recorded(json.loads(line)) for line in f]

    def forget(self):
        with open(self.record, "r+", encoding="utf-8") as f:
            f.truncate()
