# SPDX-License-Identifier: Apache-2.0
"""The API and the public listener over TLS: curl and Python as clients, a certificate that is exchanged while an upload
runs, clients that speak no TLS or speak it slowly, and what is written to a connection by hand."""

import datetime
import hashlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest

from support import BUILD, QUICK, Cluster, coordinator, free_port, tocsin, wait_for

from certificate import Authority, make_certificate

NULL = [{"name": "null", "channel": "sms", "adapter": "null"}]


@pytest.fixture
def authority(place):
    return Authority(place)


@pytest.fixture
def cluster(place, authority):
    cluster = Cluster(os.path.join(place, "cluster"), BUILD, NULL, dict(QUICK))
    certificate, key = authority.issue("first")
    for file, ending in ((certificate, "pem"), (key, "key")):
        shutil.copy(file, os.path.join(place, f"server.{ending}"))
    cluster.listen = {"tls": {"certificate": os.path.join(place, "server.pem"), "key": f"file:{place}/server.key"}}
    cluster.public_port = free_port()
    cluster.api.tls = ssl.create_default_context(cafile=authority.file)
    cluster.start_coordinator()
    yield cluster
    cluster.close()


def exchange(cluster, place, files):
    """Another certificate in the same place; (how often the log says that one was read, that one was kept) afterwards."""
    for file, ending in zip(files, ("pem", "key")):
        shutil.copy(file, os.path.join(place, f"server.{ending}"))
    before = said(cluster)
    cluster.coordinator.child.send_signal(signal.SIGHUP)
    wait_for("a reload", lambda: sum(said(cluster)) >= sum(before) + 2)  # of two listeners
    after = said(cluster)
    return after[0] - before[0], after[1] - before[1]


def said(cluster):
    with open(os.path.join(cluster.directory, "coordinator.log"), encoding="utf-8") as f:
        text = f.read()
    return text.count(" certificate_read "), text.count(" certificate_kept ")


def presented(port):
    """The certificate of a new connection."""
    return ssl.get_server_certificate(("127.0.0.1", port))


def pem(file):
    with open(file, encoding="ascii") as f:
        return f.read()


