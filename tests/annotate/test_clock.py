"""Leases go by the database's clock, whatever the machine's own says."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from annotate import clock

pytestmark = pytest.mark.django_db


def test_it_is_now() -> None:
    assert abs(clock.now() - timezone.now()) < timedelta(seconds=30)
    assert clock.now().tzinfo == timezone.now().tzinfo


def test_a_machine_whose_clock_is_wrong_knows_the_time(
    monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no clock but the machine's")
    right = timezone.now()
    monkeypatch.setattr(clock.timezone, "now", lambda: right + timedelta(hours=1))
    monkeypatch.setattr(clock, "_reading", None)
    # It belongs to nobody's queries: whoever is the first to ask would seem slow.
    with django_assert_num_queries(0):
        assert clock.now() - right < timedelta(seconds=30)
    # Between two looks at the database time passes by the machine's pace.
    monkeypatch.setattr(clock, "_asked", lambda: 1 / 0)
    earlier = clock.now()
    assert earlier <= clock.now()
    monkeypatch.setattr(clock, "KEPT_SECONDS", 0.0)
    with pytest.raises(ZeroDivisionError):
        clock.now()


def test_a_database_that_does_not_answer_is_an_error_of_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite is not asked")
    monkeypatch.setattr(clock, "_reading", None)
    with connection.cursor() as cursor, pytest.raises(DatabaseError):
        cursor.execute("SELECT 1 / 0")
    with pytest.raises(DatabaseError):
        clock.now()
    connection.needs_rollback = True
