"""What is rare among many is found piece by piece, each once, forwards and backwards."""

from __future__ import annotations

from typing import Any

import pytest

from annotate.models import Trace, looking
from annotate.models.looking import look_through
from tests.factories import a_project, a_trace

pytestmark = pytest.mark.django_db


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Of twelve traces, looked at by threes and at most two such pieces at a time; the sixth and the last are right."""
    monkeypatch.setattr(looking, "LOOKED_AT", 3)
    monkeypatch.setattr(looking, "MOST_LOOKS", 2)
    project = a_project()
    made = [a_trace(project).pk for _ in range(12)]
    Trace.objects.filter(pk__in=(made[5], made[11])).update(outcome="right")
    return made


def look(**more: Any) -> tuple[list[int], int | None]:
    right = Trace.objects.filter(outcome="right")
    looked = look_through(
        lambda reach: right.filter(reach.on("pk")), Trace.objects.all(), size=more.pop("size", 1), **more
    )
    return [trace.pk for trace in looked.rows], looked.upto


def test_a_page_may_be_short_and_says_where_to_go_on(keys: list[int]) -> None:
    assert look(size=2) == ([keys[5]], keys[5])
    assert look(size=2, after=keys[5]) == ([keys[11]], keys[11])
    assert look(size=2, after=keys[11]) == ([], None)


def test_a_full_page_ends_with_its_last_row(keys: list[int]) -> None:
    looked = look_through(lambda reach: Trace.objects.filter(reach.on("pk")), Trace.objects.all(), size=2)
    assert ([trace.pk for trace in looked.rows], looked.upto) == (keys[:2], keys[1])


def test_backwards_it_finds_the_same(keys: list[int]) -> None:
    assert look(size=2, after=keys[11] + 1, is_backwards=True) == ([keys[11]], keys[6])
    assert look(size=2, after=keys[6], is_backwards=True) == ([keys[5]], keys[0])


def test_what_lies_between_is_stepped_over_where_somebody_knows_of_it(keys: list[int]) -> None:
    def nearest(after: int | None) -> int | None:
        return next((key for key in (keys[5], keys[11]) if key > (after or 0)), None)

    assert look(size=5, nearest=nearest) == ([keys[5], keys[11]], None)
