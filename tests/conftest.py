"""Which tests wait for something, and the fixtures that several rooms need."""

import math
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from screener.speech import pool
from tests.store.databases import (
    empty_url,
    log_file,
    postgres_log,
    postgres_socket,
    postgres_url,
    url,
)

__all__ = ["empty_url", "log_file", "postgres_log", "postgres_socket", "postgres_url", "url"]

WAITING = {
    "calls",
    "cli",
    "console",
    "demo",
    "deploy",
    "media",
    "operations",
    "reports",
    "service",
    "sip",
    "speech",
    "store",
    "training",
}
"""Rooms whose tests wait for sockets, processes, servers or clocks, or compute for seconds."""


# On a busy machine the time that an example takes says nothing.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

HERE = Path(__file__).parent


@pytest.fixture(scope="session", autouse=True)
def nothing_in_reserve() -> Iterator[None]:
    """No service here loads a model for a recogniser process to come: a test that wants one says when."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pool, "SPARE_SECONDS", math.inf)
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.relative_to(HERE).parts[0] in WAITING:
            item.add_marker("waits")
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")
