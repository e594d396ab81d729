# SPDX-License-Identifier: Apache-2.0
"""Starts real coordinators, workers and receivers on loopback, talks to them, and ends them by their pids.

Used by the system tests, the chaos test and the benchmarks. Standard library only. Nothing here outlives the process that
made it: every child is started with its own handle and ended in Cluster.close(), also when a test fails.
"""

import http.client
import json
import os
import random
import signal
import socket
import subprocess
import time

from tap import Answer, Tap

TICKS = os.sysconf("SC_CLK_TCK")
RESERVED = []  # see free_port()


def first_ephemeral_port():
    """Where the ports begin that the kernel gives to outgoing connections, or 32768 if it does not say."""
    try:
        with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as f:
            return int(f.read().split()[0])
    except OSError:
        return 32768


def free_port():
    """A loopback port that is free now, and that nobody else gets while this process lives.

    It is none of those that outgoing connections get: one of another test's could take it before the server is there, or
    while a killed one is started again. Tests that run side by side keep out of each other's way by abstract Unix sockets
    named after the port (unix(7)), which the kernel ends with their process."""
    ports = range(10000, max(first_ephemeral_port(), 11000))
    for port in random.sample(ports, len(ports)):
        mark = socket.socket(socket.AF_UNIX)
        try:
            mark.bind(f"\0tocsin-test-port-{port}")
            with socket.socket() as s:
                s.bind(("127.0.0.1", port))
        except OSError:
            mark.close()
            continue
        RESERVED.append(mark)
        return port
    raise RuntimeError(f"no port is free from {ports.start} to {ports.stop - 1}")


def wait_for(what, condition, seconds=30.0, every=0.05):
    """Polls until condition() is truthy and returns it; raises TimeoutError naming `what`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(every)


def port_answers(port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


class Process:
    """A child with its log file and its accounting."""

    def __init__(self, argv, log, env=None, cwd=None):
        self.argv = argv
        self.log = log
        self.out = open(log, "ab")
        self.child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=self.out, stderr=self.out,
                                      env=env, cwd=cwd)
        self.pid = self.child.pid

    def is_alive(self):
        return self.child.poll() is None

    def cpu_us(self):
        """User and system time so far, of the process and its waited-for children."""
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return sum(int(x) for x in fields[11:15]) * 1_000_000 // TICKS

    def rss_bytes(self, peak=False):
        key = "VmHWM:" if peak else "VmRSS:"
        with open(f"/proc/{self.pid}/status", encoding="ascii") as f:
            for line in f:
                if line.startswith(key):
                    return int(line.split()[1]) * 1024
        return 0

    def kill(self):
        """kill -9, and waits for it."""
        if self.is_alive():
            self.child.send_signal(signal.SIGKILL)
        self.child.wait()
        self.out.close()

    def stop(self, seconds=20.0):
        """SIGTERM; SIGKILL if that is not enough. The exit status."""
        if self.is_alive():
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(seconds)
            except subprocess.TimeoutExpired:
                self.child.kill()
        status = self.child.wait()
        self.out.close()
        return status

    def tail(self, lines=30):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return "".join(f.readlines()[-lines:])


class Api:
    """The coordinator's HTTP API."""

    on_answer = None  # called with the method, the path and the Answer of every call, if it is set

    def __init__(self, port, token=None):
        self.port = port
        self.token = token
        self.tls = None  # an ssl.SSLContext: it is HTTPS

    def call(self, method, path, body=None, headers=None, timeout=60):
        if self.tls is None:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        else:
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=timeout, context=self.tls)
        all_headers = {}
        if self.token:
            all_headers["Authorization"] = f"Bearer {self.token}"
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
            all_headers["Content-Type"] = "application/json"
        all_headers.update(headers or {})
        try:
            connection.request(method, path, body=body, headers=all_headers)
            response = connection.getresponse()
            answer = Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()
        if Api.on_answer:
            Api.on_answer(method, path, answer)
        return answer

    def get(self, path):
        answer = self.call("GET", path)
        if answer.status != 200:
            raise RuntimeError(f"GET {path}: {answer.status} {answer.body[:400]!r}")
        return answer.json()

    def post(self, path, body=None, headers=None, expect=(200, 201)):
        answer = self.call("POST", path, body=body, headers=headers)
        if answer.status not in expect:
            raise RuntimeError(f"POST {path}: {answer.status} {answer.body[:400]!r}")
        return answer.json()

    def is_ready(self):
        try:
            return self.call("GET", "/readyz", timeout=2).status == 200
        except OSError:
            return False

    def upload(self, data, name="audience", query="", headers=None):
        """data: bytes, or an iterator of bytes (sent in chunks)."""
        all_headers = {"Content-Type": "text/csv"}
        all_headers.update(headers or {})
        path = f"/v1/audiences?name={name}" + (f"&{query}" if query else "")
        return self.call("POST", path, body=data, headers=all_headers, timeout=600)


