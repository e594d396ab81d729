# SPDX-License-Identifier: Apache-2.0
"""What goes on for long ends with the token that asked for it: a download that has begun is cut off, and shows it."""

import base64
import json
import random
import socket
import time

from support import wait_for

PEOPLE = 30000
LISTED = 60000
NULL = [{"name": "gateway", "channel": "sms", "adapter": "null"}]
MESSAGE = {"sms": {"text": "Dear {{first_name}}"}}


class Download:
    """Takes the beginning, and the rest when it is told to."""

    def __init__(self, cluster, token, path):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        self.socket.settimeout(30)
        self.socket.connect(("127.0.0.1", cluster.api_port))
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
        self.text = b""
        while b"\r\n\r\n" not in self.text or len(self.text) < 4096:
            self.text += self.socket.recv(1024)
        assert self.text.startswith(b"HTTP/1.1 200"), self.text[:400]
        self.is_chunked = b"transfer-encoding: chunked" in self.text.split(b"\r\n\r\n")[0].lower()

    def finish(self):
        """True: the whole of it came. Whoever reads a chunk of 0 bytes, or the orderly end where it is not chunked, believes so."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        try:
            while not (self.is_chunked and self.text.endswith(b"\r\n0\r\n\r\n")):
                piece = self.socket.recv(1 << 16)
                if not piece:
                    return not self.is_chunked
                self.text += piece
            return True
        except ConnectionResetError:
            return False
        finally:
            self.socket.close()


def token_for(cluster, name, **more):
    made = cluster.api.post("/v1/tokens", {"name": name, "role": "admin", **more})
    return made["id"], made["token"]


def test_downloads_end_with_the_token_that_asked_for_them(make_cluster):
    cluster = make_cluster(NULL, workers=1)
    dice = random.Random(1)  # what cannot be made smaller: the whole must not fit between the two sockets
    people = "id,phone,first_name,note\n" + "".join(
        f"r{i},+4790{i:08d},N,{base64.b64encode(dice.randbytes(240)).decode()}\n" for i in range(PEOPLE))
    audience = cluster.api.upload(people.encode()).json()["id"]
    campaign = cluster.campaign(audience, "sms", MESSAGE)["id"]
    rows = "reason,channel,endpoint\n" + "".join(f"manual,sms,+4790{i:08d}\n" for i in range(LISTED))
    assert cluster.api.call("POST", "/v1/suppressions/import", rows.encode(), {"Content-Type": "text/csv"}).status == 200
    cluster.wait_campaign(campaign)
    paths = [f"/v1/campaigns/{campaign}/export", f"/v1/campaigns/{campaign}/evidence", "/v1/suppressions/export"]
    short = token_for(cluster, "short", expires_in="4s")[1]
    lost, revoked = token_for(cluster, "lost")
    good = token_for(cluster, "good")[1]
    begun = {token: [Download(cluster, token, path) for path in paths[:2 if token == short else 3]] for token in (revoked, short)}
    kept = [Download(cluster, good, path) for path in paths[1:]]
    assert [download.is_chunked for download in begun[revoked]] == [False, False, True]
    assert json.loads(cluster.api.call("DELETE", f"/v1/tokens/{lost}").body)["state"] == "revoked"
    time.sleep(1)
    assert [download.finish() for download in begun[revoked]] == [False] * 3
    wait_for("the other to have expired", lambda: cluster.api.call(
        "GET", "/v1/status", headers={"Authorization": f"Bearer {short}"}).status == 401, 10)
    time.sleep(1)
    assert [download.finish() for download in begun[short]] == [False] * 2
    # Nobody else's are, and there is room for more again.
    assert [download.finish() for download in kept] == [True] * 2
    again = Download(cluster, good, paths[0])
    assert again.finish() and b'"end":true' in again.text[-1000:]
