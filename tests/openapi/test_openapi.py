# SPDX-License-Identifier: Apache-2.0
"""docs/openapi.yaml against the route table that is compiled in, and the checker against answers that are wrong."""

import copy
import json
import os
import re
import subprocess
import sys

import pytest

from description import FILE, Description

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "harness"))

from node_peer import arguments_of, environment  # noqa: E402

BUILD = os.environ["TOCSIN_BUILD"]
DESCRIPTION = Description()


def named(pattern):
    """A path without the names of its parts: they may be called differently."""
    return re.sub(r"\{\w+\}", "{}", pattern)


def table():
    """{(method, path): (roles, parameters or None)} of bin/print_routes."""
    done = subprocess.run([os.path.join(BUILD, "bin", "print_routes")], stdout=subprocess.PIPE, text=True, check=True)
    routes = {}
    for line in done.stdout.splitlines():
        _, method, pattern, roles, parameters, _ = line.split()
        known = None if parameters == "*" else [] if parameters == "-" else parameters.split(",")
        routes[method, named(pattern)] = (roles.split(","), known)
    assert len(routes) > 50
    return routes


def described():
    return {(method, named(path)): (operation, parameters) for method, path, operation, parameters in DESCRIPTION.operations()}


def test_every_route_is_described_and_nothing_else():
    missing = sorted(set(table()) - set(described()))
    surplus = sorted(set(described()) - set(table()))
    assert not missing, f"docs/openapi.yaml lacks {missing}"
    assert not surplus, f"docs/openapi.yaml describes what is no route: {surplus}"


def test_the_roles_are_those_of_the_table():
    for key, (roles, _) in table().items():
        operation = described()[key][0]
        assert operation["x-roles"] == roles, f"x-roles of {key}"
        is_open = roles == ["anybody"]
        assert operation.get("security", DESCRIPTION.document["security"]) == ([] if is_open else [{"token": []}]), f"security of {key}"


def test_the_parameters_are_those_of_the_table():
    for key, (_, known) in table().items():
        if known is not None:
            names = sorted(parameter["name"] for parameter in described()[key][1] if parameter["in"] == "query")
            assert names == sorted(known), f"parameters of {key}"


def test_what_changes_something_takes_an_idempotency_key():
    for method, path, _, parameters in DESCRIPTION.operations():
        if path.startswith("/v1/") and method != "GET" and not path.endswith("/preflight"):
            assert any(parameter["name"] == "Idempotency-Key" for parameter in parameters), f"{method} {path}"


def test_every_type_of_event_is_described_with_its_data_and_no_other():
    with open(os.path.join(os.path.dirname(FILE), "..", "coordinator", "content", "feed_kind.h"), encoding="utf-8") as f:
        types = [f"com.tocsin.{word}" for word in re.findall(r'^    X\(\w+, "([a-z.]+)", (?:true|false)\)', f.read(), re.M)]
    event = DESCRIPTION.document["components"]["schemas"]["Event"]
    assert len(types) > 20 and sorted(event["properties"]["type"]["enum"]) == sorted(types)
    for name in types:
        rules = [part for part in event["allOf"] if not DESCRIPTION.errors_of(part["if"], {"type": name})]
        assert len(rules) == 1 and "$ref" in rules[0]["then"]["properties"]["data"], name


def test_the_linter_finds_nothing():
    done = subprocess.run(arguments_of("openapi_lint.js", [FILE]), env=environment(), stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout


# ---- the checker ----

AUDIENCE = {"id": "a1", "name": "x", "created_at": "2026-11-23T10:00:00.123Z", "rows": 1, "accepted": 1, "duplicates": 0, "refused": 0,
            "pages": 1, "page_bytes": 100, "columns": [{"name": "id", "field": "id"}], "reachable": {"email": 1}}


def check(value, method="GET", path="/v1/audiences/a1", status=200, media="application/json"):
    return DESCRIPTION.check(method, path, status, media, json.dumps(value))


def test_a_right_answer_passes():
    assert check(AUDIENCE) is None
    assert check({"items": [AUDIENCE], "next": None}, path="/v1/audiences?limit=1") is None


@pytest.mark.parametrize("change", [
    lambda a: a.pop("rows"), lambda a: a.update(rows="1"), lambda a: a.update(more=1), lambda a: a.update(id="c1"),
    lambda a: a["columns"].append({"name": 7}), lambda a: a["reachable"].update(email=None)])
def test_a_wrong_answer_is_found_alone_and_in_a_list(change):
    wrong = copy.deepcopy(AUDIENCE)
    change(wrong)
    assert check(wrong)
    assert check({"items": [AUDIENCE, wrong], "next": None}, path="/v1/audiences")


def test_what_is_not_described_is_found():
    assert check(AUDIENCE, status=299)
    assert check(AUDIENCE, media="text/plain")
    assert check(AUDIENCE, path="/v1/nothing")
    assert check({"items": []}, path="/v1/audiences")
    assert check({"status": 404}, status=404, media="application/problem+json")
