# SPDX-License-Identifier: Apache-2.0
"""What stops a coordinator or a worker from starting is said in a line, with the exit status that fits."""

import ctypes
import glob
import json
import os
import shutil
import socket
import subprocess

import pytest

from support import BUILD, Cluster, check_ledger, coordinator, tocsin, upload

PROVIDER = {"name": "gateway", "channel": "sms", "adapter": "http", "settings": {"url": "http://127.0.0.1:1/"}}
EXIT_BAD, EXIT_USAGE, EXIT_DAMAGED = 1, 2, 3


@pytest.fixture
def cluster(place):
    with Cluster(os.path.join(place, "cluster"), BUILD, [PROVIDER]) as cluster:
        yield cluster


def start_fails(cluster, *words, status=EXIT_BAD):
    """Starts it, sees it fail with these words in its last line."""
    got, out, err = coordinator("--config", cluster.write_settings())
    last = err.splitlines()[-1] if err else ""
    assert got == status, (got, err[-2000:])
    assert last.startswith("tocsin-coordinator: ") and out == ""
    assert all(word in last for word in words), last
    return last


def test_ports_in_use_are_named(cluster):
    for port in (cluster.api_port, cluster.link_port):
        with socket.socket() as taken:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind(("127.0.0.1", port))
            taken.listen()
            start_fails(cluster, f"127.0.0.1:{port}", "use")


def test_a_data_directory_that_cannot_be_used(cluster, place):
    cluster.data_dir = os.path.join(place, "file")
    with open(cluster.data_dir, "w", encoding="ascii") as f:
        f.write("x")
    start_fails(cluster, cluster.data_dir, "irectory")
    cluster.data_dir = "/proc/tocsin"
    start_fails(cluster, "/proc/tocsin", "Cannot make the directory")
    cluster.data_dir = os.path.join(place, "missing", "too", "deep")
    status, _, err = coordinator("--check", "--config", cluster.write_settings())
    assert status == EXIT_BAD and "There is no directory" in err
    assert not os.path.exists(os.path.join(place, "missing"))


def test_a_read_only_data_directory_is_named(cluster, place):
    """Root may write where others may not, so the file system itself is read-only."""
    mount = os.path.join(place, "readonly")
    os.makedirs(mount)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "ro,size=1m", "tmpfs", mount], capture_output=True).returncode != 0:
        pytest.skip("NOT TESTED: mounting is not allowed here")
    try:
        cluster.data_dir = os.path.join(mount, "data")
        start_fails(cluster, cluster.data_dir, "ead-only file system")
        cluster.data_dir = mount
        start_fails(cluster, cluster.data_dir, "ead-only file system")
    finally:
        subprocess.run(["umount", mount], check=True)


def test_a_ledger_in_use_is_not_opened_twice(cluster, place):
    cluster.start_coordinator()
    other = Cluster(os.path.join(place, "other"), BUILD, [PROVIDER])
    other.data_dir = cluster.data_dir
    start_fails(other, cluster.data_dir, "in use by another process", str(cluster.coordinator.pid))
    status, out = check_ledger(other)
    assert status == EXIT_BAD and "in use by another process" in out and str(cluster.coordinator.pid) in out
    assert cluster.api.get("/v1/status")["epoch"] == 1


def with_audience(cluster):
    cluster.start_coordinator()
    upload(cluster, 3000)
    assert cluster.coordinator.stop() == 0
    assert check_ledger(cluster)[0] == 0


