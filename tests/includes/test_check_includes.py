#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Breaks every rule of check_includes.py once, in small trees of its own."""

import tempfile
import unittest
from pathlib import Path

import check_includes


class CheckIncludes(unittest.TestCase):
    def problems(self, files):
        with tempfile.TemporaryDirectory() as root:
            for name, text in files.items():
                path = Path(root, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            return check_includes.check(root)

    def assert_one(self, files, *words):
        problems = self.problems(files)
        self.assertEqual(len(problems), 1, problems)
        for word in words:
            self.assertIn(word, problems[0])

    def test_an_allowed_tree_has_no_problems(self):
        self.assertEqual([], self.problems({
            "common/buf.h": "#include <stddef.h>\n",
            "common/bus.c": "#include <zmq.h>\n",
            "proto/wire.c": '#include "common/buf.h"\n#include "proto/tocsin.pb-c.h"\n',
            "coordinator/engine/plan.h": '#include "common/buf.h"\n',
            "coordinator/ledger/ledger.c": '#include "coordinator/engine/plan.h"\n',
            "coordinator/main.c": '#include "coordinator/engine/plan.h"\n',
            "worker/main.c": "#include <uv.h>\n",
            "tests/unit/test_any.c": '#include <zmq.h>\n#include "coordinator/engine/plan.h"\n',
        }))

    def test_an_empty_tree_is_a_problem(self):
        self.assert_one({}, "no C file")

    def test_common_includes_no_room(self):
        self.assert_one({"common/a.c": '#include "proto/b.h"\n', "proto/b.h": ""}, "common/a.c", "proto")

    def test_the_programs_do_not_include_each_other(self):
        headers = {"coordinator/a.h": "", "worker/b.h": "", "cli/c.h": ""}
        for source, header in (("coordinator/x.c", "worker/b.h"), ("coordinator/x.c", "cli/c.h"),
                               ("worker/x.c", "coordinator/a.h"), ("worker/x.c", "cli/c.h"),
                               ("cli/x.c", "coordinator/a.h"), ("cli/x.c", "worker/b.h")):
            self.assert_one({**headers, source: f'#include "{header}"\n'}, source, header)

    def test_a_lower_room_does_not_include_a_higher_one(self):
        self.assert_one({"coordinator/engine/a.c": '#include "coordinator/ledger/b.h"\n',
                         "coordinator/ledger/b.h": ""}, "engine must not include ledger")
        self.assert_one({"coordinator/link/a.c": '#include "coordinator/settings.h"\n',
                         "coordinator/settings.h": ""}, "link must not include coordinator")

    def test_a_library_stays_in_its_home(self):
        for header in ("zmq.h", "rocksdb/c.h", "microhttpd.h", "curl/curl.h", "nats/nats.h"):
            self.assert_one({"coordinator/a.c": f"#include <{header}>\n"}, header, "only in")

    def test_generated_code_stays_in_the_wire(self):
        self.assert_one({"proto/page.c": '#include "proto/tocsin.pb-c.h"\n'}, "proto/wire.c")

    def test_the_engine_reaches_no_loop_even_through_a_header(self):
        self.assert_one({"coordinator/engine/a.c": '#include "common/b.h"\n', "common/b.h": "#include <uv.h>\n"},
                        "coordinator/engine/a.c -> common/b.h -> uv.h")

    def test_the_worker_core_asks_for_no_time(self):
        self.assert_one({"worker/inbox.c": "int f(void) { return (int)time(NULL); }\n"}, "time()")
        self.assert_one({"worker/outbox.c": '#include "common/clock.h"\n', "common/clock.h": ""}, "clock.h")

    def test_a_word_in_a_comment_or_string_is_no_call(self):
        self.assertEqual([], self.problems({
            "worker/inbox.c": '/* time(NULL) */ // time(NULL)\nconst char *s = "time(NULL)";\n'}))

    def test_paths_begin_at_the_root(self):
        self.assert_one({"common/a.c": '#include "b.h"\n', "common/b.h": ""}, '"b.h" is no file of the tree')

    def test_file_names_are_unique(self):
        self.assert_one({"common/a.c": "", "worker/a.c": ""}, "unique")


if __name__ == "__main__":
    unittest.main()
