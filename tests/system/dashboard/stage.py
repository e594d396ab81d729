#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A stage for the dashboard: a cluster of a power company on an ordinary bad day, with real gateways (nginx) that refuse
some and throttle, people who acknowledge, and people who write back.

    tests/system/dashboard/stage.py [DIRECTORY]     sets it up, says where it is, and stays until it is ended
"""

import http.client
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..", "..")
sys.path.insert(0, os.path.join(ROOT, "tests", "harness"))

from cluster import Cluster, start_nginx, wait_for  # noqa: E402

BUILD = os.environ.get("TOCSIN_BUILD") or os.path.join(ROOT, "build", "dev")
FIRST = ("Anna", "Bjørn", "Chinedu", "Dagmar", "Eirik", "Fatima", "Gustav", "Hanne", "Ingrid", "Jonas", "Kari", "Lars",
         "Maja", "Nils", "Oda", "Per", "Ragnhild", "Sven", "Tuva", "Yusuf")
LAST = ("Berg", "Dahl", "Eide", "Fosse", "Haugen", "Iversen", "Lie", "Moen", "Nygård", "Okafor", "Strand", "Vik")
CITIES = ("Oslo", "Bergen", "Trondheim", "Stavanger", "Tromsø", "Bodø")
# Of a hundred: 4 are refused for good, 5 are told to come again, the others are taken.
MOODY = """if ($request_id ~ "^0[0-9]") { return 410; } if ($request_id ~ "^1[0-9a-c]") { return 503; } return 202;"""

# Of a hundred 6 are refused for good, and nobody is told to come again.
PICKY = """if ($request_id ~ "^0") { return 410; } return 202;"""


def provider(port, name, channel, path, **more):
    return {"name": name, "channel": channel, "adapter": "http", "receipts": True,
            "settings": {"url": f"http://127.0.0.1:{port}{path}", "method": "POST", "format": "json",
                         "body": '{"to":"{{to}}","text":"{{text}}"}', "connections": 8,
                         "headers": {"Idempotency-Key": "{{token}}", "X-Recipient": "{{id}}"}}, **more}


def customers(count, seed=1, first=100001):
    """A CSV; some have no e-mail address, some no app, and one tries to be HTML."""
    dice = random.Random(seed)
    rows = ["id,phone,email,push_token,first_name,last_name,city,locale"]
    for i in range(count):
        given, family = dice.choice(FIRST), dice.choice(LAST)
        email = f"{given}.{family}.{i}@mail.example".lower() if dice.random() < 0.85 else ""
        push = f"app-{dice.getrandbits(64):016x}" if dice.random() < 0.6 else ""
        phone = f"+4790{first % 1000000 + i:06d}" if dice.random() < 0.97 else ""
        name = "<img src=x onerror=alert(1)>" if i == 7 else given
        rows.append(f"C{first + i},{phone},{email},{push},{name},{family},{dice.choice(CITIES)},{dice.choice(('nb', 'en', 'de'))}")
    return ("\n".join(rows) + "\n").encode()


NIGHT = {"steps": [{"channel": "push", "until": "acknowledged", "within": "5m", "attempts": 2},
                   {"channel": "voice", "until": "acknowledged", "repeat": {"every": "10m", "times": 3}}]}

# Names as somebody may write them: long, from right to left, and like HTML.
RIGHT_TO_LEFT = "انقطاع التيار الكهربائي في بيرغن — <b>إشعار ثانٍ</b> للمستشفيات"
LONG = "Second notice to everybody north of the fjord whose power comes by the line that the landslide took on Sunday, and what to do"


class Stage:
    """Everything that runs, and what is known of it."""

    def __init__(self, directory, people=6000, rate=60.0, has_odd=True):
        self.directory = directory
        self.has_odd = has_odd
        self.nginx, port = start_nginx(os.path.join(directory, "nginx"), {"/": "return 202;", "/moody": MOODY,
                                                                         "/picky": PICKY, "/busy": "return 429;"})
        providers = [
            provider(port, "app", "push", "/moody", rate=rate * 4),
            provider(port, "nordic-sms", "sms", "/moody", rate=rate, weight=3),
            provider(port, "backup-sms", "sms", "/busy", rate=rate / 2, weight=1),
            provider(port, "calls", "voice", "/moody", rate=rate / 6),
            provider(port, "relay", "email", "/", rate=rate * 50),
            provider(port, "picky", "chat", "/picky", rate=60),
        ]
        settings = {"lease": "5s", "heartbeat": "500ms", "log_level": "warn"}
        self.cluster = Cluster(os.path.join(directory, "cluster"), BUILD, providers, settings)
        self.people = people
        self.audiences = {}
        self.campaigns = {}
        self.tokens = {}
        try:
            self.cluster.start_coordinator()
            for name in ("worker-north", "worker-south"):
                self.cluster.start_worker(name)
            self.cluster.wait_workers(2)
        except BaseException:
            self.close()
            raise

    @property
    def api(self):
        return self.cluster.api

    @property
    def url(self):
        return self.cluster.url(is_for_later=True)

    def token(self, name, role):
        return self.api.post("/v1/tokens", {"name": name, "role": role, "expires_in": "1d"})["token"]

    def known(self):
        """What a script in the browser has to know."""
        campaign = self.campaigns
        return {"url": self.url, "directory": self.directory, "tocsin": self.cluster.program("tocsin"), "token": self.api.token, "operator": self.tokens["duty"], "viewer": self.tokens["wall"],
                "running": campaign["Power outage, first notice"], "draft": campaign["Invoices are late this month"],
                "stopped": campaign["Stromausfallbenachrichtigungsaktualisierung"], "finished": campaign["Planned work on Saturday"],
                "followUp": campaign["Follow-up by e-mail"], "eight": campaign.get(RIGHT_TO_LEFT), "audience": self.audiences["Customers in the north"], "person": "C100003"}

    def audience(self, name, count, seed):
        rows = customers(count, seed, 100001 * seed) + b"C1,not a number,,,Odd,Row,Oslo,nb\n"
        answer = self.api.upload(rows, name.replace(" ", "%20"), "on_error=skip")
        if answer.status != 201:
            raise RuntimeError(f"{answer.status} {answer.body!r}")
        self.audiences[name] = answer.json()["id"]
        return self.audiences[name]

    def campaign(self, name, audience, steps, launch=True, **more):
        texts = {"push": {"subject": "Northern Light", "text": "Dear {{first_name}}, the power in {{city}} is out. Open the app to confirm."},
                 "sms": {"text": "Dear {{first_name}}, the power in {{city}} is out until about 18:00. Please confirm that you know."},
                 "voice": {"text": "This is Northern Light. The power in {{city}} is out. Press one to confirm."},
                 "email": {"subject": "The power in {{city}}", "text": "Dear {{first_name}} {{last_name}},\n\nthe power in {{city}} is out until about 18:00.\n\nNorthern Light"}}
        document = {"name": name, "audience": audience, "plan": {"steps": steps},
                    "content": {step["channel"]: texts[step["channel"]] for step in steps}, **more}
        view = self.api.post("/v1/campaigns", document)
        self.campaigns[name] = view["id"]
        if launch:
            self.api.post(f"/v1/campaigns/{view['id']}/launch", {} if launch is True else launch)
        return view["id"]

    def counts(self, campaign):
        return self.api.get(f"/v1/campaigns/{campaign}")["counts"]

    def provider_of(self, campaign, key):
        """The provider that took his newest message; None: nobody did."""
        timeline = self.api.get(f"/v1/campaigns/{campaign}/recipients/{key}")["timeline"]
        taken = [event["provider"] for event in timeline if event["event"] == "accepted"]
        return taken[-1] if taken else None

    def receipts(self, campaign, delivered, acknowledged, most=150, dice=None):
        """Some of those whom a provider took a message for have it, and some of them say so."""
        dice = dice or random.Random(5)
        page = self.api.get(f"/v1/campaigns/{campaign}/recipients?state=accepted&limit=1000")["items"]
        people = dice.sample(page, min(most, len(page)))
        reports = []
        for item in people:
            if dice.random() < delivered:
                report = {"provider": self.provider_of(campaign, item["key"]), "status": "delivered", "campaign": campaign,
                          "recipient": item["key"]}
                if dice.random() < 0.06:
                    report.update(status="failed", reason=dice.choice((1610, 1650, 1651, 1652)))
                reports.append(report)
        if reports:
            self.api.post("/v1/receipts", reports)
        for item in people:
            if dice.random() < acknowledged:
                self.api.post("/v1/acknowledgements", {"campaign": campaign, "recipient": item["key"]})

    def replies(self, campaign, audience):
        people = self.api.get(f"/v1/campaigns/{campaign}/recipients?state=delivered&limit=20")["items"]
        said = ("STOP", "Who is this?", "Thank you! Is the water safe to drink?", "<b>When</b> is it over? <script>alert(1)</script>",
                "HELP", "START", "We are four at home, one of us needs her respirator. Please call!", "ok")
        for item, text in zip(people, said):
            values = self.api.get(f"/v1/audiences/{audience}/recipients/{item['key']}")["values"]
            if values.get("phone"):
                self.api.post("/v1/replies", {"channel": "sms", "from": values["phone"], "text": text, "provider": "nordic-sms"})

    def set(self):
        """The day so far."""
        self.tokens = {"duty": self.token("duty", "operator"), "wall": self.token("wall", "viewer")}
        self.api.call("PUT", "/v1/plans/outage-at-night", NIGHT)
        north = self.audience("Customers in the north", self.people, 1)
        south = self.audience("Hospitals and nursing homes", 240, 2)
        self.campaign("Planned work on Saturday", south, [{"channel": "email"}])
        done = self.campaign("Water main in Bergen: boil your water", south,
                             [{"channel": "sms", "until": "delivered", "within": "20m", "backoff": "1s", "attempts": 2}], priority="high")
        self.campaign("Invoices are late this month", north, [{"channel": "email"}], launch=False)
        stopped = self.campaign("Stromausfallbenachrichtigungsaktualisierung", south,
                                [{"channel": "push", "attempts": 1}], stop_rules={"failed": {"count": 1}})
        wait_for("the first campaigns", lambda: self.counts(done)["waiting"] == 0, 60)
        wait_for("the stop", lambda: self.api.get(f"/v1/campaigns/{stopped}")["state"] != "running", 60)
        self.receipts(done, 1.0, 0.55)
        main = self.campaign("Power outage, first notice", north, [
            {"channel": "push", "until": "acknowledged", "within": "20s", "attempts": 2, "backoff": "2s"},
            {"channel": "sms", "until": "acknowledged", "within": "15m", "attempts": 3, "backoff": "5s"},
            {"channel": "voice", "until": "acknowledged", "within": "30m", "attempts": 2, "backoff": "10s"}],
            priority="critical")
        self.campaign("Follow-up by e-mail", north, [{"channel": "email"}], rate=self.people / 120)
        self.replies(done, south)
        if self.has_odd:
            self.set_odd(south)
        return main

    def set_odd(self, audience):
        """What a page has to bear."""
        self.campaign(RIGHT_TO_LEFT, audience, [
            {"channel": channel, "until": "acknowledged", "within": f"{3 + at}s", "attempts": 1, "backoff": "1s"}
            for at, channel in enumerate(("push", "sms", "voice", "email") * 2)], priority="bulk")
        begin = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 100 * 86400))
        self.campaign(LONG, audience, [{"channel": "email"}], launch={"at": begin}, priority="high")

    def go_on(self, campaign, stop):
        """People confirm, a few at a time."""
        dice = random.Random(9)
        while not stop.wait(2.0):
            try:
                self.receipts(campaign, 0.6, 0.35, 60, dice)
            except (OSError, RuntimeError, http.client.HTTPException):
                pass  # a test has killed the coordinator

    def close(self):
        self.cluster.close()
        self.nginx.stop()


class EmptyStage:
    """A coordinator on its first day: no provider, no worker, nobody was ever told anything."""

    def __init__(self, directory):
        self.directory = directory
        self.cluster = Cluster(os.path.join(directory, "cluster"), BUILD, [], {"log_level": "warn"})
        try:
            self.cluster.start_coordinator()
        except BaseException:
            self.close()
            raise

    def known(self):
        return {"empty": True, "url": f"http://127.0.0.1:{self.cluster.api_port}", "directory": self.directory,
                "token": self.cluster.api.token}

    def close(self):
        self.cluster.close()


def main():
    directory = sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp(prefix="tocsin-stage.")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    stage = Stage(directory)
    try:
        campaign = stage.set()
        print(json.dumps(stage.known()), flush=True)
        stage.go_on(campaign, stop)
    finally:
        stage.close()


if __name__ == "__main__":
    main()
