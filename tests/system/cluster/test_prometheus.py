# SPDX-License-Identifier: Apache-2.0
"""deploy/prometheus and deploy/grafana with a real Prometheus: it scrapes a coordinator and a worker through a campaign,
answers the expression of every alarm and every query of the dashboard, and raises an alarm as the worker is killed."""

import json
import os
import re
import shutil
import subprocess
import urllib.parse
import urllib.request

import pytest
import yaml

from support import ROOT, Process, free_port, http_provider, upload, wait_for

DEPLOY = os.path.join(ROOT, "deploy")
PROMETHEUS = os.path.join(DEPLOY, "prometheus")
needs_promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
needs_prometheus = pytest.mark.skipif(shutil.which("prometheus") is None, reason="Prometheus is not installed")
# Panels that show only what was not as it should be, or what did not happen in this test.
MAY_BE_EMPTY = {"Errors of late", "Held back by", "Receipts", "Accepted"}


def load(path):
    with open(path, encoding="utf-8") as f:
        return yaml.safe_load(f) if path.endswith(".yaml") else json.load(f)


def rules():
    return [rule for group in load(os.path.join(PROMETHEUS, "alerts.yaml"))["groups"] for rule in group["rules"]]


def dashboard_queries():
    """(panel, query), with Grafana's variables filled in."""
    for panel in load(os.path.join(DEPLOY, "grafana", "tocsin.json"))["panels"]:
        for target in panel.get("targets", []):
            query = target["expr"].replace("$__rate_interval", "10s")
            yield panel["title"], re.sub(r"\$(instance|provider)", ".*", query)


def anchors(path):
    """Of the headings of a page, as they are linked to."""
    with open(path, encoding="utf-8") as f:
        return {re.sub(r"[^\w\- ]", "", line.lstrip("# ").strip().lower()).replace(" ", "-")
                for line in f if line.startswith("#")}


@needs_promtool
@pytest.mark.parametrize("words", [("check", "rules", "alerts.yaml"), ("check", "config", "prometheus.yaml"),
                                   ("test", "rules", "alerts_test.yaml")])
