# SPDX-License-Identifier: Apache-2.0
"""The dashboard's page comes out of the coordinator itself, to whoever asks, and nothing else can come with it."""

import gzip
import re
import socket

import pytest

from support import free_port, http_provider, problem_of
from cluster import Api  # on the path since support

LINKS = re.compile(r'(?:src|href)="([^"]+)"')


@pytest.fixture(name="cluster")
def one_cluster(gateway, make_cluster):
    cluster = make_cluster([http_provider(gateway)], workers=0)
    cluster.api.token = None
    return cluster


def files_of(cluster):
    page = cluster.api.call("GET", "/").body.decode()
    return ["/", *LINKS.findall(page)]


def test_the_page_and_its_files_are_served_without_a_token(cluster):
    files = files_of(cluster)
    if len(files) == 1:
        assert b"npm" in cluster.api.call("GET", "/").body  # a build without its dashboard says how to get it
        pytest.skip("this build has no dashboard: npm is missing")
    assert any(re.fullmatch(r"/assets/[\w-]+\.js", name) for name in files)
    assert any(re.fullmatch(r"/assets/[\w-]+\.css", name) for name in files)
    for name in files:
        plain = cluster.api.call("GET", name)
        assert plain.status == 200 and "Content-Encoding" not in plain.headers and int(plain.headers["Content-Length"])
        packed = cluster.api.call("GET", name, headers={"Accept-Encoding": "gzip"})
        if "Content-Encoding" in packed.headers:
            assert len(packed.body) < len(plain.body) and gzip.decompress(packed.body) == plain.body
            assert packed.headers["ETag"] != plain.headers["ETag"]
        head = cluster.api.call("HEAD", name)
        assert head.status == 200 and head.body == b"" and head.headers["ETag"] == plain.headers["ETag"]


def test_nothing_but_our_own_files_may_run_in_it(cluster):
    for name in files_of(cluster):
        headers = cluster.api.call("GET", name).headers
        policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
        assert policy["default-src"] == "'none'" and policy["script-src"] == "'self'" and policy["connect-src"] == "'self'"
        assert policy["frame-ancestors"] == "'none'" and "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] == "no-referrer"
    page = cluster.api.call("GET", "/").body.decode()
    assert "<style" not in page and not re.search(r"<script(?![^>]*\bsrc=)", page) and "://" not in page


def test_what_a_browser_has_it_is_not_sent_again(cluster):
    for name in files_of(cluster):
        first = cluster.api.call("GET", name)
        wanted = "public, max-age=31536000, immutable" if name.startswith("/assets/") else "no-cache"
        assert first.headers["Cache-Control"] == wanted
        again = cluster.api.call("GET", name, headers={"If-None-Match": first.headers["ETag"]})
        assert again.status == 304 and again.body == b"" and again.headers["ETag"] == first.headers["ETag"]
        changed = cluster.api.call("GET", name, headers={"If-None-Match": '"0123456789abcdef"'})
        assert changed.status == 200 and changed.body == first.body


def test_only_the_files_that_are_there(cluster):
    for path in ("/assets/none.js", "/assets/", "/assets/..%2findex.html", "/assets/%00", "/index.html", "/../etc/passwd"):
        problem_of(cluster.api.call("GET", path), 404)
    assert cluster.api.call("POST", "/").status == 405
    assert cluster.api.call("GET", "/v1/status").status == 401


def test_recipients_port_has_no_dashboard(gateway, make_cluster):
    cluster = make_cluster([http_provider(gateway)], workers=0)
    cluster.coordinator.stop()
    cluster.public_port = free_port()
    cluster.start_coordinator()
    assert cluster.api.call("GET", "/").status == 200
    problem_of(Api(cluster.public_port).call("GET", "/"), 404)


def test_whoever_does_not_take_a_file_costs_no_memory(cluster):
    name = "/openapi.yaml"
    size = len(cluster.api.call("GET", name).body)
    before = cluster.coordinator.rss_bytes()
    readers = []
    for _ in range(400):
        reader = socket.socket()
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        reader.connect(("127.0.0.1", cluster.api_port))
        reader.sendall(f"GET {name} HTTP/1.1\r\nHost: t\r\n\r\n".encode())
        readers.append(reader)
    assert cluster.api.call("GET", "/healthz").status == 200
    assert size > 100_000 and cluster.coordinator.rss_bytes() - before < 400 * size / 3
    for reader in readers:
        reader.close()