def curl(*arguments):
    done = subprocess.run(["curl", "-sS", "--max-time", "20", *arguments], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def test_curl_and_the_operator_are_served(cluster, authority, place):
    url = f"https://127.0.0.1:{cluster.api_port}"
    token = ["-H", f"Authorization: Bearer {cluster.api.token}"]
    assert curl("--cacert", authority.file, f"{url}/healthz")[0] == 0
    assert '"items":[]' in curl("--cacert", authority.file, *token, f"{url}/v1/campaigns")[1]
    assert curl("--cacert", authority.file, f"https://127.0.0.1:{cluster.public_port}/healthz")[0] == 0
    for version, code in (("1.2", 0), ("1.3", 0)):
        assert curl("--cacert", authority.file, f"--tlsv{version}", "--tls-max", version, f"{url}/healthz")[0] == code
    assert curl("--cacert", authority.file, "--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0", f"{url}/healthz")[0] == 35
    metrics = cluster.api.call("GET", "/metrics").body.decode()
    end = float(re.search(r"^tocsin_certificate_end_timestamp_seconds (\S+)", metrics, re.M).group(1))
    assert 86400 < end - time.time() < 3 * 86400
    stranger = Authority(os.path.join(place, "cluster"), "stranger")
    code, _, err = curl("--cacert", stranger.file, f"{url}/healthz")
    assert code == 60 and "certificate" in err
    environment = {"TOCSIN_API": url}
    assert tocsin(cluster, "campaign", "list", env={**environment, "TOCSIN_CA_FILE": authority.file})[0] == 0
    assert tocsin(cluster, "campaign", "list", "--ca-file", authority.file, env=environment)[0] == 0
    status, _, err = tocsin(cluster, "campaign", "list", "--ca-file", stranger.file, env=environment)
    assert status not in (0, 2) and "is not trusted" in err and "--ca-file" in err
    status, _, err = tocsin(cluster, "campaign", "list", env=environment)
    assert status not in (0, 2) and "TOCSIN_CA_FILE" in err
    status, _, err = tocsin(cluster, "campaign", "list", env={"TOCSIN_API": f"http://127.0.0.1:{cluster.api_port}"})
    assert status not in (0, 2) and "write https://" in err


def rows(count):
    yield b"id,phone,note\n"
    for begin in range(0, count, 1000):
        yield "".join(f"r{i},+4790{i:08d},{hashlib.sha256(str(i).encode()).hexdigest()}\n" for i in range(begin, begin + 1000)).encode()


def test_a_certificate_is_exchanged_in_the_midst_of_an_upload(cluster, authority, place):
    count, gate, answers = 300000, threading.Event(), []

    def slow():
        for number, piece in enumerate(rows(count)):
            if number == 50:
                gate.wait(60)
            yield piece

    upload = threading.Thread(target=lambda: answers.append(cluster.api.upload(slow())))
    upload.start()
    kept = http.client.HTTPSConnection("127.0.0.1", cluster.api_port, context=cluster.api.tls, timeout=20)
    kept.request("GET", "/healthz")
    assert kept.getresponse().read() is not None
    assert presented(cluster.api_port) == pem(os.path.join(place, "first.pem"))
    second = authority.issue("second")
    assert exchange(cluster, place, second) == (2, 0)
    assert presented(cluster.api_port) == presented(cluster.public_port) == pem(second[0])
    kept.request("GET", "/healthz")  # over the connection that was open
    assert kept.getresponse().status == 200
    # What cannot be used is not: files of two certificates, no PEM, none at all.
    third = authority.issue("third")
    assert exchange(cluster, place, (third[0], second[1])) == (0, 2)
    broken = os.path.join(place, "broken")
    with open(broken, "wb") as f:
        f.write(b"-----BEGIN CERTIFICATE-----\nAAAA\n")
    assert exchange(cluster, place, (broken, third[1])) == (0, 2)
    assert presented(cluster.api_port) == pem(second[0])
    assert exchange(cluster, place, third) == (2, 0)
    assert presented(cluster.api_port) == pem(third[0])
    gate.set()
    upload.join(120)
    assert answers[0].status == 201 and answers[0].json()["accepted"] == count
    assert cluster.api.get("/v1/audiences/a1/recipients/r299999")["values"]["note"] == hashlib.sha256(b"299999").hexdigest()
    kept.close()


def encrypted(cluster, port=None, **options):
    plain = socket.create_connection(("127.0.0.1", port or cluster.api_port), timeout=20)
    return cluster.api.tls.wrap_socket(plain, server_hostname="127.0.0.1", **options)


def read_all(connection):
    """What comes until the end, which must be said: a cut would raise."""
    text = b""
    while True:
        piece = connection.recv(65536)
        if not piece:
            return text
        text += piece


def test_what_is_written_by_hand_is_encrypted_too(cluster):
    long_head = b"GET /healthz HTTP/1.1\r\nHost: t\r\n" + b"".join(b"X-%d: %s\r\n" % (i, b"x" * 60) for i in range(60)) + b"\r\n"
    long_line = b"GET /healthz?" + b"&".join(b"a%d=1" % i for i in range(100)) + b" HTTP/1.1\r\nHost: t\r\n\r\n"
    for request, status in ((long_head, b"431"), (long_line, b"431")):
        connection = encrypted(cluster)
        connection.sendall(request)
        answer = read_all(connection)
        assert answer.startswith(b"HTTP/1.1 " + status) and b"problem+json" in answer
        connection.close()
    # Refused in its head, with a body that is too large to be waited for.
    connection = encrypted(cluster)
    connection.sendall(b"POST /v1/campaigns HTTP/1.1\r\nHost: t\r\nContent-Length: 50000000\r\n\r\n" + b"x" * 65536)
    answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 401") and b"token" in answer
    connection.close()


def test_who_speaks_no_tls_gets_no_word_in_plain_and_holds_nobody(cluster):
    talker = socket.create_connection(("127.0.0.1", cluster.api_port), timeout=20)
    talker.sendall(b"GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n")
    got = b""
    try:
        while piece := talker.recv(4096):
            got += piece
    except ConnectionResetError:
        pass
    assert b"HTTP" not in got and b"{" not in got
    idle = [socket.create_connection(("127.0.0.1", cluster.api_port)) for _ in range(200)]
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 40  # the beginning of a ClientHello
    for number, each in enumerate(idle):
        each.sendall(hello[:number % len(hello)])
    worst = 0
    for _ in range(50):
        began = time.monotonic()
        assert cluster.api.get("/v1/campaigns")["items"] == []
        worst = max(worst, time.monotonic() - began)
    assert worst < 5
    before = cluster.coordinator.cpu_us()
    time.sleep(2)
    assert cluster.coordinator.cpu_us() - before < 1500000  # the library would have it run all the time
    for each in idle:
        each.close()


def test_a_handshake_that_takes_too_long_is_ended(cluster):
    dawdler = socket.create_connection(("127.0.0.1", cluster.public_port), timeout=40)  # heads have 15 s there
    dawdler.sendall(b"\x16\x03\x01\x02\x00\x01")
    began = time.monotonic()
    try:
        while dawdler.recv(4096):
            pass
    except ConnectionResetError:
        pass
    assert 5 < time.monotonic() - began < 25


def halted_handshake(cluster, version, pieces):
    """A connection whose handshake stops after so many records of the client's second flight."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = context.maximum_version = version
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    speaker = context.wrap_bio(incoming, outgoing)
    connection = socket.create_connection(("127.0.0.1", cluster.public_port), timeout=40)

    def is_done():
        try:
            speaker.do_handshake()
            return True
        except ssl.SSLWantReadError:
            return False

    assert not is_done()
    connection.sendall(outgoing.read())
    while not outgoing.pending:
        incoming.write(connection.recv(65536))
        is_done()
    flight, records = outgoing.read(), []
    while flight:
        length = 5 + int.from_bytes(flight[3:5], "big")
        records.append(flight[:length])
        flight = flight[length:]
    assert len(records) > pieces
    connection.sendall(b"".join(records[:pieces]))
    return connection


def test_a_head_that_takes_too_long_is_answered_and_who_said_nothing_is_not(cluster):
    request, answer = b"GET /healthz HTTP/1.1\r\nHost: t\r\n", b'{"status":"alive"}'
    said = {"nothing": b"", "letter": b"G", "head": request, "used": request + b"\r\n", "again": request + b"\r\n"}
    connections, halted = {}, []
    began = time.monotonic()
    for version, name in ((ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")):
        cluster.api.tls.minimum_version, cluster.api.tls.maximum_version = ssl.TLSVersion.TLSv1_2, version
        for part, text in said.items():
            connection = connections[name, part] = encrypted(cluster, cluster.public_port)
            assert connection.version() == name
            connection.sendall(text)
        for part in ("used", "again"):
            text = b""
            while not text.endswith(answer):
                text += connections[name, part].recv(65536)
            assert text.startswith(b"HTTP/1.1 200 ")
        halted += [halted_handshake(cluster, version, pieces) for pieces in range(2)]
    time.sleep(4)  # it is seen idle
    for (name, part), connection in connections.items():
        if part == "again":
            connection.sendall(request)
    for (name, part), connection in connections.items():
        text = read_to_end(connection)
        connection.close()
        if part in ("nothing", "used"):
            assert text == b"", (name, part)
        else:
            assert text.startswith(b"HTTP/1.1 408 ") and b"the head was not complete in time" in text, (name, part, text)
    assert 8 < time.monotonic() - began < 35
    for each in halted:
        assert b"HTTP" not in read_to_end(each)
        each.close()


def read_to_end(connection):
    """Also if it is cut."""
    text = b""
    try:
        while piece := connection.recv(65536):
            text += piece
    except (ConnectionResetError, ssl.SSLEOFError):
        pass
    return text


def handshake(port, ciphers, version):
    """What was agreed on with a client that has these ciphers only; None: nothing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = context.maximum_version = version
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as plain, context.wrap_socket(plain) as session:
            return session.cipher()[0]
    except (ssl.SSLError, ConnectionResetError):
        return None


@pytest.mark.parametrize("kind", ["ECDSA", "RSA"])
def test_what_was_recorded_stays_secret_when_the_key_is_lost(place, authority, kind):
    """Forward secrecy and authenticated ciphers alone, in TLS 1.2 as well."""
    certificate, key = authority.issue("server") if kind == "ECDSA" else make_certificate(place)
    cluster = Cluster(os.path.join(place, "cluster"), BUILD, NULL, dict(QUICK))
    cluster.listen = {"tls": {"certificate": certificate, "key": f"file:{key}"}}
    cluster.api.tls = ssl.create_default_context(cafile=authority.file if kind == "ECDSA" else certificate)
    with cluster:
        cluster.start_coordinator()
        for good in (f"ECDHE-{kind}-AES128-GCM-SHA256", f"ECDHE-{kind}-AES256-GCM-SHA384", f"ECDHE-{kind}-CHACHA20-POLY1305"):
            assert handshake(cluster.api_port, good, ssl.TLSVersion.TLSv1_2) == good
        for bad in (f"ECDHE-{kind}-AES128-SHA", "AES128-GCM-SHA256", "AES256-SHA", "DHE-RSA-AES128-SHA"):
            assert handshake(cluster.api_port, bad, ssl.TLSVersion.TLSv1_2) is None
        assert handshake(cluster.api_port, "ALL", ssl.TLSVersion.TLSv1_1) is None
        assert handshake(cluster.api_port, "ALL", ssl.TLSVersion.TLSv1_3).startswith("TLS_")


def test_large_answers_and_streams_come_whole(cluster, authority):
    answer = cluster.api.upload(b"".join(rows(50000)))
    assert answer.status == 201, answer.body
    campaign = cluster.campaign("a1", "sms", {"sms": {"text": "Hi"}}, launch=False)["id"]
    connection = encrypted(cluster)
    connection.sendall(f"GET /v1/campaigns/{campaign}/recipients?limit=1000 HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {cluster.api.token}\r\nConnection: close\r\n\r\n".encode())
    text = read_all(connection)
    assert text.count(b'"ordinal"') == 1000
    page = cluster.api.call("GET", f"/v1/campaigns/{campaign}/unreachable")  # a stream
    assert page.status == 200
    many = cluster.api.call("POST", "/v1/suppressions/import?on_error=skip", body=b"channel,endpoint,reason\n" + b"".join(
        b"sms,+4790%08d,manual\n" % i for i in range(20000)), headers={"Content-Type": "text/csv"})
    assert many.status in (200, 201), many.body
    url, token = f"https://127.0.0.1:{cluster.api_port}/v1", ["-H", f"Authorization: Bearer {cluster.api.token}"]
    for path, lines in (("suppressions/export", 20001), (f"campaigns/{campaign}/export", 50001)):
        code, out, err = curl("--cacert", authority.file, *token, f"{url}/{path}")  # says if the end was cut off
        assert (code, err, out.count("\n")) == (0, "", lines), err


@pytest.mark.parametrize("listen, words", [
    ({"api": "0.0.0.0:7480"}, ["listen.api", "listen.tls", "listen.allow_remote: true"]),
    ({"public": "0.0.0.0:8080"}, ["listen.public", "listen.tls", "listen.allow_remote: true"]),
    ({"public": "0.0.0.0:8080", "tls": {"certificate": "/c", "key": "file:/k", "public": False}}, ["listen.public"]),
    ({"tls": {"certificate": "/c"}}, ["both certificate and key"]),
    ({"tls": {"key": "file:/k"}}, ["both certificate and key"]),
    ({"tls": {"min_version": "1.3"}}, ["without certificate and key"]),
    ({"tls": {"certificate": "/c", "key": "-----BEGIN PRIVATE KEY-----"}}, ["listen.tls.key", "file:/path"]),
    ({"tls": {"certificate": "/c", "key": "file:/k", "min_version": "1.1"}}, ["listen.tls.min_version", "1.2"]),
    ({"tls": {"certficate": "/c"}}, ['did you mean "certificate"']),
])
def test_settings_that_leave_a_door_open_are_refused(place, listen, words):
    path = os.path.join(place, "settings.yaml")
    with open(path, "w", encoding="utf-8") as f:
        json.dump({"data_dir": place, "listen": listen}, f)
    status, _, err = coordinator("--check-settings", path)
    assert status != 0
    for word in words:
        assert word in err, err


def test_a_certificate_that_is_half_written_costs_nothing(cluster, authority, place):
    """It is told as what it is, and nothing is left of it: the sanitizers look when it ends."""
    certificate, key = authority.issue("half")
    with open(certificate, "r+b") as f:
        f.truncate(os.path.getsize(certificate) // 2)
    assert exchange(cluster, place, (certificate, key)) == (0, 2)
    with open(os.path.join(cluster.directory, "coordinator.log"), encoding="utf-8") as f:
        assert "listen.tls.certificate: " in f.read()
    assert cluster.api.call("GET", "/healthz").status == 200
    assert cluster.coordinator.stop() == 0


def test_a_certificate_that_cannot_be_used_keeps_it_from_starting(place, authority):
    first, second = authority.issue("one"), authority.issue("two")
    for certificate, key, word in ((first[0], "file:/nowhere", "listen.tls.key"), ("/nowhere", f"file:{first[1]}", "listen.tls.certificate"),
                                   (first[0], f"file:{second[1]}", "not that of the certificate"), (first[1], f"file:{first[1]}", "PEM")):
        path = os.path.join(place, "settings.yaml")
        with open(path, "w", encoding="utf-8") as f:
            json.dump({"data_dir": os.path.join(place, "data"), "listen": {
                "api": f"127.0.0.1:{free_port()}", "workers": f"tcp://127.0.0.1:{free_port()}", "tls": {"certificate": certificate, "key": key}}}, f)
        status, _, err = coordinator("--config", path)
        assert status == 1 and word in err, err


def test_doctor_looks_at_the_certificate_before_the_start(place, authority):
    now = datetime.datetime.now(datetime.timezone.utc)

    def doctor(certificate, key, public_url=None, env=None):
        path = os.path.join(place, "settings.yaml")
        listen = {"api": "127.0.0.1:0", "workers": "tcp://127.0.0.1:0", "tls": {"certificate": certificate, "key": key}}
        with open(path, "w", encoding="utf-8") as f:
            json.dump({"data_dir": os.path.join(place, "data"), "listen": listen, **({"public_url": public_url} if public_url else {})}, f)
        status, out, err = tocsin(None, "doctor", "--config", path, "--json", env=env)
        found = [line for line in map(json.loads, out.splitlines()) if line["check"] == "listen.tls"]
        assert len(found) == 1, out + err
        return status, found[0]["result"], found[0]["detail"]

    good, key = authority.issue("good", until=now + datetime.timedelta(days=400, hours=1), names=("localhost", "alerts.bank.test"))
    ref = f"file:{key}"
    status, result, detail = doctor(good, ref, "https://alerts.bank.test/x")
    assert (status, result) == (0, "ok") and "for 400 days more" in detail and detail.endswith("for localhost, alerts.bank.test, 127.0.0.1")
    status, result, detail = doctor(good, ref, "https://[::1]:8443")
    assert (status, result) == (0, "warn") and "not for ::1, where public_url leads" in detail
    assert doctor(good, ref, "https://127.0.0.1:8443")[1] == "ok"

    for days, result, words in ((29.5, "warn", "in 29 days; put a new one"), (6.5, "warn", "in 6 days, and clients refuse it"),
                                (-1, "fail", "ended on ")):
        file, key = authority.issue(f"of{days}", until=now + datetime.timedelta(days=days))
        found = doctor(file, f"file:{key}")
        assert found[0] == (result == "fail") and found[1] == result and words in found[2] and file in found[2], found

    nameless, key = os.path.join(place, "nameless.pem"), os.path.join(place, "nameless.key")
    authority.run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "99", "-keyout", key, "-out", nameless, "-subj", "/CN=localhost")
    found = doctor(nameless, f"file:{key}")
    assert found[:2] == (0, "warn") and "names no host" in found[2], found

    for certificate, reference, words in (("/nowhere", ref, "listen.tls.certificate"), (good, "file:/nowhere", "listen.tls.key"),
                                          (good, f"file:{key}", "the key is not that of the certificate"), (ref[5:], ref, "PEM")):
        found = doctor(certificate, reference)
        assert found[:2] == (1, "fail") and words in found[2], found
    found = doctor(good, "env:TOCSIN_TEST_TLS_KEY")
    assert found[:2] == (0, "warn") and "TOCSIN_TEST_TLS_KEY" in found[2], found
    with open(ref[5:], encoding="ascii") as f:
        assert doctor(good, "env:TOCSIN_TEST_TLS_KEY", env={"TOCSIN_TEST_TLS_KEY": f.read()})[:2] == (0, "ok")
