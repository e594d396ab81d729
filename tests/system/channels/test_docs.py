# SPDX-License-Identifier: Apache-2.0
"""docs/channels.md: every example opens, and every key of the adapters is in it."""

import os
import re

import pytest

from peers import HERE, send

yaml = pytest.importorskip("yaml")
ROOT = os.path.join(HERE, "..", "..", "..")


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


DOCS = read("docs/channels.md")
PROVIDERS = [provider for block in re.findall(r"```yaml\n(.*?)```", DOCS, re.S) for provider in yaml.safe_load(block)]


def with_secrets_at_hand(value):
    if isinstance(value, dict):
        return {key: with_secrets_at_hand(inner) for key, inner in value.items()}
    return "env:TOCSIN_TEST_SECRET" if isinstance(value, str) and re.match(r"(env|file):", value) else value


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider["name"])
def test_an_example_opens(tmp_path, provider):
    run = send(tmp_path, provider["adapter"], with_secrets_at_hand(provider["settings"]), [], close_after_ms=1,
               env={"TOCSIN_TEST_SECRET": "s"})
    assert run.summary["count"] == 0


def test_there_are_examples():
    assert {provider["adapter"] for provider in PROVIDERS} == {"http", "smtp"}


@pytest.mark.parametrize("adapter", ["http", "smtp", "null"])
def test_every_key_is_explained(adapter):
    source = read(f"worker/channel/channel_{adapter}.c")
    keys = re.findall(r'(?:KEY\(|\.name = )"([a-z_]+)"', source)
    keys = [key for key in keys if key != adapter]
    section = DOCS.split(f"\n## {adapter}:")[1].split("\n## ")[0]
    explained = re.findall(r"`([a-z_]+)`", section)
    assert keys and [key for key in keys if key not in explained] == []


def test_every_key_of_a_rule_is_explained():
    keys = re.findall(r'\.name = "([a-z_]+)"', read("worker/channel/http_rules.c"))
    assert keys and [key for key in keys if f"`{key}`" not in DOCS and f"{{{key}:" not in DOCS
                     and f"{key}:" not in DOCS] == []
