# SPDX-License-Identifier: Apache-2.0
"""Prism with Twilio's own OpenAPI document: it takes what that document allows, and says what is wrong of the rest."""

import os

from cluster import Process, free_port, wait_for
from node_peer import environment, modules, node

SPECIFICATION = "@twilio/cli-core/src/services/twilio-api/twilio_api_v2010.json"


class Prism(Process):
    def __init__(self, directory):
        self.port = free_port()
        heavy = modules("heavy")
        argv = [node(), os.path.join(heavy, "@stoplight/prism-cli/dist/index.js"), "mock", "-h", "127.0.0.1", "-p", str(self.port),
                os.path.join(heavy, SPECIFICATION)]
        super().__init__(argv, os.path.join(str(directory), "prism.log"), env=environment())
        try:
            wait_for("Prism", self.is_ready, 30)
        except BaseException:
            self.kill()
            raise

    def is_ready(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return "Prism is listening" in f.read()

    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop(5)
