"""The domain's rules once more, on PostgreSQL: the suite itself runs on SQLite."""

from __future__ import annotations

import pytest

from tests.on_postgres import passes_on_postgres


@pytest.mark.needs_postgres
@pytest.mark.timeout(2400)
def test_what_holds_on_sqlite_holds_on_postgresql(pytestconfig: pytest.Config) -> None:
    # Plans are looked at where a database is made anyway.
    passes_on_postgres(pytestconfig, "tests/annotate", "tests/webapp/test_plans.py")
