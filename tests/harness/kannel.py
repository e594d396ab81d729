# SPDX-License-Identifier: Apache-2.0
"""Kannel of the test's own: bearerbox, smsbox and the fake SMSC that comes with it, in one directory."""

import os
import re
import shutil
import time

from cluster import Process, free_port, port_answers, wait_for

FAKE_SMSC = "/usr/lib/kannel/test/fakesmsc"
SHORT_NUMBER = "12345"
USER, PASSWORD = "tester", "foobar"

CORE = """
group = core
admin-port = {admin}
admin-interface = "127.0.0.1"
admin-password = admpw
status-password = stpw
smsbox-port = {smsbox}
smsbox-interface = "127.0.0.1"
log-file = "{dir}/bearerbox.log"
dlr-storage = internal
store-type = file
store-location = "{dir}/store"
sms-resend-freq = 2
"""

FAKE = """
group = smsc
smsc = fake
smsc-id = FAKE
port = {smsc}
connect-allow-ip = 127.0.0.1
"""

SMPP = """
group = smsc
smsc = smpp
smsc-id = SMPP
host = 127.0.0.1
port = {smpp}
transceiver-mode = true
smsc-username = tocsin
smsc-password = secret
system-type = ""
"""

BOX = """
group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sendsms}
sendsms-interface = "127.0.0.1"
http-request-retry = 3
http-queue-delay = 1

group = sendsms-user
username = tester
password = foobar
max-messages = 10
concatenation = true

group = sms-service
keyword = default
catch-all = true
max-messages = 0
{answer}
"""


def is_there():
    return shutil.which("bearerbox") is not None and os.path.exists(FAKE_SMSC)


class Kannel:
    """`replies_to`: the URL that gets what people send, with Kannel's escapes (%p, %P, %b ..). `smpp`: the port of an SMSC that
    takes the place of the fake one."""

    def __init__(self, directory, replies_to=None, smpp=None):
        self.dir = str(directory)
        os.makedirs(self.dir, exist_ok=True)
        self.ports = {name: free_port() for name in ("admin", "smsbox", "smsc", "sendsms")}
        self.is_fake = smpp is None
        self.smsc = None
        self.smsc_logs = []
        self.processes = []
        answer = f'get-url = "{replies_to}"' if replies_to else 'text = "x"'
        text = CORE + (FAKE if self.is_fake else SMPP) + BOX
        with open(os.path.join(self.dir, "kannel.conf"), "w", encoding="utf-8") as f:
            f.write(text.format(dir=self.dir, answer=answer, smpp=smpp, **self.ports).lstrip())

    def run(self, name, argv, port=None):
        process = Process(argv, os.path.join(self.dir, f"{name}.out"))
        self.processes.append(process)
        if port is not None:
            wait_for(name, lambda: port_answers(self.ports[port]), 20)
        return process

    def start(self):
        config = os.path.join(self.dir, "kannel.conf")
        self.run("bearerbox", ["bearerbox", config], "smsbox")
        self.run("smsbox", ["smsbox", config], "sendsms")
        if self.is_fake:
            self.start_smsc("+4790000000", "hello")

    def start_smsc(self, number, text):
        """The fake SMSC passes on one message, as it insists on, then prints what it gets, and calls all of it a success."""
        log = f"fakesmsc{len(self.smsc_logs)}"
        self.smsc = self.run(log, [FAKE_SMSC, "-H", "127.0.0.1", "-r", str(self.ports["smsc"]), "-i", "1", "-m",
                                   "1", f"{number} {SHORT_NUMBER} text {text}"])
        self.smsc_logs.append(self.smsc.log)
        time.sleep(1)

    def stop_smsc(self):
        self.processes.remove(self.smsc)
        self.smsc.stop(5)

    def reply(self, number, text):
        """Somebody writes."""
        self.stop_smsc()
        self.start_smsc(number, text)

    def url(self, path="/cgi-bin/sendsms"):
        return f"http://127.0.0.1:{self.ports['sendsms']}{path}"

    def received(self):
        """What the fake SMSC has printed so far, of all its lives."""
        texts = []
        for log in self.smsc_logs:
            with open(log, encoding="utf-8", errors="replace") as f:
                texts.append(f.read())
        return "".join(texts)

    def messages(self):
        """(number, text) of each message that the fake SMSC has got."""
        return re.findall(rf"<{SHORT_NUMBER} (\S+) (?:text|data|udh) (.*)>", self.received())

    def stop(self):
        for process in reversed(self.processes):
            process.stop(5)
        self.processes = []

    kill = stop  # as Cluster.close ends the others
