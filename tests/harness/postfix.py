# SPDX-License-Identifier: Apache-2.0
"""Postfix of the test's own: its own directories, one port on loopback. Needs root, as Postfix does."""

import email
import email.policy
import os
import shutil
import subprocess
import tempfile

from certificate import make_certificate
from cluster import free_port, port_answers, wait_for


def why_not():
    """Why it cannot run here; empty if it can."""
    if os.geteuid() != 0 or shutil.which("postfix") is None:
        return "Postfix wants root"
    if not os.stat("/").st_mode & 0o001:
        return "the root directory is closed to Postfix's own user (chmod o+x / opens it)"
    return ""


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
recipient_delimiter = +
smtpd_relay_restrictions = reject_unauth_destination
smtpd_tls_security_level = may
smtpd_tls_cert_file = {cert}
smtpd_tls_key_file = {key}
smtpd_client_connection_count_limit = 0
alias_maps =
maillog_file = {dir}/maillog
maillog_file_prefixes = {dir}
virtual_mailbox_domains = {domains}
virtual_mailbox_base = {dir}/vmail
virtual_mailbox_maps = texthash:{dir}/conf/mailboxes
virtual_uid_maps = static:5000
virtual_gid_maps = static:5000
relay_domains = {relayed}
transport_maps = texthash:{dir}/conf/transport
minimal_backoff_time = 2s
maximal_backoff_time = 5s
queue_run_delay = 2s
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
    """Keeps mail for `mailboxes`; another user of their domains is refused at once. What is for a domain of `relayed` ({domain:
    transport, as in transport(5)}) is taken and passed on: what becomes of it afterwards is told by a bounce. Addresses may carry
    more behind a +. Needs a directory whose parents its users may search: it makes its own."""

    def __init__(self, mailboxes=("alice@customer.test", "bob@customer.test"), relayed=None, services=""):
        self.dir = tempfile.mkdtemp(prefix="tocsin-postfix-", dir="/tmp")
        os.chmod(self.dir, 0o755)
        for name in ("conf", "spool", "data", "vmail"):
            os.mkdir(os.path.join(self.dir, name))
        shutil.chown(os.path.join(self.dir, "data"), "postfix")
        os.chown(os.path.join(self.dir, "vmail"), 5000, 5000)
        self.cert, key = make_certificate(self.dir)
        self.port = free_port()
        domains = sorted({address.split("@")[1] for address in mailboxes})
        relayed = relayed or {}
        self.write("conf/main.cf", MAIN.format(dir=self.dir, cert=self.cert, key=key, domains=" ".join(domains),
                                               relayed=" ".join(relayed)))
        self.write("conf/master.cf", SERVICES.format(port=self.port) + services)
        self.write("conf/mailboxes", "".join(f"{address} {self.place_of(address)}/\n" for address in mailboxes))
        self.write("conf/transport", "".join(f"{domain} {transport}\n" for domain, transport in relayed.items()))

    def write(self, name, text):
        with open(os.path.join(self.dir, name), "w", encoding="utf-8") as f:
            f.write(text)

    @staticmethod
    def place_of(address):
        user, domain = address.split("@")
        return f"{domain}/{user}"

    def control(self, command):
        return subprocess.run(["postfix", "-c", os.path.join(self.dir, "conf"), command], timeout=30, check=False,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def start(self):
        self.control("start")
        wait_for("postfix", lambda: port_answers(self.port), 20)

    def stop(self):
        self.control("stop")
        shutil.rmtree(self.dir, ignore_errors=True)

    kill = stop  # as Cluster.close ends the others

    def maildir(self, address):
        return os.path.join(self.dir, "vmail", self.place_of(address))

    def mailbox(self, address, count, seconds=20):
        """The mails of an address once there are so many."""
        new = os.path.join(self.maildir(address), "new")
        wait_for(f"mail for {address}", lambda: os.path.isdir(new) and len(os.listdir(new)) >= count, seconds)
        found = []
        for name in os.listdir(new):
            with open(os.path.join(new, name), "rb") as f:
                found.append(email.message_from_binary_file(f, policy=email.policy.default))
        return found
