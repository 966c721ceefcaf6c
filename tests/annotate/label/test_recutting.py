from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection, transaction

from annotate.assign.actions import claim_next, fill_queue, rater_of
from annotate.enums import AssignmentState, CutAnswer, CutFault, RaterKind, Role
from annotate.errors import Conflict, Rejected
from annotate.label.actions import save_answers, save_label, submit_assignment
from annotate.label.answers import Said
from annotate.label.cut_reports import report_cut
from annotate.label.cut_versions import old_answers
from annotate.label.decisions import decide
from annotate.label.discussion import write_comment
from annotate.label.queries import sheet_of
from annotate.label.recutting import Cut, Effect, recut
from annotate.models import Assignment, Comment, Label, Project, Recut, Step, Trace
from tests.factories import a_candidate, a_criterion, a_label, a_pair, a_person, a_project, a_rater, a_trace

pytestmark = pytest.mark.django_db
TEXTS = ["One.\n", "Two. Three.\n", "Four.\n", "Five."]


@pytest.fixture
def project() -> Project:
    project = a_project(bob=Role.ANNOTATOR, carol=Role.REVIEWER)
    a_trace(project, texts=TEXTS, external_id="t")
    fill_queue(project)
    return project


@pytest.fixture
def trace(project: Project) -> Trace:
    return Trace.objects.select_related("project").get(project=project)


def held_by_bob(project: Project) -> Assignment:
    held = claim_next(project, rater_of(project, a_person("bob")))
    assert held is not None
    return held


def answered(project: Project, *values: str) -> Assignment:
    held = held_by_bob(project)
    for step, value in zip(held.trace.steps.all(), values, strict=False):
        save_label(held, held.token, step=step, criterion=a_criterion(project), value=value, seconds=2.0)
    return held


def submitted(project: Project, *values: str) -> Assignment:
    held = answered(project, *values)
    return submit_assignment(held, held.token)


def split(trace: Trace, position: int = 1, at: int = 5, **more: object) -> Effect:
    trace.refresh_from_db()
    return recut(trace, a_person("carol"), Cut(position, trace.boundary_version, at), **more)  # type: ignore[arg-type]


def merge(trace: Trace, position: int = 1, **more: object) -> Effect:
    trace.refresh_from_db()
    return recut(trace, a_person("carol"), Cut(position, trace.boundary_version), **more)  # type: ignore[arg-type]


def said(trace: Trace, rater: str = "bob") -> list[str]:
    """The live value at each step of now, in order; - where there is none."""
    live = Label.objects.live().filter(rater__name=rater, step__trace=trace, step__retired_in=None)
    values = dict(live.values_list("step__position", "value"))
    return [values.get(position, "-") for position in range(Trace.objects.get(pk=trace.pk).n_steps)]


def test_untouched_steps_keep_their_rows_and_labels(project: Project, trace: Trace) -> None:
    answered(project, "good", "good", "bad", "neutral")
    before = {step.text: step.pk for step in trace.steps.all()}
    labels = {label.step_id: label.pk for label in Label.objects.live()}
    split(trace)
    after = {step.text: step.pk for step in trace.steps.all()}
    for text in ("One.\n", "Four.\n", "Five."):
        assert after[text] == before[text]
        assert Label.objects.live().get(step=after[text]).pk == labels[after[text]]
    assert said(trace) == ["good", "good", "good", "bad", "neutral"]


def test_parts_inherit_what_is_right_and_a_wrong_step_is_open_again(project: Project, trace: Trace) -> None:
    assignment = answered(project, "good", "bad", "good", "good")
    effect = split(trace)
    assert said(trace) == ["good", "-", "-", "good", "good"]
    [line] = effect.lines
    assert (line.rater_kind, line.n_carried, line.n_aside) == ("Person", 0, 1)
    old = Label.objects.get(value="bad")
    assert (old.is_live, Step.every.get(pk=old.step_id).retired_in) == (False, 2)
    assignment.refresh_from_db()
    notes = old_answers(assignment)
    parts = trace.steps.filter(position__in=(1, 2))
    assert {pk: [one.title for one in said] for pk, said in notes.items()} == {
        one.pk: ["Bad"] for one in parts
    }


def test_a_merge_carries_the_same_answer_and_names_its_sources(project: Project, trace: Trace) -> None:
    answered(project, "good", "bad", "bad", "good")
    sources = sorted(Label.objects.filter(value="bad").values_list("pk", flat=True))
    assert merge(trace).n_carried == 2
    assert said(trace) == ["good", "bad", "good"]
    carried = Label.objects.live().get(value="bad")
    assert carried.evidence["recut"] == {"version": 2, "labels": sources}
    assert carried.seconds is None
    merge(trace)
    assert said(trace) == ["good", "-"]


