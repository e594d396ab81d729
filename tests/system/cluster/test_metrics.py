# SPDX-License-Identifier: Apache-2.0
"""/metrics of both programs: promtool finds nothing in them, docs/metrics.md names every metric with its type and labels,
and the numbers are those of what happened."""

import os
import re
import subprocess
import urllib.error
import urllib.request

import pytest

from support import ROOT, free_port, http_provider, upload, wait_for

SAMPLE = re.compile(r"(\w+?)(?:\{(.*)\})? (\S+)")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class Scrape:
    """A text of metrics: families by name, samples by name and labels."""

    def __init__(self, text):
        self.text, self.types, self.labels, self.samples = text, {}, {}, {}
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split()
                self.types[name] = kind
            elif not line.startswith("#"):
                name, labels, value = SAMPLE.fullmatch(line).groups()
                pairs = LABEL.findall(labels or "")
                self.samples[name, frozenset(pairs)] = float(value)
                family = name if name in self.types else name.rsplit("_", 1)[0]
                self.labels.setdefault(family, set()).update(label for label, _ in pairs if label != "le")

    def value(self, name, **labels):
        return self.samples.get((name, frozenset(labels.items())), 0)

    def sum(self, name, **labels):
        return sum(value for (of, pairs), value in self.samples.items() if of == name and labels.items() <= set(pairs))


def fetch(port, path="/metrics", method="GET", data=None):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=data, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.headers, answer.read().decode()


def scrape(port):
    headers, text = fetch(port)
    assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return Scrape(text)


@pytest.fixture
def watched(gateway, make_cluster):
    """A coordinator and a worker of two loops with metrics, over a gateway."""
    cluster = make_cluster([http_provider(gateway), http_provider(gateway, name="other", channel="email")], workers=0)
    cluster.metrics_port = free_port()
    cluster.start_worker("w0", 2, env={**os.environ, "TOCSIN_WORKER_METRICS": f"127.0.0.1:{cluster.metrics_port}"})
    cluster.wait_workers(2)
    return cluster


def documented():
    """Name -> (type, unit, labels), of each program's tables in docs/metrics.md; and the names of what is there only with
    certain settings: those of its subsections."""
    programs, rare = {}, set()
    with open(os.path.join(ROOT, "docs", "metrics.md"), encoding="utf-8") as f:
        for line in f:
            if line.startswith("## "):
                rows, is_rare = programs.setdefault(line[3:].strip(), {}), False
            is_rare = is_rare or line.startswith("### ") if programs else False
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if line.startswith("| `"):
                labels = {label.strip("` ") for label in cells[3].split(",")} - {""}
                assert cells[0].strip("`") not in rows, cells[0]
                rows[cells[0].strip("`")] = (cells[1], cells[2], labels)
                rare.update([cells[0].strip("`")] if is_rare else [])
    return programs, rare


def unit_of(name):
    for unit in ("seconds", "bytes"):
        if re.search(f"_{unit}(_total)?$", name):
            return unit
    return ""


