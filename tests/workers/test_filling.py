"""A long queue filled by real workers that are killed in the middle."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from annotate.assign.fillings import ask_filling, cancel_filling, resume_filling
from annotate.enums import RunState
from annotate.models import Assignment, Filling, Project, Trace, Turn
from tests.factories import a_project, a_trace
from tests.workers.site import LEASE_SECONDS, Site, a_site

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]

TRACES, OVERLAP = 8000, 2


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with a_site(tmp_path / "site") as site:
        yield site


def a_long_corpus() -> Project:
    project = a_project(overlap=OVERLAP)
    first = a_trace(project)
    Trace.objects.bulk_create(
        Trace(
            project=project,
            problem=first.problem,
            external_id=f"t{i}",
            n_steps=1,
            text_hash="0" * 64,
            content_hash=f"{i:064d}",
        )
        for i in range(TRACES - 1)
    )
    return project


def filling(project: Project) -> Filling:
    return Filling.objects.get(project=project)


def left_alone_for_a_lease() -> None:
    """Until the next worker's first sweep finds what the killed one has left."""
    time.sleep(LEASE_SECONDS + 0.5)


def test_a_filling_killed_again_and_again_adds_every_slot_once(site: Site) -> None:
    project = a_long_corpus()
    ask_filling(project, slots=True)
    left_alone_for_a_lease()
    killed_at = []
    for _ in range(2):
        before = filling(project).done
        site.start_worker()
        site.wait_until(lambda before=before: filling(project).done > before)  # type: ignore[misc]
        site.kill()
        killed_at.append(filling(project).done)
        left_alone_for_a_lease()
    assert filling(project).state == RunState.RUNNING
    site.start_worker()
    site.wait_until(lambda: filling(project).state == RunState.DONE)
    ended = filling(project)
    assert killed_at == sorted(set(killed_at))
    # What the row counted piece by piece is what there is: no piece was lost, and none was counted or done twice.
    assert (ended.n_turns, ended.n_slots) == (TRACES, TRACES * OVERLAP)
    assert Turn.objects.filter(project=project).count() == TRACES
    slots = Assignment.objects.filter(project=project)
    assert [slots.filter(slot=number).count() for number in range(OVERLAP + 1)] == [TRACES, TRACES, 0]


def test_a_stopped_filling_waits_and_goes_on(site: Site) -> None:
    project = a_long_corpus()
    ask_filling(project, slots=True)
    left_alone_for_a_lease()
    site.start_worker()
    site.wait_until(lambda: filling(project).done > 0)
    cancel_filling(project)
    at = filling(project).done
    assert at < filling(project).total
    time.sleep(1)
    assert filling(project).done == at
    resume_filling(project)
    site.wait_until(lambda: filling(project).state == RunState.DONE)
    assert filling(project).n_slots == TRACES * OVERLAP