def test_a_dry_run_counts_the_same_and_writes_nothing(project: Project, trace: Trace) -> None:
    submitted(project, "good", "bad", "good", "good")
    rows = (Label.objects.count(), Step.every.count(), Comment.objects.count())
    tried = split(trace, is_dry_run=True)
    assert (Label.objects.count(), Step.every.count(), Comment.objects.count()) == rows
    trace.refresh_from_db()
    assert (trace.boundary_version, Recut.objects.count()) == (1, 0)
    done = split(trace)
    assert (tried.lines, tried.n_returned, tried.parts) == (done.lines, done.n_returned, done.parts)
    assert (tried.act, done.n_returned) == (None, 1)


def test_a_reading_that_is_open_again_goes_back_to_its_reader(project: Project, trace: Trace) -> None:
    assignment = submitted(project, "good", "bad", "good", "good")
    split(trace)
    assignment.refresh_from_db()
    assert assignment.state == AssignmentState.RETURNED
    comment = Comment.objects.get(returns=assignment)
    assert (comment.addressee, comment.text[:27]) == (a_person("bob"), "Step 2 was split in two. Yo")
    back = held_by_bob(project)
    assert [position for _, position in sheet_of(back).open] == [1, 2]


def test_a_reading_that_stays_complete_stays_submitted(project: Project, trace: Trace) -> None:
    assignment = submitted(project, "good", "good", "good", "good")
    assert split(trace).n_returned == 0
    assignment.refresh_from_db()
    assert assignment.state == AssignmentState.SUBMITTED
    assert Label.objects.counted().filter(step__trace=trace).count() == 5


def test_the_opposite_act_brings_everything_back(project: Project, trace: Trace) -> None:
    assignment = answered(project, "good", "bad", "good", "good")
    step = trace.steps.get(position=1)
    judge = a_rater(project, RaterKind.JUDGE, "judge")
    a_label(judge, step, "bad", score=0.2, distribution={"bad": 0.8}, evidence={"why": "sum"})
    candidate, pair = a_candidate(step), a_pair(step, trace.steps.get(position=2))
    comment = write_comment(trace, a_person("carol"), "Look.", position=1)
    effect = split(trace)
    assert (effect.n_candidates, effect.n_pairs) == (1, 1)
    comment.refresh_from_db()
    assert comment.step == trace.steps.get(position=1)
    undone = merge(trace)
    assert undone.is_undoing
    assert undone.act is not None
    assert undone.act.undoes == effect.act
    assert [one.text for one in trace.steps.all()] == TEXTS
    assert said(trace) == ["good", "bad", "good", "good"]
    machine = Label.objects.live().get(rater=judge)
    assert (machine.step_id, machine.score, machine.distribution) == (step.pk, 0.2, {"bad": 0.8})
    assert machine.evidence["why"] == "sum"
    comment.refresh_from_db()
    candidate.refresh_from_db()
    pair.refresh_from_db()
    assert comment.step_id == candidate.step_id == pair.left_step_id == step.pk
    assignment.refresh_from_db()
    assert old_answers(assignment) == {}


def test_what_was_said_since_is_not_undone(project: Project, trace: Trace) -> None:
    held = answered(project, "good", "bad", "good", "good")
    split(trace)
    for position, value in ((1, "neutral"), (2, "neutral")):
        save_label(
            held,
            held.token,
            step=trace.steps.get(position=position),
            criterion=a_criterion(project),
            value=value,
        )
    merge(trace)
    assert said(trace) == ["good", "neutral", "good", "good"]


def test_splitting_again_after_undoing_brings_the_parts_back(project: Project, trace: Trace) -> None:
    held = answered(project, "good", "bad", "good", "good")
    split(trace)
    parts = list(trace.steps.filter(position__in=(1, 2)))
    save_label(held, held.token, step=parts[1], criterion=a_criterion(project), value="bad")
    merge(trace)
    assert said(trace) == ["good", "-", "good", "good"]
    split(trace)
    assert [one.pk for one in trace.steps.filter(position__in=(1, 2))] == [one.pk for one in parts]
    assert said(trace) == ["good", "-", "bad", "good", "good"]


def test_machines_gold_and_decisions_follow_the_same_rules(project: Project, trace: Trace) -> None:
    step, criterion = trace.steps.get(position=1), a_criterion(project)
    judge = a_rater(project, RaterKind.JUDGE, "judge")
    a_label(judge, step, "good", score=0.9, distribution={"good": 0.9}, evidence={"votes": 3})
    a_label(a_rater(project, RaterKind.GOLD, "gold"), step, "bad")
    submitted(project, "good", "good", "good", "good")
    decide(trace, a_person("carol"), [Said(criterion.pk, 1, "good")])
    split(trace)
    assert said(trace, "judge") == ["-", "good", "good", "-", "-"]
    machine = Label.objects.live().filter(rater=judge).first()
    assert machine is not None
    assert (machine.score, machine.distribution, machine.evidence["votes"]) == (None, None, 3)
    assert said(trace, "gold") == ["-"] * 5
    decisions = Label.objects.decisions().filter(step__trace=trace)
    assert [one.decided_by.name for one in decisions if one.decided_by] == ["carol", "carol"]
    own = set(
        Label.objects.live().filter(rater__name="bob", step__position__in=(1, 2)).values_list("pk", flat=True)
    )
    assert {pk for one in decisions for pk in one.evidence["between"]} == own


