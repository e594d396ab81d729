# SPDX-License-Identifier: Apache-2.0
"""docs/channels.md and its pages: every adapter of the worker is in them with an example, every example opens and is taken by
the coordinator, and every key is explained where its adapter is."""

import glob
import os
import re
import subprocess

import pytest

from peers import HERE, send

yaml = pytest.importorskip("yaml")
ROOT = os.path.join(HERE, "..", "..", "..")
WORKER, COORDINATOR = os.environ.get("WORKER"), os.environ.get("COORDINATOR")

# What an adapter takes for a secret, by adapter and key, where "s" is none. A key inside a map or a list counts as the outer one.
VAPID_KEY = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"  # of RFC 7515, appendix A.3
SECRETS = {("webpush", "key"): VAPID_KEY, ("push", "webpush"): VAPID_KEY, ("webhook", "keys"): "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
           ("teams", "secrets"): "https://flow.example/workflows/9f?sig=a"}


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


OVERVIEW = read("docs/channels.md")
OTHERS = {"mailin"}  # pages of what is no adapter
PAGES = {os.path.basename(path)[:-3]: read(path) for path in sorted(glob.glob(os.path.join(ROOT, "docs/channels/*.md")))}
BLOCKS = [block for page in [OVERVIEW, *PAGES.values()] for block in re.findall(r"```yaml\n(.*?)```", page, re.S)]
PROVIDERS = [provider for block in BLOCKS for provider in yaml.safe_load(block)]


def adapters():
    if WORKER is None:
        return re.findall(r'X\("([a-z_]+)",', read("proto/adapter.h"))
    out = subprocess.run([WORKER, "--version"], capture_output=True, timeout=20, check=True).stdout.decode()
    return re.search(r"^adapters:(.*)$", out, re.M).group(1).replace(",", " ").split()


ADAPTERS = adapters()


def text_of(adapter):
    """What is written of an adapter: its page, or its section of the overview."""
    if adapter in PAGES:
        return PAGES[adapter]
    sections = OVERVIEW.split(f"\n## {adapter}: ")
    assert len(sections) == 2, f"{adapter} has neither docs/channels/{adapter}.md nor a section of docs/channels.md"
    return sections[1].split("\n## ")[0]


def sources_of(adapter):
    """channel_sms.c and channel_sms_*.c, but not those of an adapter sms_voice."""
    longer = [other for other in ADAPTERS if other.startswith(adapter + "_")]
    files = glob.glob(os.path.join(ROOT, f"worker/channel/channel_{adapter}.c"))
    files += glob.glob(os.path.join(ROOT, f"worker/channel/channel_{adapter}_*.c"))
    return [read(path) for path in files
            if not any(os.path.basename(path).startswith(f"channel_{other}") for other in longer)]


def with_secrets_at_hand(value, adapter, env, key=None):
    if isinstance(value, dict):
        return {inner: with_secrets_at_hand(each, adapter, env, key or inner) for inner, each in value.items()}
    if isinstance(value, list):
        return [with_secrets_at_hand(each, adapter, env, key) for each in value]
    if not isinstance(value, str) or not re.match(r"(env|file):", value):
        return value
    name = f"TOCSIN_TEST_{key.upper()}"
    env[name] = SECRETS.get((adapter, key), "s")
    return f"env:{name}"


def test_every_adapter_has_an_example():
    assert ADAPTERS and set(ADAPTERS) == {provider["adapter"] for provider in PROVIDERS}


def test_the_overview_links_every_page_and_no_other():
    assert set(re.findall(r"\(channels/([a-z_]+)\.md\)", OVERVIEW)) == set(PAGES) <= set(ADAPTERS) | OTHERS
    assert sorted(re.findall(r"^\| `([a-z_]+)` \|.*\]\(", OVERVIEW, re.M)) == sorted(ADAPTERS)


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider["name"])
def test_an_example_opens(tmp_path, provider):
    env = {}
    settings = with_secrets_at_hand(provider.get("settings", {}), provider["adapter"], env)
    run = send(tmp_path, provider["adapter"], settings, [], close_after_ms=1, env=env)
    assert run.summary["count"] == 0


@pytest.mark.skipif(COORDINATOR is None, reason="the coordinator is not built")
@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: yaml.safe_load(block)[0]["name"])
def test_an_example_is_taken_by_the_coordinator(tmp_path, block):
    path = tmp_path / "coordinator.yaml"
    path.write_text("data_dir: /var/lib/tocsin\nproviders:\n" + block, encoding="utf-8")
    run = subprocess.run([COORDINATOR, "--check-settings", path], capture_output=True, timeout=20)
    assert (run.returncode, run.stderr.decode()) == (0, "")


def keys_in(source):
    """Those of the tables that adapters share, too: a macro ..._KEYS of a header."""
    keys = re.findall(r'(?:KEY\w*\([^"\n]*|\.name = )"([a-z_]+)"', source)
    shared = set(re.findall(r"\b([A-Z]+(?:_[A-Z]+)*_KEYS)\(", source)) - set(re.findall(r"#define ([A-Z_]+_KEYS)\(", source))
    for header in glob.glob(os.path.join(ROOT, "worker/channel/*.h")):
        text = read(header)
        if any(f"#define {name}(" in text for name in shared):
            keys += keys_in(text)
    return keys


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_every_key_is_explained(adapter):
    keys = [key for source in sources_of(adapter) for key in keys_in(source)]
    keys = [key for key in keys if key != adapter]
    explained = re.findall(r"`([a-z_]+)`", text_of(adapter))
    assert keys and [key for key in keys if key not in explained] == []


def test_every_key_of_a_rule_is_explained():
    keys = re.findall(r'\.name = "([a-z_]+)"', read("worker/channel/http_rules.c"))
    assert keys and [key for key in keys if f"`{key}`" not in OVERVIEW and f"{{{key}:" not in OVERVIEW
                     and f"{key}:" not in OVERVIEW] == []