def test_promtool_finds_nothing(words):
    run = subprocess.run(["promtool", *words], cwd=PROMETHEUS, capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode == 0, run.stdout + run.stderr


def test_each_alarm_is_tested_and_has_a_runbook():
    tested = {check["alertname"]: [] for test in load(os.path.join(PROMETHEUS, "alerts_test.yaml"))["tests"]
              for check in test["alert_rule_test"]}
    for test in load(os.path.join(PROMETHEUS, "alerts_test.yaml"))["tests"]:
        for check in test["alert_rule_test"]:
            tested[check["alertname"]].append(bool(check["exp_alerts"]))
    names = [rule["alert"] for rule in rules()]
    assert len(set(names)) == len(names) and set(names) == set(tested)
    assert all(set(raised) == {True, False} or name == "TocsinLedgerStalled" for name, raised in tested.items()), tested
    for rule in rules():
        page, anchor = rule["annotations"]["runbook"].split("#")
        assert anchor in anchors(os.path.join(ROOT, page)), rule["alert"]
        assert rule["labels"]["severity"] in ("critical", "warning"), rule["alert"]


def test_the_dashboard_is_one_that_grafana_reads():
    dashboard = load(os.path.join(DEPLOY, "grafana", "tocsin.json"))
    panels = dashboard["panels"]
    assert dashboard["uid"] == "tocsin" and dashboard["schemaVersion"] >= 36
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        assert place["x"] + place["w"] <= 24 and not cells & taken, panel["title"]
        taken |= cells
    known = {variable["name"] for variable in dashboard["templating"]["list"]} | {"__rate_interval"}
    assert set(re.findall(r"\$\{?(\w+)", json.dumps(panels))) <= known


class Prometheus:
    """With the configuration of deploy/, but for the targets and for how long it waits."""

    def __init__(self, directory, targets):
        os.makedirs(directory)
        config = load(os.path.join(PROMETHEUS, "prometheus.yaml"))
        config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        for job in config["scrape_configs"]:
            job["static_configs"] = [{"targets": [targets.pop(job["job_name"])]}]
        assert not targets, "these are not scraped by deploy/prometheus/prometheus.yaml"
        alerts = load(os.path.join(PROMETHEUS, "alerts.yaml"))
        for group in alerts["groups"]:
            for rule in group["rules"]:
                rule["for"] = "2s"
        for name, content in (("prometheus.yaml", config), ("alerts.yaml", alerts)):
            with open(os.path.join(directory, name), "w", encoding="utf-8") as f:
                yaml.safe_dump(content, f)
        self.url = f"http://127.0.0.1:{free_port()}"
        self.process = Process(["prometheus", f"--config.file={directory}/prometheus.yaml",
                                f"--storage.tsdb.path={directory}/data", f"--web.listen-address={self.url[7:]}",
                                "--log.level=warn"], os.path.join(directory, "prometheus.log"), cwd=directory)

    def ask(self, path, **parameters):
        query = urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{query}", timeout=20) as answer:
            document = json.load(answer)
        assert document["status"] == "success" and not document.get("warnings"), document
        return document["data"]

    def is_there(self):
        try:
            return [target["health"] for target in self.ask("targets")["activeTargets"]] == ["up", "up"]
        except OSError:
            return False

    def value(self, query):
        result = self.ask("query", query=query)["result"]
        return float(result[0]["value"][1]) if result else None

    def firing(self):
        return {alert["labels"]["alertname"] for alert in self.ask("alerts")["alerts"] if alert["state"] == "firing"}


def wait_until_quiet(prometheus, but_for):
    seen = []

    def is_quiet():
        seen[:] = prometheus.firing() - but_for
        return not seen

    try:
        wait_for("no alarm", is_quiet, 20, 0.5)
    except TimeoutError:
        raise AssertionError(f"still firing: {seen}") from None


@needs_prometheus
def test_a_real_prometheus_answers_everything_and_raises_the_alarm(place, gateway, make_cluster):
    people = 4000
    cluster = make_cluster([http_provider(gateway, rate=400)], workers=0)
    worker_port = free_port()
    worker = cluster.start_worker("w0", env={"TOCSIN_WORKER_METRICS": f"127.0.0.1:{worker_port}"})
    cluster.wait_workers(1)
    prometheus = Prometheus(os.path.join(place, "prometheus"), {
        "tocsin-coordinator": f"127.0.0.1:{cluster.api.port}", "tocsin-worker": f"127.0.0.1:{worker_port}"})
    try:
        wait_for("Prometheus", prometheus.is_there, 60)
        audience = upload(cluster, people)
        campaign = cluster.campaign(audience, "sms", {"sms": {"text": "Dear {{first_name}}"}},
                                    {"until": "acknowledged", "within": "1h"}, priority="critical")["id"]
        path = f"/v1/campaigns/{campaign}"
        wait_for("some to be sent", lambda: cluster.api.get(path)["counts"]["accepted"] > 1500, 60)
        for recipient in range(20):
            cluster.api.post("/v1/acknowledgements", {"campaign": campaign, "recipient": f"r{recipient}"})
        wait_for("all to be sent", lambda: cluster.api.get(path)["counts"]["waiting"] == 0, 60)
        wait_for("the acknowledgements", lambda: prometheus.value("sum(tocsin_sent_to_acknowledged_seconds_count)") == 20, 20)
        for rule in rules():
            prometheus.ask("query", query=rule["expr"])
        empty = {title for title, query in dashboard_queries() if not prometheus.ask("query", query=query)["result"]}
        assert empty <= MAY_BE_EMPTY, empty
        assert prometheus.value('sum(tocsin_class_recipients_left{class="critical"})') is not None
        loaded = {rule["name"]: rule["health"] for group in prometheus.ask("rules")["groups"] for rule in group["rules"]}
        assert set(loaded) == {rule["alert"] for rule in rules()} and set(loaded.values()) <= {"ok", "unknown"}, loaded
        # Nobody had answered for the first seconds; the disk is the machine's own matter.
        wait_until_quiet(prometheus, {"TocsinDiskNearlyFull", "TocsinCommitsSlow"})
        worker.kill()
        wait_for("the alarm", lambda: {"TocsinNoWorkers", "TocsinWorkerDown"} <= prometheus.firing(), 40)
        cluster.start_worker("w1", env={"TOCSIN_WORKER_METRICS": f"127.0.0.1:{worker_port}"})
        wait_for("the end of the alarm", lambda: not {"TocsinNoWorkers", "TocsinWorkerDown"} & prometheus.firing(), 40)
    finally:
        prometheus.process.stop()
