"""Comparisons are made in pieces where they are many, and come out as if they had been made at once."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotate.assign.compare.filling import fill_comparisons, make_lineups, make_now, make_pairs
from annotate.assign.compare.making import make_comparisons, outlook
from annotate.assign.compare.pieces import Wanted
from annotate.assign.fillings import (
    ask_filling,
    cancel_filling,
    filling_of,
    resume_filling,
    work_filling,
)
from annotate.enums import FillingStage, Role, RunState
from annotate.errors import Conflict, Rejected
from annotate.ingest.pairing import pair_traces
from annotate.models import Assignment, Comparison, Filling, Lineup, Pair, Project
from tests.annotate.assign.compare.made_before import (
    ASKED,
    LINEUPS,
    PAIRS,
    a_small_project,
    lineups_of,
    pairs_of,
    slots_of,
    wanted_slots,
)
from tests.annotate.assign.compare.queues import person, say, taken
from tests.factories import a_comparing_project, some_attempts

pytestmark = pytest.mark.django_db


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two problems, pairs or lineups at a time, and everything is much."""
    monkeypatch.setattr("annotate.ingest.attempts.PROBLEMS", 2)
    monkeypatch.setattr("annotate.assign.compare.pieces.PIECE", 2)
    monkeypatch.setattr("annotate.assign.compare.making.MOST_AT_ONCE", 0)


def pieces(project: Project, n: int) -> Filling:
    """Work that stops after ``n`` pieces, as a worker does that is told to."""
    done = iter(range(1, n + 1))
    return work_filling(project, should_stop=lambda: next(done) == n)


def a_project_of(n_problems: int, *, overlap: int = 1, preset: str = "preference") -> Project:
    project = a_comparing_project(overlap=overlap, preset=preset, bob=Role.ANNOTATOR)
    for i in range(n_problems):
        some_attempts(project, f"one {i}", f"two {i}", f"three {i}")
    return project


def assert_as_before(project: Project) -> None:
    assert pairs_of(project) == PAIRS
    assert lineups_of(project) == LINEUPS
    assert slots_of(project) == wanted_slots()


def test_at_once_it_makes_what_it_made_before() -> None:
    project = a_small_project()
    for what, per_problem, size in ASKED:
        assert not make_comparisons(project, Wanted(what, per_problem, size)).is_left
    assert_as_before(project)
    for what, per_problem, size in ASKED:
        make_comparisons(project, Wanted(what, per_problem, size))
    assert fill_comparisons(project) == 0
    assert_as_before(project)


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("stopped_after", range(1, 6))
def test_in_pieces_it_makes_what_it_made_before_wherever_it_is_stopped(stopped_after: int) -> None:
    project = a_small_project()
    for _ in range(2):
        for what, per_problem, size in ASKED:
            assert make_comparisons(project, Wanted(what, per_problem, size)).is_left
            pieces(project, stopped_after)
            assert work_filling(project).state == RunState.DONE
        assert_as_before(project)


@pytest.mark.usefixtures("small_pieces")
def test_much_waits_for_a_worker_and_says_how_far_it_is() -> None:
    project = a_project_of(5, overlap=2)
    assert make_comparisons(project, Wanted("traces")).is_left
    waiting = filling_of(project)
    assert waiting is not None
    assert (waiting.is_comparing, waiting.is_waiting, waiting.done, waiting.total) == (True, True, 0, 5)
    assert not Pair.objects.exists()
    pieces(project, 2)
    at = filling_of(project)
    assert at is not None
    assert (at.stage, at.done, at.n_pairs, at.n_comparisons) == (FillingStage.COMPARE, 4, 4, 8)
    assert at.eta_seconds is not None
    assert at.eta_seconds > 0
    assert work_filling(project).state == RunState.DONE
    assert filling_of(project) is None
    assert (Pair.objects.count(), Comparison.objects.count()) == (5, 10)
    make_comparisons(project, Wanted("traces", 2))
    assert Filling.objects.get().total == 5 + 5
    pieces(project, 3)
    # To look at what is there is one part, and says nothing of how long the other takes.
    begun = filling_of(project)
    assert begun is not None
    assert (begun.done, begun.n_pairs, begun.eta_seconds) == (5, 0, None)


@pytest.mark.usefixtures("small_pieces")
def test_stopped_it_waits_and_goes_on_where_it_was() -> None:
    project = a_project_of(5)
    make_comparisons(project, Wanted("traces"))
    pieces(project, 1)
    cancel_filling(project)
    assert work_filling(project).done == 2
    stopped = filling_of(project)
    assert stopped is not None
    assert (stopped.is_stopped, stopped.n_pairs) == (True, 2)
    with pytest.raises(Conflict, match="Let that come to its end first"):
        make_comparisons(project, Wanted("traces"))
    resume_filling(project)
    assert work_filling(project).state == RunState.DONE
    assert (Pair.objects.count(), Comparison.objects.count()) == (5, 5)


