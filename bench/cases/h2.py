# SPDX-License-Identifier: Apache-2.0
"""h2: one message in the form of Firebase for each recipient to nghttpd, through the fcm adapter, over TLS and HTTP/2.

The floor is a bare libcurl loop over as many connections and streams, in as many processes as there are workers, in the same
run. The coordinator gets its access token from an endpoint of the benchmark's own, which verifies nothing.
"""

import http.server
import json
import os
import ssl
import subprocess
import sys
import threading

from bench import median, run_campaign, summary

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "tests", "harness"))
from certificate import make_certificate  # noqa: E402
from cluster import Process, free_port, port_answers, wait_for  # noqa: E402

CONNECTIONS, STREAMS = 2, 100
PROJECT = "bench"
PATH = f"/v1/projects/{PROJECT}/messages:send"
CONTENT = {"push": {"subject": "Outage of our service", "text": "We expect it to be over by 18:00."}}


class TokenEndpoint(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        answer = json.dumps({"access_token": "ya29.bench", "expires_in": 3600, "token_type": "Bearer"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *arguments):
        pass


class Firebase:
    """nghttpd, and what stands beside it."""

    def __init__(self, directory):
        folder = os.path.join(directory, "v1", "projects", PROJECT)
        os.makedirs(folder)
        with open(os.path.join(folder, "messages:send"), "w", encoding="ascii") as f:
            f.write(f'{{"name":"projects/{PROJECT}/messages/0:1500415314455276%31bd1c9631bd1c96"}}')
        self.cert, key = make_certificate(directory)
        self.port = free_port()
        self.process = Process(["nghttpd", "-d", directory, "--address=127.0.0.1", "-m", "1000", str(self.port), key, self.cert],
                               os.path.join(directory, "nghttpd.log"))
        wait_for("nghttpd", lambda: port_answers(self.port))
        self.tokens = http.server.HTTPServer(("127.0.0.1", 0), TokenEndpoint)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.cert, key)
        self.tokens.socket = context.wrap_socket(self.tokens.socket, server_side=True)
        threading.Thread(target=self.tokens.serve_forever, daemon=True).start()
        self.account = os.path.join(directory, "account.json")
        self.write_account(directory)

    def write_account(self, directory):
        key = os.path.join(directory, "rsa.pem")
        subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", key],
                       check=True, capture_output=True)
        with open(key, encoding="ascii") as f, open(self.account, "w", encoding="ascii") as account:
            json.dump({"type": "service_account", "client_email": "bench@bench.example", "private_key": f.read(),
                       "token_uri": f"https://127.0.0.1:{self.tokens.server_address[1]}/token"}, account)

    def url(self):
        return f"https://127.0.0.1:{self.port}"

    def provider(self):
        return {"name": "firebase", "channel": "push", "adapter": "fcm",
                "settings": {"url": self.url(), "project": PROJECT, "service_account": f"file:{self.account}", "ca_file": self.cert,
                             "connections": CONNECTIONS, "streams": STREAMS}}

    def close(self):
        self.process.stop()
        self.tokens.shutdown()
        self.tokens.server_close()


def upload(cluster, recipients):
    """Tokens as long as Firebase gives them, 142 characters."""
    def rows():
        yield b"id,push_token\n"
        for first in range(0, recipients, 10_000):
            last = min(first + 10_000, recipients)
            yield "".join(f"r{i},{i:08d}:APA91b{'x' * 127}\n" for i in range(first, last)).encode()

    answer = cluster.api.upload(rows())
    if answer.status != 201:
        raise RuntimeError(f"upload: {answer.status} {answer.body[:300]!r}")
    return answer.json()


def one_run(bench, name, firebase, recipients):
    with bench.cluster(name, [firebase.provider()]) as cluster:
        cluster.start_coordinator()
        audience = upload(cluster, recipients)
        for w in range(bench.workers):
            cluster.start_worker(f"w{w}")
        cluster.wait_workers(bench.workers)
        view, cost = run_campaign(cluster, audience, "push", CONTENT, every=0.05)
    if view["counts"]["accepted"] != recipients:
        raise RuntimeError(f"not everybody was accepted: {view['counts']}")
    return {"seconds": cost["seconds"], "recipients_per_s": recipients / cost["seconds"],
            "cpu_us_per_recipient": cost["cpu_us"] / recipients, "rss_bytes": cost["rss_bytes"]}


def run(bench):
    recipients = bench.recipients(200_000)
    runs = []
    for number in range(bench.runs):
        directory = os.path.join(bench.directory, f"firebase{number}")
        os.makedirs(directory)
        firebase = Firebase(directory)
        try:
            floor = bench.run_json_twice(bench.program("bench_floor_h2"), firebase.url() + PATH, firebase.cert,
                                         str(recipients // 2), str(CONNECTIONS), str(STREAMS))
            measured = one_run(bench, f"h2{number}", firebase, recipients)
        finally:
            firebase.close()
        runs.append({**measured, "floor_per_s": floor["per_s"], "floor_cpu_us": floor["cpu_us"] / floor["count"]})
        bench.say(f"run {number + 1}: {measured['recipients_per_s']:.0f}/s at {measured['cpu_us_per_recipient']:.2f} us, "
                  f"floor {floor['per_s']:.0f}/s at {runs[-1]['floor_cpu_us']:.2f} us")
    return summary("h2", recipients, runs, workers=bench.workers,
                   floor_cpu_us_per_recipient=round(median(runs, "floor_cpu_us"), 3))