class Cluster:
    """One coordinator, any number of workers, their settings and their data in one directory."""

    def __init__(self, directory, build, providers, settings=None):
        self.directory = str(directory)
        self.build = str(build)
        self.api_port = free_port()
        self.link_port = free_port()
        self.listen = {}  # more of `listen`
        self.public_port = None  # of recipients and providers; None: the API's
        self.providers = providers
        self.settings = settings or {}
        self.workers = {}
        self.others = []
        self.coordinator = None
        self.taps = {}
        os.makedirs(self.directory, exist_ok=True)
        self.data_dir = os.path.join(self.directory, "data")
        self.api = Api(self.api_port)

    def program(self, name):
        return os.path.join(self.build, "bin", name)

    def write_settings(self):
        # JSON is YAML: no writer of our own.
        document = {
            "data_dir": self.data_dir,
            "listen": {"api": f"127.0.0.1:{self.api_port}", "workers": f"tcp://127.0.0.1:{self.link_port}"},
            "providers": self.providers,
        }
        document.update(self.settings)
        if self.public_port:
            document["listen"]["public"] = f"127.0.0.1:{self.public_port}"
        document["listen"].update(self.listen)
        path = os.path.join(self.directory, "coordinator.yaml")
        with open(path, "w", encoding="utf-8") as f:
            json.dump(document, f, indent=1)
        return path

    def start_coordinator(self, wait=True, seconds=60.0, wrapper=()):
        path = self.write_settings()
        self.coordinator = Process([*wrapper, self.program("tocsin-coordinator"), "--config", path],
                                   os.path.join(self.directory, "coordinator.log"))
        if wait:
            self.wait_ready(seconds)
        return self.coordinator

    def wait_ready(self, seconds=60.0):
        def ready():
            if not self.coordinator.is_alive():
                raise RuntimeError("the coordinator ended:\n" + self.coordinator.tail())
            return self.api.is_ready()

        wait_for("coordinator ready", ready, seconds, every=0.02)
        with open(os.path.join(self.data_dir, "admin.token"), encoding="ascii") as f:
            self.api.token = f.read().strip()

    def start_worker(self, name, threads=1, env=None, wrapper=()):
        worker = Process([*wrapper, self.program("tocsin-worker"), "--name", name, "--coordinator",
                          f"tcp://127.0.0.1:{self.link_port}", "--threads", str(threads)],
                         os.path.join(self.directory, f"{name}.log"), env=env)
        self.workers[name] = worker
        return worker

    def tapped(self, port, is_for_later=False):
        """Where others than Api find what listens on that port. If answers are looked at it is a tap's; not over TLS, which nobody
        can look into, and not while nobody is there, which should look like what it is, unless it is to be used later."""
        is_there = is_for_later or port_answers(port)
        if Api.on_answer is None or self.api.tls is not None or not is_there:
            return port
        if port not in self.taps:
            self.taps[port] = Tap(port, Api.on_answer)
        return self.taps[port].port

    def url(self, is_for_later=False):
        return f"http://127.0.0.1:{self.tapped(self.api_port, is_for_later)}"

    def wait_workers(self, count, seconds=30.0):
        wait_for(f"{count} workers", lambda: sum(w["connected"] for w in self.api.get("/v1/workers")["items"]) >= count,
                 seconds)

    def campaign(self, audience, channel, content, plan=None, name="campaign", launch=True, **more):
        """channel: None if the plan has steps."""
        document = {"name": name, "audience": audience, "channel": channel, "content": content, **more}
        if plan:
            document["plan"] = plan
        campaign = self.api.post("/v1/campaigns", document)
        if launch:
            campaign = self.api.post(f"/v1/campaigns/{campaign['id']}/launch")
        return campaign

    def wait_campaign(self, campaign, seconds=120.0, every=0.05, states=("finished", "cancelled")):
        def ended():
            try:
                view = self.api.get(f"/v1/campaigns/{campaign}")
            except OSError:
                return None
            return view if view["state"] in states else None

        return wait_for(f"campaign {campaign}", ended, seconds, every)

    def close(self):
        for worker in self.workers.values():
            worker.kill()
        if self.coordinator is not None:
            self.coordinator.kill()
        for other in self.others:
            other.kill()
        while self.taps:
            self.taps.popitem()[1].close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def start_nginx(directory, answers=None, workers=1, http=""):
    """nginx as a gateway's stand-in: 202 to everything, or {path: "return 429;", ...}; `http`: more of the http block.

    Returns (process, port)."""
    port = free_port()
    os.makedirs(directory, exist_ok=True)
    locations = "".join(f"    location {path} {{ {what} }}\n" for path, what in (answers or {}).items())
    if "/" not in (answers or {}):
        locations += "    location / { return 202; }\n"
    config = f"""
worker_processes {workers};
daemon off;
pid {directory}/nginx.pid;
error_log {directory}/error.log crit;
events {{ worker_connections 4096; }}
http {{
  {http}
  access_log off;
  keepalive_requests 100000000;
  keepalive_timeout 600s;
  client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy; fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi; scgi_temp_path {directory}/scgi;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    default_type text/plain;
{locations}    location = /stub_status {{ stub_status; }}
  }}
}}
"""
    path = os.path.join(directory, "nginx.conf")
    with open(path, "w", encoding="utf-8") as f:
        f.write(config)
    process = Process(["nginx", "-c", path, "-p", directory, "-e", os.path.join(directory, "error.log")],
                      os.path.join(directory, "nginx.log"))
    wait_for("nginx", lambda: port_answers(port))
    return process, port


def start_smtp_sink(directory, *options, port=None):
    """Postfix's smtp-sink. Returns (process, port)."""
    port = port or free_port()
    os.makedirs(directory, exist_ok=True)
    binary = "/usr/sbin/smtp-sink"
    if os.geteuid() == 0 and "-u" not in options:
        options = ("-u", "postfix", *options)  # it refuses to stay root
    process = Process([binary, *options, f"127.0.0.1:{port}", "1024"], os.path.join(directory, "sink.log"),
                      cwd=directory)
    wait_for("smtp-sink", lambda: port_answers(port))
    return process, port
