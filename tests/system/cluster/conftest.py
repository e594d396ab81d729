# SPDX-License-Identifier: Apache-2.0
"""Directories, gateways and clusters that end with the test."""

import os
import shutil
import tempfile

import pytest

from support import BUILD, Cluster, Gateway, QUICK, reports
from watch import all_is_as_described, the_rest_is_as_described  # noqa: F401 (fixtures)


@pytest.fixture
def place():
    """A directory of the test's own. TOCSIN_KEEP=1 leaves it behind."""
    directory = tempfile.mkdtemp(prefix="tocsin-test-")
    yield directory
    found = reports(directory)
    if not os.environ.get("TOCSIN_KEEP"):
        shutil.rmtree(directory, ignore_errors=True)
    assert not found, "\n".join(found)


@pytest.fixture
def gateway(place):
    gateway = Gateway(os.path.join(place, "gateway"))
    yield gateway
    gateway.stop()


@pytest.fixture
def make_cluster(place):
    """make_cluster(providers, settings, workers, threads): one that runs, with workers w0, w1, ..."""
    clusters = []

    def make(providers, settings=None, workers=1, threads=1):
        name = f"cluster{len(clusters)}" if clusters else "cluster"
        cluster = Cluster(os.path.join(place, name), BUILD, providers, {**QUICK, **(settings or {})})
        clusters.append(cluster)
        cluster.start_coordinator()
        for number in range(workers):
            cluster.start_worker(f"w{number}", threads)
        if workers:
            cluster.wait_workers(workers * threads)
        return cluster

    yield make
    for cluster in clusters:
        cluster.close()
