# SPDX-License-Identifier: Apache-2.0
"""Runs Node scripts of tests/peers: servers that stay until they are ended by their pid, and clients that end by themselves.

The packages are those of tests/peers (`light`) and tests/peers/heavy (`heavy`), which tests/peers/install has put into the
build directory; a test says in CMake that it needs them (tocsin_test_needs_peers). Scripts are CommonJS and find both sets by
require(). Their Node is the one of the lock file where it has one for the machine, else the machine's own."""

import glob
import json
import os
import re
import subprocess

from cluster import Process, wait_for

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
SCRIPTS = os.path.join(ROOT, "tests", "peers")
BUILD = os.environ.get("TOCSIN_BUILD") or os.path.join(ROOT, "build", "dev")
PEERS = os.environ.get("TOCSIN_PEERS") or os.path.join(BUILD, "tests", "peers")
READY = re.compile(r"^ready (\d+)$", re.MULTILINE)


def modules(which="light"):
    return os.path.join(PEERS, which, "node_modules")


def node():
    """The Node that the scripts run on."""
    if not os.path.isdir(modules()):
        raise RuntimeError(f"{modules()} is missing: ctest -R '^peers_' installs it")
    brought = glob.glob(os.path.join(modules(), "node-linux-*", "bin", "node"))
    return brought[0] if brought else "node"


def environment(more=None):
    return {**os.environ, "NODE_PATH": os.pathsep.join((modules("light"), modules("heavy"))), **(more or {})}


def arguments_of(script, arguments):
    """Maps and lists go as JSON."""
    texts = [json.dumps(a) if isinstance(a, (dict, list)) else str(a) for a in arguments]
    return [node(), os.path.join(SCRIPTS, script), *texts]


class NodePeer(Process):
    """A server. It listens on a port that it has chosen (0), and then says `ready PORT` on a line of its own."""

    def __init__(self, directory, script, *arguments, env=None, seconds=20.0):
        os.makedirs(directory, exist_ok=True)
        name = os.path.splitext(os.path.basename(script))[0]
        super().__init__(arguments_of(script, arguments), os.path.join(str(directory), f"{name}.log"), env=environment(env))
        self.port = None
        try:
            wait_for(f"{script} ready", self.find_port, seconds, every=0.02)
        except BaseException:
            self.kill()
            raise

    def find_port(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            said = READY.search(f.read())
        if said is None and not self.is_alive():
            raise RuntimeError(f"{' '.join(self.argv)} ended:\n{self.tail()}")
        self.port = int(said.group(1)) if said else None
        return self.port

    def url(self, path="/", scheme="http"):
        return f"{scheme}://127.0.0.1:{self.port}{path}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop(5)


def node_peer(directory, script, *arguments, env=None, seconds=20.0):
    """Starts a server of tests/peers; its log stands in the directory."""
    return NodePeer(directory, script, *arguments, env=env, seconds=seconds)


def node_run(script, *arguments, env=None, stdin=None, seconds=60.0):
    """Runs a script of tests/peers to its end: what it printed. It must end well."""
    done = subprocess.run(arguments_of(script, arguments), env=environment(env), input=stdin, timeout=seconds, check=False,
                          stdin=subprocess.DEVNULL if stdin is None else None, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode != 0:
        raise RuntimeError(f"{script} ended with {done.returncode}:\n{done.stderr.decode(errors='replace')[-4000:]}")
    return done.stdout.decode()
