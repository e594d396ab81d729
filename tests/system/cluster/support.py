# SPDX-License-Identifier: Apache-2.0
"""What the tests of a whole cluster share: a gateway that keeps a record and changes its answers, the operator's command,
and clusters that are ended, and searched for reports of sanitizers, when a test ends."""

import collections
import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..", "..")
for directory in ("harness", "openapi"):
    sys.path.insert(0, os.path.join(ROOT, "tests", directory))

from cluster import Cluster, Process, free_port, port_answers, wait_for  # noqa: E402

BUILD = os.environ.get("TOCSIN_BUILD") or os.path.join(ROOT, "build", "dev")
FINAL = ("accepted", "failed", "suppressed", "unreachable", "expired", "cancelled", "uncertain")
STATES = ("waiting", "leased", "accepted", "delivered", "acknowledged", "retrying", "failed", "suppressed",
          "unreachable", "expired", "cancelled", "uncertain")
SANITIZERS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:", "WARNING: ThreadSanitizer",
              "Assertion `")
# Short enough that a killed worker is given up soon, long enough for a loaded machine.
QUICK = {"lease": "2s", "heartbeat": "200ms"}

# Takes 400 requests a second and lets the others wait, so that there is always somebody under way.
SLOW = "limit_req zone=all burst=1000; proxy_pass http://127.0.0.1:$server_port/up;"

Request = collections.namedtuple("Request", "at_s status recipient key path")


class Gateway:
    """nginx that answers as it is told and writes a line for each request."""

    def __init__(self, directory, location="return 202;"):
        self.directory = str(directory)
        self.port = free_port()
        self.log = os.path.join(self.directory, "requests.log")
        self.process = None
        os.makedirs(self.directory, exist_ok=True)
        self.start(location)

    def url(self, path="/"):
        return f"http://127.0.0.1:{self.port}{path}"

    def configure(self, location):
        d = self.directory
        config = f"""
worker_processes 1;
daemon off;
pid {d}/nginx.pid;
error_log {d}/error.log crit;
events {{ worker_connections 4096; }}
http {{
  log_format request '$msec $status $http_x_recipient $http_idempotency_key $uri';
  access_log {self.log} request;
  keepalive_requests 100000000;
  keepalive_timeout 600s;
  limit_req_zone $server_addr zone=all:1m rate=400r/s;
  client_body_temp_path {d}/body; proxy_temp_path {d}/proxy; fastcgi_temp_path {d}/fastcgi;
  uwsgi_temp_path {d}/uwsgi; scgi_temp_path {d}/scgi;
  server {{
    listen 127.0.0.1:{self.port} backlog=4096;
    default_type text/plain;
    location / {{ {location} }}
    location = /up {{ access_log off; return 204; }}
  }}
}}
"""
        with open(os.path.join(d, "nginx.conf"), "w", encoding="utf-8") as f:
            f.write(config)

    def start(self, location="return 202;"):
        self.configure(location)
        self.process = Process(["nginx", "-c", os.path.join(self.directory, "nginx.conf"), "-p", self.directory, "-e",
                                os.path.join(self.directory, "error.log")], os.path.join(self.directory, "nginx.log"))
        wait_for("nginx", lambda: port_answers(self.port))

    def stop(self):
        """Whoever is being answered is answered, and written down; a quick end would forget to write."""
        if self.process is not None:
            self.process.child.send_signal(signal.SIGQUIT)
            try:
                self.process.child.wait(10)
            except subprocess.TimeoutExpired:
                pass
            self.process.stop()
        self.process = None

    def answer(self, location):
        """Answers like this from now on; connections that are open are closed."""
        self.stop()
        self.start(location)

    kill = stop  # as Cluster.close ends the others

    def count(self):
        try:
            with open(self.log, "rb") as f:
                return sum(chunk.count(b"\n") for chunk in iter(lambda: f.read(1 << 20), b""))
        except FileNotFoundError:
            return 0

    def requests(self):
        with open(self.log, encoding="ascii", errors="replace") as f:
            rows = [line.split() for line in f]
        return [Request(float(row[0]), int(row[1]), *row[2:5]) for row in rows]

    def keys(self):
        """recipient -> the keys it was sent with, in order."""
        keys = collections.defaultdict(list)
        for request in self.requests():
            keys[request.recipient].append(request.key)
        return keys

    def busiest_second(self):
        """The most requests within any second."""
        times = sorted(request.at_s for request in self.requests())
        most = first = 0
        for last, at_s in enumerate(times):
            while at_s - times[first] >= 1.0:
                first += 1
            most = max(most, last - first + 1)
        return most


def http_provider(gateway, name="gateway", channel="sms", path="/", connections=16, adapter_settings=None, **more):
    settings = {"url": gateway.url(path), "method": "POST", "format": "json",
                "body": '{"to":"{{to}}","text":"{{text}}"}', "connections": connections,
                "headers": {"Idempotency-Key": "{{token}}", "X-Recipient": "{{id}}"}, **(adapter_settings or {})}
    return {"name": name, "channel": channel, "adapter": "http", "settings": settings, **more}