def test_a_page_of_another_version_cannot_act(project: Project, trace: Trace) -> None:
    split(trace)
    with pytest.raises(Conflict, match="cut anew"):
        recut(trace, a_person("carol"), Cut(0, 1, 2))
    assert Trace.objects.get(pk=trace.pk).n_steps == 5


@pytest.mark.parametrize(("position", "at", "field"), [(9, 1, "step"), (3, None, "step"), (0, 99, "at")])
def test_what_cannot_be_cut_is_refused(trace: Trace, position: int, at: int | None, field: str) -> None:
    with pytest.raises(Rejected) as refusal:
        recut(trace, a_person("carol"), Cut(position, 1, at))
    assert refusal.value.field == field


def test_a_report_is_answered_by_the_act(project: Project, trace: Trace) -> None:
    report = report_cut(held_by_bob(project), 1, CutFault.TOO_LONG)
    split(trace, report=report)
    report.refresh_from_db()
    assert (report.answer, report.answered_by, report.recut) == (
        CutAnswer.SPLIT,
        a_person("carol"),
        Recut.objects.get(),
    )
    with pytest.raises(Conflict, match="answered this report"):
        split(trace, 0, 2, report=report)


def test_answers_of_an_older_page_reach_the_step_they_were_about(project: Project, trace: Trace) -> None:
    held, verdict = held_by_bob(project), a_criterion(project).pk
    split(trace)
    late = [
        Said(verdict, 1, "bad", key="a", boundary=1),
        Said(verdict, 2, "neutral", key="b", boundary=1),
        Said(verdict, 0, "good", key="c", boundary=1),
    ]
    refused, *kept = save_answers(held, held.token, late)
    assert refused.refusal is not None
    assert refused.refusal.field == "boundary"
    assert all(one.refusal is None for one in kept)
    assert said(trace) == ["good", "-", "-", "neutral", "-"]
    # Sent once more, it is kept once.
    save_answers(held, held.token, late)
    assert Label.objects.filter(value="bad").count() == 1
    held.refresh_from_db()
    assert {one.title for notes in old_answers(held).values() for one in notes} == {"Bad"}


def test_the_old_labels_stay_and_cannot_be_changed(project: Project, trace: Trace) -> None:
    answered(project, "good", "bad", "good", "good")
    split(trace)
    old = Label.objects.get(value="bad")
    with pytest.raises(IntegrityError), transaction.atomic():
        Label.objects.filter(pk=old.pk).update(value="good")


@pytest.mark.django_db(transaction=True)
def test_an_answer_on_its_way_is_carried_or_refused_but_never_misplaced() -> None:
    """Bob answers every step by its old number while Carol splits the second: each lands where it was meant."""
    project = a_project(bob=Role.ANNOTATOR, carol=Role.REVIEWER)
    trace = a_trace(project, texts=TEXTS, external_id="t")
    fill_queue(project)
    held, verdict, carol = held_by_bob(project), a_criterion(project).pk, a_person("carol")
    start = threading.Barrier(2)
    values = ("good", "bad", "neutral", "unsure")

    def answer() -> None:
        try:
            start.wait()
            for position, value in enumerate(values):
                save_answers(held, held.token, [Said(verdict, position, value, key=value, boundary=1)])
        finally:
            connection.close()

    def cut() -> None:
        try:
            start.wait()
            recut(trace, carol, Cut(1, 1, 5))
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(answer), pool.submit(cut)]:
            done.result()
    # The wrong step is open again, however the two met; its answer is kept.
    assert said(trace) == ["good", "-", "-", "neutral", "unsure"]
    kept = Label.objects.get(value="bad")
    assert (kept.is_live, Step.every.get(pk=kept.step_id).text) == (False, "Two. Three.\n")


@pytest.mark.django_db(transaction=True)
def test_two_reviewers_at_once_make_one_version() -> None:
    project = a_project(carol=Role.REVIEWER)
    trace, carol = a_trace(project, texts=TEXTS), a_person("carol")
    start = threading.Barrier(2)

    def cut(at: int | None) -> bool:
        try:
            start.wait()
            recut(Trace.objects.get(pk=trace.pk), carol, Cut(1, 1, at))
        except Conflict:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(cut, (5, None))) == [False, True]
    assert Recut.objects.count() == 1
