from __future__ import annotations

import numpy as np
import pytest
from django.utils import timezone

from annotate.enums import AssignmentState, RaterKind
from annotate.errors import NotEstimable
from annotate.measure.ruler import actions
from annotate.measure.ruler.actions import KEPT, claim_fit, fit_ruler, place_sessions, wants_fit
from annotate.models import Assignment, Label, Measure, Project, Rater, Ruler, Standing
from tests.annotate.measure.ruler.scene import a_read_project, answers, say, submit
from tests.factories import a_project, a_rater, a_trace

pytestmark = pytest.mark.django_db


def measure(rater: Rater) -> Measure:
    return Measure.objects.get(ruler__is_current=True, rater=rater, criterion=None)


def test_raters_stand_in_the_order_of_their_severity() -> None:
    project, raters = a_read_project((-1.0, 0.0, 1.0), machines={"judge/a@1": 0.5})
    ruler = fit_ruler(project)
    found = [measure(rater) for rater in raters]
    severities = [one.severity for one in found]
    assert severities[0] < severities[1] < severities[2]  # type: ignore[operator]
    assert sum(severities) == pytest.approx(0, abs=1e-6)  # type: ignore[arg-type]
    for one, true in zip(found, np.array([-1.0, 0.0, 1.0, 0.5]) - 0.125, strict=True):
        assert one.severity is not None
        assert one.se is not None
        assert abs(one.severity - true) < 3.5 * one.se
        assert one.n == 80
    assert (ruler.version, ruler.is_current, ruler.converged, ruler.n_labels) == ("1.0", True, True, 320)
    assert found[2].detail["by"] < 0 < found[0].detail["by"]


def test_gold_and_decisions_are_answers_not_raters() -> None:
    project, raters = a_read_project()
    step = Label.objects.filter(rater=raters[0]).order_by("pk")[0].step
    assert step is not None
    gold, desk = a_rater(project, RaterKind.GOLD), a_rater(project, RaterKind.REVIEW)
    say(gold, [step], ["good"])
    say(desk, [step], ["bad"])
    fit_ruler(project)
    assert not Measure.objects.filter(rater__in=(gold, desk)).exists()
    rate = measure(raters[0]).detail["gold"]
    said = Label.objects.get(rater=raters[0], step=step).value
    assert (rate["n"], rate["value"]) == (1, 1.0 if said == "good" else 0.0)


def test_a_rater_whose_steps_nobody_else_reads_has_no_measure_but_a_reason() -> None:
    project, _ = a_read_project()
    alone = a_rater(project, name="alone")
    say(alone, list(a_trace(project, n_steps=12).steps.all()), ["good", "bad", "neutral"] * 4)
    fit_ruler(project)
    found = measure(alone)
    assert (found.severity, found.se) == (None, None)
    assert "Nobody else" in found.reason
    assert found.detail["flags"] == [{"code": "few", "n": 0}]


def test_groups_that_share_nothing_are_not_compared() -> None:
    project, _ = a_read_project()
    steps = list(a_trace(project, n_steps=12).steps.all())
    apart = [a_rater(project, name="x"), a_rater(project, name="y")]
    for rater in apart:
        say(rater, steps, ["good", "bad", "neutral"] * 4)
    ruler = fit_ruler(project)
    assert [measure(rater).severity for rater in apart] == [None, None]
    assert "cannot be compared" in measure(apart[0]).reason
    assert {"code": "apart", "facets": ["item", "rater"], "n": 2} in ruler.detail["warnings"]


@pytest.mark.parametrize("say_what", ["nothing", "alone", "alike"])
def test_what_cannot_be_fitted_is_said_and_leaves_nothing(say_what: str) -> None:
    project = a_project()
    steps = list(a_trace(project, n_steps=4).steps.all())
    if say_what != "nothing":
        say(a_rater(project), steps, ["good"] * 4 if say_what == "alike" else ["good", "bad"] * 2)
    if say_what == "alike":
        say(a_rater(project), steps, ["good"] * 4)
    with pytest.raises(NotEstimable):
        fit_ruler(project)
    assert not Ruler.objects.exists()