@pytest.mark.usefixtures("small_pieces")
def test_a_piece_that_fails_leaves_nothing_half_made(monkeypatch: pytest.MonkeyPatch) -> None:
    project = a_project_of(5)
    make_comparisons(project, Wanted("traces"))
    pieces(project, 1)

    def fail(*_: object) -> int:
        raise ValueError("a bad row")

    with monkeypatch.context() as patch:
        patch.setattr("annotate.assign.compare.pieces.add_slots", fail)
        with pytest.raises(ValueError, match="a bad row"):
            work_filling(project)
    failed = filling_of(project)
    assert failed is not None
    assert (failed.state, failed.error, failed.n_pairs) == (RunState.FAILED, "ValueError: a bad row", 2)
    assert Pair.objects.count() == 2
    resume_filling(project)
    work_filling(project)
    assert (Pair.objects.count(), Comparison.objects.count()) == (5, 5)


@pytest.mark.usefixtures("small_pieces")
def test_filling_the_queue_of_traces_comes_first_and_forgets_nothing() -> None:
    project = a_project_of(5)
    make_comparisons(project, Wanted("traces"))
    pieces(project, 1)
    filling = ask_filling(project, slots=True)
    assert (filling.stage, filling.total) == (FillingStage.TURNS, 15 + 15 + 3)
    assert work_filling(project).state == RunState.DONE
    assert (Assignment.objects.count(), Comparison.objects.count()) == (15, 5)


@pytest.mark.usefixtures("small_pieces")
def test_people_compare_meanwhile_and_what_they_hold_stays() -> None:
    project = a_project_of(5, overlap=2)
    make_comparisons(project, Wanted("traces"))
    pieces(project, 1)
    bob = person(project, "bob")
    say(taken(project, bob), "left")
    held = taken(project, bob)
    work_filling(project)
    assert Comparison.objects.count() == 10
    held.refresh_from_db()
    assert held.state == "held"


@pytest.mark.usefixtures("small_pieces")
def test_people_are_asked_about_pairs_that_a_run_has_made_meanwhile() -> None:
    project = a_project_of(5)
    make_comparisons(project, Wanted("traces"))
    pieces(project, 1)
    assert pair_traces(project) == 3
    work_filling(project)
    assert (Pair.objects.count(), Comparison.objects.count()) == (5, 5)


@pytest.mark.usefixtures("small_pieces")
def test_what_the_rubric_does_not_ask_about_is_made_and_nobody_is_asked() -> None:
    project = a_project_of(3)
    make_comparisons(project, Wanted("lineups", size=3))
    work_filling(project)
    assert (Lineup.objects.count(), Comparison.objects.count()) == (3, 0)
    assert make_lineups(project, size=3).lineups == 0


@pytest.mark.parametrize("wanted", [Wanted("traces"), Wanted("steps"), Wanted("lineups", size=3)])
def test_there_are_as_many_statements_for_many_problems_as_for_few(wanted: Wanted) -> None:
    counts = []
    for n in (5, 40):
        project = a_project_of(n, preset="ranking" if wanted.make == "lineups" else "preference")
        with CaptureQueriesContext(connection) as queries:
            made = make_now(project, wanted)
        assert made.pairs + made.lineups == made.slots == n
        counts.append(len(queries))
    assert counts[0] == counts[1] < 25


def test_where_it_is_little_it_is_counted_and_made_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    project = a_project_of(5, overlap=2)
    assert outlook(project, Wanted("traces", 2)).new == 10
    # 15 traces and 20 slots.
    monkeypatch.setattr("annotate.assign.compare.making.MOST_AT_ONCE", 35)
    assert make_comparisons(project, Wanted("traces", 2)).pairs == 10
    monkeypatch.setattr("annotate.assign.compare.making.MOST_AT_ONCE", 34)
    monkeypatch.setattr("annotate.assign.compare.making.LOOKED_AT", 3)
    seen = outlook(project, Wanted("traces", 3))
    assert seen.problems is not None
    assert (seen.new, seen.looked_at, seen.problems.n) == (3, 3, 5)
    assert make_comparisons(project, Wanted("traces", 3)).is_left
    assert make_pairs(project, "traces", per_problem=3).pairs == 5


def test_what_cannot_be_made_is_refused_before_anything_is_noted() -> None:
    project = a_project_of(1)
    for wanted, field in (
        (Wanted("traces", 0), "pairs"),
        (Wanted("lineups", 1, 9), "size"),
        (Wanted("lineups", 0), "lineups"),
    ):
        for do in (make_comparisons, outlook):
            with pytest.raises(Rejected) as caught:
                do(project, wanted)
            assert caught.value.field == field
    assert filling_of(project) is None