def test_the_page_names_all_metrics_and_promtool_finds_nothing(watched):
    people = 3000
    cluster = watched
    audience = upload(cluster, people)
    plan = {"until": "acknowledged", "within": "10m"}
    campaign = cluster.campaign(audience, "sms", {"sms": {"text": "Dear {{first_name}}"}}, plan)["id"]
    path = f"/v1/campaigns/{campaign}"
    wait_for("all accepted", lambda: cluster.api.get(path)["counts"]["accepted"] == people)
    cluster.api.post("/v1/acknowledgements", {"campaign": campaign, "recipient": "r7"})
    wait_for("the worker's numbers", lambda: scrape(cluster.metrics_port).value(
        "tocsin_worker_outcomes_total", provider="gateway", outcome="accepted") == people, 5)
    both = {"Coordinator": scrape(cluster.tapped(cluster.api_port)), "Worker": scrape(cluster.metrics_port)}
    pages, rare = documented()
    for program, found in both.items():
        run = subprocess.run(["promtool", "check", "metrics"], input=found.text, capture_output=True, text=True,
                             check=False, timeout=30)
        assert run.returncode == 0 and run.stdout + run.stderr == "", f"{program}: {run.stdout}{run.stderr}"
        page = pages[program]
        unsaid, unseen = sorted(found.types.keys() - page.keys()), sorted(page.keys() - found.types.keys() - rare)
        assert not unsaid, f"docs/metrics.md, {program}: these have no row: {unsaid}"
        assert not unseen, f"docs/metrics.md, {program}: nobody exports these: {unseen}"
        for name, kind in found.types.items():
            assert page[name][:2] == (kind, unit_of(name)), name
            assert found.labels.get(name, set()) <= page[name][2], name
            if kind != "histogram":  # of those there may be no series yet
                assert found.labels.get(name, set()) == page[name][2], name
    # The numbers.
    coordinator, worker = both["Coordinator"], both["Worker"]
    for name in ("tocsin_due_to_lease_seconds", "tocsin_lease_to_outcome_seconds"):
        assert coordinator.value(f"{name}_count", provider="gateway", **{"class": "normal"}) == people
        assert coordinator.sum(f"{name}_count") == people
    assert coordinator.value("tocsin_outcome_to_durable_seconds_count") == people
    assert coordinator.value("tocsin_sent_to_acknowledged_seconds_count", channel="sms", **{"class": "normal"}) == 1
    assert coordinator.value("tocsin_acknowledgements_total", **{"class": "normal"}) == 1
    assert coordinator.value("tocsin_class_recipients_awaited", **{"class": "normal"}) == people - 1
    assert coordinator.value("tocsin_class_running_campaigns", **{"class": "normal"}) == 1
    assert coordinator.value("tocsin_ledger_record_bytes_count") == coordinator.value("tocsin_ledger_commits_total")
    assert coordinator.value("tocsin_ledger_record_bytes_sum") == coordinator.value("tocsin_ledger_commit_bytes_total")
    assert 0 < coordinator.value("tocsin_ledger_commit_duration_seconds_count") <= \
        coordinator.value("tocsin_ledger_commits_total")
    assert worker.value("tocsin_worker_loops_connected") == worker.value("tocsin_worker_loops") == 2
    assert worker.value("tocsin_worker_attempt_duration_seconds_count", provider="gateway") == people
    assert 1 <= worker.value("tocsin_worker_connections", provider="gateway") <= 32
    assert worker.value("tocsin_worker_connections_opened_total", provider="gateway") <= 32
    assert worker.value("tocsin_worker_sent_bytes_total", provider="gateway") > people * 100
    assert worker.value("tocsin_worker_received_bytes_total", provider="gateway") > people * 100
    assert worker.value("tocsin_worker_attempts_in_flight", provider="gateway") == 0
    assert worker.value("tocsin_worker_provider_open_loops", provider="other") == 2
    assert worker.value("tocsin_worker_connections", provider="other") == 0


def test_the_worker_serves_nothing_else(watched):
    port = watched.metrics_port
    for path, method, data, status in (("/", "GET", None, 404), ("/metrics/", "GET", None, 404),
                                       ("/metrics", "POST", b"x" * 100000, 405), ("/metrics", "DELETE", None, 405)):
        with pytest.raises(urllib.error.HTTPError) as refused:
            fetch(port, path, method, data)
        assert refused.value.code == status, (path, method)
    assert fetch(port, method="HEAD")[1] == ""
    assert scrape(port).value("tocsin_worker_loops") == 2


def test_a_worker_says_why_it_cannot_serve_metrics(watched):
    program = watched.program("tocsin-worker")
    for address, why in ((f"127.0.0.1:{watched.metrics_port}", "is in use by another process"),
                         ("9465", "write it as \"127.0.0.1:7480\""), ("127.0.0.1:99999", "no address to listen on")):
        run = subprocess.run([program, "--name", "w9", "--metrics", address], capture_output=True, text=True, timeout=20,
                             check=False)
        assert run.returncode == 1 and why in run.stderr and "metrics" in run.stderr, run.stderr


def test_a_worker_serves_metrics_to_other_machines_only_if_told_so(watched):
    program, address = watched.program("tocsin-worker"), f"0.0.0.0:{free_port()}"
    run = subprocess.run([program, "--name", "w9", "--metrics", address], capture_output=True, text=True, timeout=20, check=False)
    assert run.returncode == 1 and f"metrics: {address} can be reached from other machines" in run.stderr, run.stderr
    assert "metrics_allow_remote: true (--metrics-allow-remote)" in run.stderr
    worker = subprocess.Popen([program, "--name", "w9", "--metrics", address, "--metrics-allow-remote", "--coordinator",
                               f"tcp://127.0.0.1:{free_port()}"], stderr=subprocess.DEVNULL)
    try:
        port = int(address.rsplit(":", 1)[1])
        wait_for("the metrics", lambda: is_served(port), 20)
        assert scrape(port).value("tocsin_worker_loops") == 1
    finally:
        worker.kill()
        worker.wait(20)


def is_served(port):
    try:
        return fetch(port)
    except OSError:
        return False