def test_a_fit_that_breaks_leaves_the_ruler_of_before(monkeypatch: pytest.MonkeyPatch) -> None:
    project, raters = a_read_project()
    first = fit_ruler(project)
    before = measure(raters[0]).severity

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("half way")

    with monkeypatch.context() as patch:
        patch.setattr(Measure.objects, "bulk_create", broken)
        with pytest.raises(RuntimeError):
            fit_ruler(project)
    assert Ruler.objects.get() == first
    assert Ruler.objects.get().is_current
    assert measure(raters[0]).severity == before


def test_earlier_rulers_stay_for_the_history_without_what_only_the_current_needs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(actions, "KEPT", 3)
    project, raters = a_read_project(n_traces=2)
    for _ in range(4):
        fit_ruler(project)
    assert list(Ruler.objects.order_by("number").values_list("number", "is_current")) == [
        (2, False),
        (3, False),
        (4, True),
    ]
    assert KEPT > 3
    assert Measure.objects.filter(rater=raters[0], criterion=None).count() == 3
    assert Measure.objects.filter(rater=raters[0], criterion__isnull=False).count() == 1
    assert Standing.objects.get().ruler.number == 4


def test_the_same_labels_and_seed_give_the_same_measures() -> None:
    project, raters = a_read_project(n_traces=3)
    fit_ruler(project)
    first = measure(raters[1]).severity
    fit_ruler(project)
    assert measure(raters[1]).severity == first


