# SPDX-License-Identifier: Apache-2.0
"""The smtp adapter against a Postfix of our own: its own directories, one port on loopback. Needs root, as Postfix does."""

import email
import email.policy
import os
import shutil
import subprocess
import tempfile

import pytest

import peers
from cluster import free_port, port_answers, wait_for
from peers import send


def why_not():
    if os.geteuid() != 0 or shutil.which("postfix") is None:
        return "Postfix wants root"
    if not os.stat("/").st_mode & 0o001:
        return "the root directory is closed to Postfix's own user (chmod o+x / opens it)"
    return ""


pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "it runs")

MAIN = """
compatibility_level = 3.6
queue_directory = {dir}/spool
data_directory = {dir}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
meta_directory = /etc/postfix
shlib_directory = /usr/lib/postfix
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.bank.test
mydestination =
local_transport = error:no local
mynetworks =
smtpd_relay_restrictions = reject_unauth_destination
smtpd_tls_security_level = may
smtpd_tls_cert_file = {cert}
smtpd_tls_key_file = {key}
smtpd_client_connection_count_limit = 0
alias_maps =
maillog_file = {dir}/maillog
maillog_file_prefixes = {dir}
virtual_mailbox_domains = customer.test
virtual_mailbox_base = {dir}/vmail
virtual_mailbox_maps = texthash:{dir}/conf/mailboxes
virtual_uid_maps = static:5000
virtual_gid_maps = static:5000
"""

SERVICES = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="tocsin-postfix-", dir="/tmp")
        os.chmod(self.dir, 0o755)
        for name in ("conf", "spool", "data", "vmail"):
            os.mkdir(os.path.join(self.dir, name))
        shutil.chown(os.path.join(self.dir, "data"), "postfix")
        os.chown(os.path.join(self.dir, "vmail"), 5000, 5000)
        self.cert, key = peers.make_certificate(self.dir)
        self.port = free_port()
        self.write("conf/main.cf", MAIN.format(dir=self.dir, cert=self.cert, key=key))
        self.write("conf/master.cf", SERVICES.format(port=self.port))
        self.write("conf/mailboxes", "alice@customer.test customer.test/alice/\nbob@customer.test customer.test/bob/\n")

    def write(self, name, text):
        with open(os.path.join(self.dir, name), "w", encoding="utf-8") as f:
            f.write(text)

    def control(self, command):
        return subprocess.run(["postfix", "-c", os.path.join(self.dir, "conf"), command], timeout=30,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def start(self):
        self.control("start")
        wait_for("postfix", lambda: port_answers(self.port), 20)

    def stop(self):
        self.control("stop")
        shutil.rmtree(self.dir, ignore_errors=True)

    def mailbox(self, user, count):
        """The mails of a user once there are so many."""
        new = os.path.join(self.dir, "vmail", "customer.test", user, "new")
        wait_for(f"mail for {user}", lambda: os.path.isdir(new) and len(os.listdir(new)) >= count, 20)
        found = []
        for name in os.listdir(new):
            with open(os.path.join(new, name), "rb") as f:
                found.append(email.message_from_binary_file(f, policy=email.policy.default))
        return found


@pytest.fixture(scope="module")
def postfix():
    server = Postfix()
    try:
        server.start()
        yield server
    finally:
        server.stop()


def settings(postfix, **more):
    return {"host": "127.0.0.1", "port": postfix.port, "from": "notices@bank.test", "from_name": "Bänk",
            "ca_file": postfix.cert, "connections": 4, "timeout": "20s", **more}


def test_mail_arrives_over_starttls_as_it_was_written(tmp_path, postfix):
    attempts = [{"to": "alice@customer.test", "subject": f"Strømbrudd {i}", "text": f"Hei Åse,\n.\nnr {i}\n",
                 "html": f"<p>nr {i}</p>", "ordinal": i} for i in range(20)]
    run = send(tmp_path, "smtp", settings(postfix), attempts)
    assert run.counts() == {"accepted": 20}
    assert all(len(result["ref"]) >= 9 for result in run), "the queue id"
    mails = {str(mail["Subject"]): mail for mail in postfix.mailbox("alice", 20)}
    assert len(mails) == 20
    mail = mails["Strømbrudd 7"]
    assert mail.get_body(("plain",)).get_content().replace("\r\n", "\n").rstrip("\n") == "Hei Åse,\n.\nnr 7"
    assert mail["From"].addresses[0].display_name == "Bänk"
    assert "ESMTPS" in str(mail["Received"])
    assert len({str(mail["Message-ID"]) for mail in mails.values()}) == 20


def test_a_refusal_is_that_of_its_recipient_alone(tmp_path, postfix):
    attempts = [{"to": "bob@customer.test", "subject": "x", "text": "x", "ordinal": 1},
                {"to": "nobody@customer.test", "subject": "x", "text": "x", "ordinal": 2},
                {"to": "bob@customer.test", "subject": "x", "text": "x", "ordinal": 3},
                {"to": "eve@elsewhere.test", "subject": "x", "text": "x", "ordinal": 4},
                {"to": "bob@customer.test", "subject": "x", "text": "x", "ordinal": 5}]
    run = send(tmp_path, "smtp", settings(postfix, connections=1), attempts)
    assert run.outcomes() == [("accepted", 250), ("rejected", 550), ("accepted", 250), ("misconfigured", 554),
                              ("accepted", 250)]
    assert len(postfix.mailbox("bob", 3)) == 3