def test_a_flipped_byte_is_found(cluster):
    with_audience(cluster)
    tables = glob.glob(os.path.join(cluster.data_dir, "**", "*.sst"), recursive=True)
    assert tables
    for table in tables:
        with open(table, "r+b") as f:
            data = f.read()
            f.seek(len(data) // 3)
            f.write(bytes([data[len(data) // 3] ^ 0x10]))
        status, out = check_ledger(cluster)
        with open(table, "r+b") as f:
            f.write(data)
        assert status == EXIT_DAMAGED and out.strip(), (table, out)
    assert check_ledger(cluster)[0] == 0


def test_missing_files_are_damage_and_not_an_empty_ledger(cluster):
    with_audience(cluster)
    for pattern, word in (("*.log", "write-ahead log"), ("CURRENT", "CURRENT"), ("MANIFEST-*", "MANIFEST")):
        shutil.copytree(cluster.data_dir, cluster.data_dir + ".good")
        for name in glob.glob(os.path.join(cluster.data_dir, pattern)):
            os.unlink(name)
        start_fails(cluster, "damaged", word, status=EXIT_DAMAGED)
        shutil.rmtree(cluster.data_dir)
        os.rename(cluster.data_dir + ".good", cluster.data_dir)
    cluster.start_coordinator()
    assert cluster.api.get("/v1/audiences/a1")["accepted"] == 3000


def raise_format(data_dir):
    """Writes the format number after ours, as a program of a later version would."""
    rocks = ctypes.CDLL("librocksdb.so")
    for name in ("rocksdb_options_create", "rocksdb_writeoptions_create", "rocksdb_list_column_families",
                 "rocksdb_open_column_families"):
        getattr(rocks, name).restype = ctypes.c_void_p
    error, count = ctypes.c_char_p(), ctypes.c_size_t()
    options, directory = ctypes.c_void_p(rocks.rocksdb_options_create()), data_dir.encode()
    names = ctypes.cast(rocks.rocksdb_list_column_families(options, directory, ctypes.byref(count), ctypes.byref(error)),
                        ctypes.POINTER(ctypes.c_char_p))
    handles = (ctypes.c_void_p * count.value)()
    database = ctypes.c_void_p(rocks.rocksdb_open_column_families(
        options, directory, count, names, (ctypes.c_void_p * count.value)(*[options.value] * count.value), handles,
        ctypes.byref(error)))
    assert error.value is None, error.value
    meta = ctypes.c_void_p(handles[[names[i] for i in range(count.value)].index(b"meta")])
    rocks.rocksdb_put_cf(database, ctypes.c_void_p(rocks.rocksdb_writeoptions_create()), meta, b"format", ctypes.c_size_t(6),
                         (3).to_bytes(4, "little"), ctypes.c_size_t(4), ctypes.byref(error))
    assert error.value is None, error.value
    for handle in handles:
        rocks.rocksdb_column_family_handle_destroy(ctypes.c_void_p(handle))
    rocks.rocksdb_close(database)


def test_a_ledger_of_a_newer_version_is_refused_and_left_alone(cluster):
    with_audience(cluster)
    raise_format(cluster.data_dir)
    for _ in range(2):
        start_fails(cluster, "format 3", "up to 2")
        status, out = check_ledger(cluster)
        assert status == EXIT_BAD and "format 3" in out, out


def check_settings(place, text):
    path = os.path.join(place, "settings.yaml")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return coordinator("--check-settings", path)


@pytest.mark.parametrize("text, line, words", [
    ("data_dir: /d\nlisen: {}\n", None, ["lisen", 'did you mean "listen"']),
    ("data_dir: /d\nlisten:\n  apii: 127.0.0.1:1\n", 3, ['did you mean "api"']),
    ("listen: {}\n", None, ["data_dir", "missing"]),
    ("data_dir: /d\nlease: soon\n", 2, ["no duration", "30s"]),
    ("data_dir: /d\nlease: 1s\nheartbeat: 900ms\n", 3, ["third"]),
    ("data_dir: /d\nlisten:\n  api: 0.0.0.0:80\n", 3, ["listen.allow_remote"]),
    ("data_dir: /d\nlisten:\n  workers: tcp://0.0.0.0:7400\n", 3, ["keys.secret", "keys.workers"]),
    ("data_dir: /d\nlisten:\n  workers: tcp://*:7400\n", 3, ["keys.secret"]),
    ("data_dir: /d\nlisten:\n  workers: 127.0.0.1:7400\n", 3, ["tcp://127.0.0.1:7400"]),
    ("data_dir: /d\nproviders:\n- {name: a, channel: smss, adapter: http}\n", 3, ['did you mean "sms"']),
    ("data_dir: /d\nproviders:\n- {name: a, channel: sms, adapter: htpt}\n", 3, ['did you mean "http"']),
    ("data_dir: /d\nproviders:\n- {name: a, channel: sms, adapter: smtp}\n", 3, ["email"]),
    ("data_dir: /d\nproviders:\n- {name: a, channel: sms, adapter: http}\n- {name: a, channel: sms, adapter: http}\n", 4,
     ["earlier"]),
    ("data_dir: /d\nproviders:\n- {name: a, channel: sms, adapter: http, rate: -1}\n", 3, ["per second"]),
    ("data_dir: /d\ndisk_reserve: lots\n", 2, ["no size", "1GiB"]),
    ("data_dir: /d\nkeys:\n  secret: abcdef\n", 3, ["file:/path"]),
    ("data_dir: [\n", None, []),
])
def test_a_wrong_setting_is_named_with_its_line(place, text, line, words):
    status, out, err = check_settings(place, text)
    assert status == EXIT_BAD and out == "" and len(err.splitlines()) == 1, err
    assert line is None or f"settings.yaml:{line}:" in err, err
    assert all(word in err for word in words), err


def test_good_settings_are_printed_as_json(place):
    status, out, err = check_settings(place, "data_dir: /d\nproviders:\n- {name: a, channel: sms, adapter: http, rate: 5}\n")
    assert (status, err) == (0, "")
    assert json.loads(out)["data_dir"] == "/d" and json.loads(out)["providers"][0]["name"] == "a"


def test_the_environment_overrides_and_is_named(place):
    path = os.path.join(place, "settings.yaml")
    with open(path, "w", encoding="utf-8") as f:
        f.write("data_dir: /d\n")
    env = {**os.environ, "TOCSIN_COORDINATOR_LEASE": "soon"}
    status, _, err = coordinator("--check-settings", path, env=env)
    assert status == EXIT_BAD and "TOCSIN_COORDINATOR_LEASE" in err
    env["TOCSIN_COORDINATOR_LEASE"] = "9s"
    status, out, _ = coordinator("--check-settings", path, env=env)
    assert status == 0 and json.loads(out)["data_dir"] == "/d"


def test_wrong_usage_is_status_2(place):
    for program, words in (("tocsin-coordinator", ["--nonsense"]), ("tocsin-coordinator", ["more"]),
                           ("tocsin-worker", ["--nonsense"]), ("tocsin", ["--nonsense"])):
        done = subprocess.run([os.path.join(BUILD, "bin", program), *words], capture_output=True, timeout=20)
        assert done.returncode == EXIT_USAGE and done.stderr, program
    status, _, err = coordinator("--config", os.path.join(place, "nowhere.yaml"))
    assert status == EXIT_BAD and "nowhere.yaml" in err


def worker(*arguments, env=None):
    done = subprocess.run([os.path.join(BUILD, "bin", "tocsin-worker"), *arguments], capture_output=True, timeout=20,
                          env={**os.environ, **(env or {})})
    return done.returncode, done.stderr.decode()


def test_a_workers_wrong_settings_are_named(place):
    for arguments, words in ((("--coordinator", "127.0.0.1:1"), ["tcp://"]), (("--threads", "0"), ["hreads"]),
                             (("--name", "a b"), ["name"]), (("--log", "loud"), ["info"])):
        status, err = worker(*arguments)
        assert status in (EXIT_BAD, EXIT_USAGE) and all(word in err for word in words), (arguments, err)
    path = os.path.join(place, "worker.yaml")
    with open(path, "w", encoding="utf-8") as f:
        f.write("name: w\nthraeds: 2\n")
    status, err = worker("--config", path)
    assert status == EXIT_BAD and 'did you mean "threads"' in err and "worker.yaml" in err, err


def test_doctor_looks_before_the_start(cluster):
    path = cluster.write_settings()
    status, out, err = tocsin(None, "doctor", "--config", path,
                              env={"PATH": os.path.join(BUILD, "bin") + ":" + os.environ["PATH"]})
    assert status == 1 and "gateway" in out, out + err  # nobody listens on port 1
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        cluster.public_port = taken.getsockname()[1]
        cluster.write_settings()
        _, out, _ = tocsin(None, "doctor", "--config", path)
        assert f"FAIL  127.0.0.1:{cluster.public_port} cannot be listened on" in out and "another listen.public" in out, out
    cluster.public_port = None
    assert not os.path.exists(cluster.data_dir)


def test_doctor_asks_the_worker_about_the_providers(place):
    path = os.path.join(place, "coordinator.yaml")
    with open(path, "w", encoding="utf-8") as f:
        f.write(f"""
data_dir: {place}/data
listen: {{api: "127.0.0.1:0", workers: "tcp://127.0.0.1:0"}}
providers:
  - {{name: fine, channel: push, adapter: "null"}}
  - {{name: typing, channel: sms, adapter: "null", settings: {{delayms: 3}}}}
  - {{name: secretive, channel: chat, adapter: http, settings: {{url: "http://127.0.0.1:1/{{{{secret.k}}}}",
     secrets: {{k: "env:TOCSIN_NO_SUCH_SECRET"}}}}}}
""")
    status, out, err = tocsin(None, "doctor", "--config", path)
    assert status == EXIT_BAD, out + err
    def line_of(*words):
        return [line for line in out.splitlines() if all(word in line for word in words)]

    assert line_of("ok", "provider fine: its settings are right")
    assert line_of("FAIL", "typing", 'did you mean "delay_ms"')
    assert line_of("warn", "secretive", "TOCSIN_NO_SUCH_SECRET")
    assert line_of("FAIL", "provider secretive: 127.0.0.1:1 takes no connection")


def test_doctor_warns_of_limits_that_make_no_sense_and_of_what_the_coordinator_lacks(place):
    path = os.path.join(place, "coordinator.yaml")
    with open(path, "w", encoding="utf-8") as f:
        f.write(f"""
data_dir: {place}/data
listen: {{api: "127.0.0.1:0", workers: "tcp://127.0.0.1:0"}}
providers:
  - {{name: sound, channel: push, adapter: "null", rate: 100, concurrency: 50, quota: 100000,
     quiet_hours: {{from: "22:00", to: "07:00", zone: UTC}}}}
  - {{name: asleep, channel: push, adapter: "null", quiet_hours: {{from: "08:00", to: "07:30", zone: UTC}}}}
  - {{name: meagre, channel: push, adapter: "null", rate: 1, quota: 50000, quiet_hours: {{from: "20:00", to: "08:00", zone: UTC}}}}
  - {{name: narrow, channel: push, adapter: "null", rate: 5000, concurrency: 2}}
  - {{name: deaf, channel: chat, adapter: slack, settings: {{token: "file:{path}", signing_secret: "env:TOCSIN_NO_SUCH_SECRET"}}}}
  - {{name: cards, channel: chat, adapter: teams, settings: {{url: "{{{{secret.k}}}}", secrets: {{k: "env:TOCSIN_FLOW"}}}}}}
""")
    status, out, err = tocsin(None, "doctor", "--config", path, env={"TOCSIN_FLOW": "http://127.0.0.1:1/flow?sig=a"})
    assert status == 0, out + err
    warnings = [line.split(maxsplit=1)[1] for line in out.splitlines() if line.startswith("warn")]
    assert warnings == [
        "provider asleep: its quiet_hours leave 30 minutes a day to send in",
        "provider meagre: its quota of 50000 a day is never reached: at its rate of 1 a second, outside its quiet_hours, "
        "it is 43200 at most",
        "provider narrow: with a concurrency of 2 it comes to its rate of 5000 a second only if each answer takes less than 0.4 ms",
        "provider deaf: settings.signing_secret: the environment has no variable TOCSIN_NO_SUCH_SECRET (from "
        "env:TOCSIN_NO_SUCH_SECRET); without it the coordinator takes nothing of what the provider sends back"], out
