#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads every #include of the tree and names each edge that the house does not allow.

The tables below are the plan of the house. A new room is a row in ROOMS and one in MAY_INCLUDE; a
library with few homes is a row in HOMES. Tests and benchmarks may include what they like.

    check_includes.py [ROOT]
"""

import re
import sys
from pathlib import Path

# Folder (or file) -> room. The longest match counts. Worker files that hold no socket, loop or clock are a room
# of their own.
WORKER_CORE = ("catalog", "credit", "delivery", "delivery_core", "delivery_report", "delivery_session",
               "delivery_start", "flight", "inbox", "lane", "merge", "outbox", "outcome_run", "recent", "render", "session", "throttle")
# Of mailin the reading of mails knows no file, socket or clock either.
MAIL_CORE = ("address_list", "html_text", "mail_decode", "mail_finding", "mail_header", "mail_message", "mail_reply",
             "mail_report")
# What the journal's bytes are. The engine and the ledger write them; whoever checks a bundle of evidence reads them
# and has neither.
JOURNAL = ("engine/event", "engine/event_rows", "engine/record", "engine/delivery_state", "ledger/chain")
ROOMS = {
    "common": "common",
    "proto": "proto",
    "net": "net",
    "coordinator": "coordinator",
    "coordinator/engine": "engine",
    "coordinator/ledger": "ledger",
    **{f"coordinator/{noun}.{ext}": "journal" for noun in JOURNAL for ext in "ch"},
    "evidence": "evidence",
    "coordinator/audience": "audience",
    "coordinator/content": "content",
    "coordinator/report": "report",
    "coordinator/cluster": "cluster",
    "coordinator/link": "link",
    "coordinator/inbound": "inbound",
    "coordinator/bearer": "bearer",
    "coordinator/identity": "identity",
    "coordinator/http": "http",
    "coordinator/api": "api",
    "worker": "worker",
    "worker/channel": "channel",
    **{f"worker/{noun}.{ext}": "worker core" for noun in WORKER_CORE for ext in "ch"},
    "cli": "cli",
    "mailin": "mailin",
    **{f"mailin/{noun}.{ext}": "mail" for noun in MAIL_CORE for ext in "ch"},
}
FREE = ("tests", "bench")

# Room -> rooms whose headers it may include, besides its own.
MAY_INCLUDE = {
    "common": [],
    "proto": ["common"],
    "net": ["common", "proto"],
    "journal": ["common", "proto"],
    "evidence": ["common", "proto", "journal"],
    "engine": ["common", "proto", "journal"],
    "ledger": ["common", "proto", "journal", "engine", "evidence"],
    "audience": ["common", "proto", "journal", "engine", "ledger"],
    "content": ["common", "proto", "journal", "engine", "ledger", "audience"],
    "report": ["common", "proto", "evidence", "journal", "engine", "ledger", "audience", "content"],
    "cluster": ["common", "proto", "journal", "engine", "ledger"],
    "link": ["common", "proto", "journal", "engine", "ledger"],
    "inbound": ["common", "proto", "journal", "engine"],
    "bearer": ["common", "proto", "net"],
    "identity": ["common", "proto", "net"],
    "http": ["common"],
    "api": ["common", "proto", "evidence", "journal", "engine", "ledger", "audience", "content", "report", "cluster", "link",
            "inbound", "identity", "net", "http"],
    "coordinator": ["common", "proto", "evidence", "net", "bearer", "identity", "journal", "engine", "ledger", "audience", "content", "report", "cluster",
                    "link", "inbound", "http", "api"],
    "worker core": ["common", "proto"],
    "channel": ["common", "proto", "net", "worker core"],
    "worker": ["common", "proto", "net", "worker core", "channel"],
    "cli": ["common", "net", "evidence"],
    "mail": ["common", "proto"],
    "mailin": ["common", "proto", "net", "mail"],
}

# Header -> the only files that may include it (patterns of Path.match).
HOMES = {
    "zmq.h": ["common/bus.c", "common/bus_settings.c"],
    "rocksdb/c.h": ["coordinator/ledger/store_rocks_internal.h"],
    "microhttpd.h": ["coordinator/http/http_access.[ch]", "coordinator/http/http_daemon.c", "coordinator/http/http_response.c",
                     "worker/metrics_server.c"],
    "gnutls/gnutls.h": ["coordinator/http/http_tls.c"],
    "gnutls/x509.h": ["coordinator/http/http_tls.c"],
    "curl/curl.h": ["net/http_client.c", "net/transfer.[ch]", "net/client.c"],
    "nats/nats.h": ["coordinator/cluster/*.c"],
    "proto/tocsin.pb-c.h": ["proto/wire.c", "proto/wire_*.[ch]"],
    "tocsin.pb-c.h": [],
}

# Room -> headers that it must not reach, not even through another header of ours.
NOT_REACHABLE = {
    "journal": ["uv.h", "zmq.h", "rocksdb/c.h", "curl/curl.h", "microhttpd.h", "jansson.h", "sys/time.h",
                "common/clock.h"],
    "engine": ["uv.h", "zmq.h", "rocksdb/c.h", "curl/curl.h", "microhttpd.h", "jansson.h", "sys/time.h",
               "common/clock.h"],
    "inbound": ["uv.h", "zmq.h", "curl/curl.h", "microhttpd.h", "sys/time.h", "common/clock.h"],
    "worker core": ["uv.h", "zmq.h", "curl/curl.h", "sys/time.h", "common/clock.h"],
    "mail": ["uv.h", "curl/curl.h", "jansson.h", "sys/time.h", "common/clock.h"],
}
# In the same rooms nobody asks for the time: it comes in as an argument.
CLOCK_CALL = re.compile(r"\b(clock_gettime|gettimeofday|clock_unix_ms|clock_monotonic_[mu]s|uv_now|uv_hrtime"
                        r"|time(?=\s*\(\s*(?:NULL|0|&)))\s*\(")

GENERATED = {"proto/tocsin.pb-c.h"}
SAME_NAME_ALLOWED = {"main.c"}
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)


def room_of(path):
    """The room of a path relative to the root, or None for a free one."""
    if path.split("/")[0] in FREE:
        return None
    matches = [place for place in ROOMS if path == place or path.startswith(place + "/")]
    return ROOMS[max(matches, key=len)] if matches else None


class Tree:
    """The C files under a root, and what each includes."""

    def __init__(self, root):
        self.root = Path(root)
        self.text = {}
        for top in sorted({place.split("/")[0] for place in ROOMS} | set(FREE)):
            for path in sorted((self.root / top).rglob("*.[ch]")):
                if "node_modules" not in path.parts:
                    name = path.relative_to(self.root).as_posix()
                    self.text[name] = path.read_text(encoding="utf-8")
        self.includes = {name: [ours or theirs for ours, theirs in INCLUDE.findall(text)]
                         for name, text in self.text.items()}

    def reached(self, name):
        """Every header reached from a file -> the path that leads there."""
        paths = {}
        waiting = [(header, [name, header]) for header in self.includes[name]]
        while waiting:
            header, path = waiting.pop()
            if header not in paths:
                paths[header] = path
                waiting += [(inner, path + [inner]) for inner in self.includes.get(header, [])]
        return paths


def check_edges(tree):
    for name, headers in tree.includes.items():
        room = room_of(name)
        for header in headers if room else []:
            target = room_of(header)
            if target and target != room and target not in MAY_INCLUDE[room]:
                yield f"{name}: {room} must not include {target} ({header})"
            homes = HOMES.get(header)
            if homes is not None and not any(Path(name).match(home) for home in homes):
                yield f"{name}: {header} is at home only in {' '.join(homes) or 'no file of ours'}"


def check_paths(tree):
    for name, text in tree.text.items():
        for ours, _ in INCLUDE.findall(text):
            local = name.startswith(FREE) and (tree.root / name).parent.joinpath(ours).is_file()
            if ours and ours not in GENERATED and ours not in tree.text and not local:
                yield f'{name}: "{ours}" is no file of the tree (paths begin at its root)'


def check_purity(tree):
    for name in tree.text:
        forbidden = NOT_REACHABLE.get(room_of(name), [])
        reached = tree.reached(name) if forbidden else {}
        for header in forbidden:
            if header in reached:
                yield f"{name}: must not reach {header}, but does: {' -> '.join(reached[header])}"
        if forbidden:
            code = re.sub(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"", " ", tree.text[name], flags=re.DOTALL)
            for call in CLOCK_CALL.findall(code):
                yield f"{name}: calls {call}(); the time comes in as an argument"


def check_names(tree):
    seen = {}
    for name in tree.text:
        base = name.rsplit("/", 1)[-1]
        if not name.startswith(FREE) and base not in SAME_NAME_ALLOWED:
            if base in seen:
                yield f"{name}: there is a {seen[base]} already; file names are unique"
            seen.setdefault(base, name)


def check(root):
    tree = Tree(root)
    if not tree.text:
        return ["no C file was found"]
    checks = (check_edges, check_paths, check_purity, check_names)
    return [problem for one in checks for problem in one(tree)]


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parents[2]
    problems = check(root)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
