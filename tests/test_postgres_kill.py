"""Killed workers once more, on PostgreSQL. A file of its own, since another process can take it: it mostly waits."""

from __future__ import annotations

import pytest

from tests.on_postgres import passes_on_postgres


@pytest.mark.needs_postgres
@pytest.mark.timeout(2400)
def test_what_is_killed_on_postgresql_loses_nothing(pytestconfig: pytest.Config) -> None:
    passes_on_postgres(pytestconfig, "tests/workers/test_kill.py")
