"""Many comparisons made by real workers that are killed in the middle."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from annotate.assign.compare.making import make_comparisons
from annotate.assign.compare.pieces import Wanted
from annotate.assign.fillings import progress_of
from annotate.enums import Outcome, RunState
from annotate.models import Comparison, Filling, Pair, Problem, Project, Trace
from tests.factories import a_comparing_project
from tests.workers.site import LEASE_SECONDS, Site, a_site

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]

PROBLEMS, OVERLAP = 6000, 2


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with a_site(tmp_path / "site") as site:
        yield site


def a_big_project() -> Project:
    """Two traces of each problem."""
    project = a_comparing_project(overlap=OVERLAP)
    problems = Problem.objects.bulk_create(
        Problem(project=project, external_id=f"p{i}", text="?", content_hash=f"{i:064d}")
        for i in range(PROBLEMS)
    )
    Trace.objects.bulk_create(
        Trace(
            project=project,
            problem=problem,
            external_id=f"{problem.external_id} {outcome}",
            outcome=outcome,
            n_steps=1,
            text_hash=outcome,
            content_hash=f"{i:064d}",
        )
        for i, problem in enumerate(problems)
        for outcome in (Outcome.RIGHT, Outcome.WRONG)
    )
    return project


def test_a_making_killed_again_and_again_makes_every_pair_and_slot_once(site: Site) -> None:
    project = a_big_project()
    assert make_comparisons(project, Wanted("traces")).is_left

    def filling() -> Filling:
        return Filling.objects.get(project=project)

    time.sleep(LEASE_SECONDS + 0.5)
    killed_at = []
    for _ in range(2):
        before = filling().done
        site.start_worker()
        site.wait_until(lambda before=before: filling().done > before)  # type: ignore[misc]
        site.kill()
        at = progress_of(filling())
        killed_at.append(at.done)
        # What the row counted is what there is, also in the middle.
        assert (at.n_pairs, at.n_comparisons) == (at.done, at.done * OVERLAP)
        assert (Pair.objects.count(), Comparison.objects.count()) == (at.done, at.done * OVERLAP)
        time.sleep(LEASE_SECONDS + 0.5)
    assert killed_at == sorted(set(killed_at))
    assert filling().state == RunState.RUNNING
    site.start_worker()
    site.wait_until(lambda: filling().state == RunState.DONE)
    assert Pair.objects.filter(project=project).values("left_trace__problem").distinct().count() == PROBLEMS
    assert Pair.objects.count() == PROBLEMS
    slots = Comparison.objects.filter(project=project)
    assert [slots.filter(slot=number).count() for number in range(OVERLAP + 1)] == [PROBLEMS, PROBLEMS, 0]