class SlowGateway(http.server.ThreadingHTTPServer):
    """Takes its time for each request, and knows how many were open at once."""

    def __init__(self, seconds):
        self.seconds, self.open, self.most, self.last, self.lock = seconds, 0, 0, 0, threading.Lock()
        super().__init__(("127.0.0.1", 0), SlowAnswer)

    def url(self, path):
        return f"http://127.0.0.1:{self.server_address[1]}{path}"


class SlowAnswer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        gateway = self.server
        with gateway.lock:
            gateway.open += 1
            gateway.most = max(gateway.most, gateway.open)
            gateway.last = time.time()
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(gateway.seconds)
        with gateway.lock:
            gateway.open -= 1
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


def customers(count, first=0):
    """A CSV of `count` recipients r0, r1, ... with a phone, an address and a name, in pieces."""
    yield b"id,phone,email,first_name\n"
    for start in range(first, first + count, 5000):
        yield "".join(f"r{i},+4790{i:08d},r{i}@customer.test,Name{i}\n"
                      for i in range(start, min(start + 5000, first + count))).encode()


def write_csv(path, count, extra=b""):
    with open(path, "wb") as f:
        for piece in customers(count):
            f.write(piece)
        f.write(extra)
    return path


def upload(cluster, count, **more):
    answer = cluster.api.upload(customers(count), **more)
    assert answer.status == 201, answer.body
    return answer.json()["id"]


def provider_of(cluster, number=0):
    return cluster.api.get("/v1/providers")["items"][number]


def change_provider(cluster, **limits):
    answer = cluster.api.call("PATCH", "/v1/providers/gateway", limits)
    assert answer.status == 200, answer.body
    return answer.json()


def total(view):
    return sum(view["counts"].values())


def some(counts):
    return {state: n for state, n in counts.items() if n}


def pages(cluster, path, limit=1000):
    """All items of a list, by its cursors."""
    items, cursor = [], None
    while True:
        mark = "&" if "?" in path else "?"
        page = cluster.api.get(f"{path}{mark}limit={limit}" + (f"&cursor={cursor}" if cursor else ""))
        assert len(page["items"]) <= limit
        items += page["items"]
        cursor = page["next"]
        if cursor is None:
            return items


def timeline_of(cluster, campaign, key):
    return cluster.api.get(f"/v1/campaigns/{campaign}/recipients/{key}")["timeline"]


def tocsin(cluster, *arguments, stdin=None, env=None, timeout=100):
    """Runs the operator's command against a cluster (None: against none); (status, stdout, stderr)."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("TOCSIN_")}
    if cluster is not None:
        environment["TOCSIN_API"] = cluster.url()
        environment["TOCSIN_TOKEN_FILE"] = os.path.join(cluster.data_dir, "admin.token")
    environment.update(env or {})
    done = subprocess.run([os.path.join(BUILD, "bin", "tocsin"), *map(str, arguments)], input=stdin, timeout=timeout,
                          stdin=subprocess.DEVNULL if stdin is None else None, capture_output=True, env=environment)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def coordinator(*arguments, env=None, timeout=60, wrapper=()):
    """Runs tocsin-coordinator to its end; (status, stdout, stderr)."""
    done = subprocess.run([*wrapper, os.path.join(BUILD, "bin", "tocsin-coordinator"), *map(str, arguments)],
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, env=env)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def check_ledger(cluster):
    """--check of a stopped coordinator; (status, output)."""
    status, out, err = coordinator("--check", "--config", os.path.join(cluster.directory, "coordinator.yaml"))
    return status, out + err


def log_of(cluster, program="coordinator"):
    with open(os.path.join(cluster.directory, f"{program}.log"), encoding="utf-8", errors="replace") as f:
        return f.read()


def reports(directory):
    """Lines of sanitizers and assertions in all logs below the directory."""
    found = []
    for parent, _, names in os.walk(directory):
        for name in names:
            if name.endswith(".log") and os.path.basename(parent) != "data":
                with open(os.path.join(parent, name), encoding="utf-8", errors="replace") as f:
                    text = f.read()
                if any(word in text for word in SANITIZERS):
                    at = min(text.find(word) for word in SANITIZERS if word in text)
                    found.append(f"{name}: {text[max(0, at - 300):at + 4000]}")
    return found


def problem_of(answer, status):
    """The problem document of an answer that must have this status."""
    assert answer.status == status, (answer.status, answer.body)
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status and problem["title"]
    return problem


def lines_of_json(text):
    return [json.loads(line) for line in text.splitlines()]


__all__ = ["BUILD", "Cluster", "FINAL", "Gateway", "Process", "QUICK", "SLOW", "STATES", "check_ledger", "coordinator",
           "customers", "free_port", "http_provider", "lines_of_json", "log_of", "pages", "port_answers", "problem_of",
           "reports", "some", "timeline_of", "tocsin", "total", "upload", "wait_for", "write_csv"]