class TestPlacing:
    def test_a_session_moves_its_rater_and_nobody_else(self) -> None:
        project, raters = a_read_project((0.0, 0.0, 0.0))
        fit_ruler(project)
        before = [measure(rater).severity for rater in raters]
        # Steps that everybody else finds good.
        trace = a_trace(project, n_steps=10)
        for other in raters[1:]:
            say(other, list(trace.steps.all()), ["good"] * 10)
        fit_ruler(project)
        before = [measure(rater).severity for rater in raters]
        submit(raters[0], ["bad"] * 10, trace=trace)
        assert place_sessions(project).n_sessions == 1
        after = [measure(rater) for rater in raters]
        assert after[0].severity > before[0] + 0.1  # type: ignore[operator]
        assert [one.severity for one in after[1:]] == before[1:]
        assert after[0].n == 90
        assert Ruler.objects.get(is_current=True).version == "2.1"

    def test_placing_comes_close_to_a_fit_of_everything(self) -> None:
        project, raters = a_read_project((-0.8, 0.0, 0.8), n_traces=12)
        fit_ruler(project)
        rng = np.random.default_rng(5)
        for _ in range(4):
            trace = a_trace(project, n_steps=10)
            quality = rng.normal(0, 1.5, 10)
            for rater, severity in zip(raters, (-0.8, 0.0, 0.8), strict=True):
                submit(rater, answers(quality - severity, rng), trace=trace)
        assert place_sessions(project).n_sessions == 12
        placed = [measure(rater) for rater in raters]
        fit_ruler(project)
        for one, rater in zip(placed, raters, strict=True):
            fitted = measure(rater)
            assert abs(one.severity - fitted.severity) < fitted.se  # type: ignore[operator]
            assert one.n == fitted.n

    def test_nothing_is_placed_twice(self) -> None:
        project, raters = a_read_project()
        fit_ruler(project)
        submit(raters[0], ["bad"] * 10)
        assert [place_sessions(project).n_sessions for _ in range(2)] == [1, 0]
        fit_ruler(project)
        assert place_sessions(project).n_sessions == 0
        assert Ruler.objects.get(is_current=True).version == "2.0"

    def test_a_session_submitted_during_the_fit_is_placed_afterwards(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        project, raters = a_read_project()
        real = actions.ruler_labels

        def read_and_then_somebody_submits(of: Project) -> object:
            labels = real(of)
            submit(raters[0], ["bad"] * 10)
            return labels

        with monkeypatch.context() as patch:
            patch.setattr(actions, "ruler_labels", read_and_then_somebody_submits)
            fit_ruler(project)
        assert measure(raters[0]).n == 80
        assert place_sessions(project).n_sessions == 1
        assert measure(raters[0]).n == 90

    def test_what_was_sent_back_and_submitted_again_waits_for_the_fit(self) -> None:
        project, raters = a_read_project()
        session = submit(raters[0], ["bad"] * 10)
        Assignment.objects.filter(pk=session.pk).update(finished_at=timezone.now() - 10 * actions.SLACK)
        fit_ruler(project)
        Assignment.objects.filter(pk=session.pk).update(finished_at=timezone.now())
        assert place_sessions(project).n_sessions == 0

    def test_a_newcomer_enters_as_their_kind_does(self) -> None:
        project, _ = a_read_project((-1.0, 0.0, 0.5, 0.5))
        fit_ruler(project)
        new = a_rater(project, name="new")
        submit(new, ["bad", "good"] * 5)
        place_sessions(project)
        found = measure(new)
        assert found.severity is not None
        assert (found.n, found.detail["is_new"]) == (10, True)

    def test_many_sessions_take_several_turns(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(actions, "MOST_SESSIONS", 2)
        project, raters = a_read_project()
        fit_ruler(project)
        for rater in raters:
            submit(rater, ["bad"] * 10)
        turns = [place_sessions(project) for _ in range(3)]
        assert [(turn.n_sessions, turn.has_more) for turn in turns] == [(2, True), (1, False), (0, False)]
        assert [measure(rater).n for rater in raters] == [90, 90, 90]

    def test_unfinished_and_learning_sessions_are_not_placed(self) -> None:
        project, raters = a_read_project()
        fit_ruler(project)
        submit(raters[0], ["bad"] * 10)
        Assignment.objects.update(state=AssignmentState.SKIPPED)
        assert place_sessions(project).n_sessions == 0

    def test_without_a_ruler_there_is_nothing_to_place_on(self) -> None:
        assert place_sessions(a_project()).n_sessions == 0


def test_a_fit_is_wanted_after_enough_new_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "ENOUGH_NEW", 15)
    project, raters = a_read_project()
    ruler = fit_ruler(project)
    submit(raters[0], ["bad"] * 10)
    assert not wants_fit(ruler)
    submit(raters[1], ["bad"] * 10)
    assert wants_fit(ruler)
    other = a_project()
    say(a_rater(other), list(a_trace(other, n_steps=20).steps.all()), ["good"] * 20)
    assert not wants_fit(fit_ruler(project))


def test_one_worker_at_a_time_claims_a_fit() -> None:
    project, _ = a_read_project(n_traces=2)
    ruler = fit_ruler(project)
    assert [claim_fit(ruler), claim_fit(ruler)] == [True, False]
    assert claim_fit(ruler, now=timezone.now() + actions.FIT_TIME * 2)
    newer = fit_ruler(project)
    assert not claim_fit(ruler)
    assert claim_fit(newer)


def test_a_rater_who_says_one_thing_only_is_known_to_be_mild_and_not_how_mild() -> None:
    project = a_project()
    steps = list(a_trace(project, n_steps=12).steps.all())
    ann, ben = a_rater(project), a_rater(project)
    say(ann, steps, ["good"] * 12)
    say(ben, steps, ["good", "bad", "neutral"] * 4)
    fit_ruler(project)
    found = measure(ann)
    assert found.severity is not None
    assert found.severity < 0
    assert found.se is not None
    assert found.se > 1
    assert "one_category" in [flag["code"] for flag in found.detail["flags"]]
