from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from annotate.assign.actions import claim_next, fill_queue, rater_of, release_assignment
from annotate.enums import AssignmentState, CandidateKind, CriterionKind, Role, Scope
from annotate.errors import Conflict, Rejected
from annotate.ingest.founding import create_rubric
from annotate.ingest.presets import PRM_VERDICTS, CriterionPreset, LevelPreset
from annotate.label.actions import clear_label, save_label, submit_and_claim, submit_assignment
from annotate.label.answers import Said
from annotate.label.queries import has_worked_on, sheet_of
from annotate.models import Assignment, Criterion, Label, Project, Step
from tests.factories import a_candidate, a_criterion, a_person, a_project, a_trace

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    project = a_project(bob=Role.ANNOTATOR)
    a_trace(project)
    fill_queue(project)
    return project


@pytest.fixture
def held(project: Project) -> Assignment:
    assignment = claim_next(project, rater_of(project, a_person("bob")))
    assert assignment is not None
    return assignment


@pytest.fixture
def verdict(project: Project) -> Criterion:
    return a_criterion(project)


def steps_of(assignment: Assignment) -> list[Step]:
    return list(assignment.trace.steps.all())


def take_over(assignment: Assignment, name: str) -> Assignment:
    Assignment.objects.filter(pk=assignment.pk).update(held_until=timezone.now() - timedelta(seconds=1))
    taken = claim_next(assignment.project, rater_of(assignment.project, a_person(name)))
    assert taken is not None
    return taken


def test_save_label_supersedes_and_repeats_write_nothing(held: Assignment, verdict: Criterion) -> None:
    step = steps_of(held)[0]
    first = save_label(held, held.token, step=step, criterion=verdict, value="good", seconds=2.34)
    again = save_label(held, held.token, step=step, criterion=verdict, value="good", seconds=9)
    revised = save_label(held, held.token, step=step, criterion=verdict, value="bad", text=" a slip ")
    assert again.pk == first.pk
    assert first.seconds == 2.3
    assert (revised.supersedes_id, revised.text, revised.has_seen_prelabels) == (first.pk, "a slip", False)
    assert list(Label.objects.live()) == [revised]


def test_save_label_freezes_the_rubric_and_does_not_count_yet(held: Assignment, verdict: Criterion) -> None:
    save_label(held, held.token, step=steps_of(held)[0], criterion=verdict, value="good")
    verdict.rubric.refresh_from_db()
    assert verdict.rubric.is_frozen
    assert not Label.objects.counted().exists()


def test_clear_label_retires_without_a_successor(held: Assignment, verdict: Criterion) -> None:
    step = steps_of(held)[0]
    first = save_label(held, held.token, step=step, criterion=verdict, value="good")
    assert clear_label(held, held.token, step=step, criterion=verdict) is True
    assert clear_label(held, held.token, step=step, criterion=verdict) is False
    assert not Label.objects.live().exists()
    later = save_label(held, held.token, step=step, criterion=verdict, value="good")
    assert later.pk != first.pk
    assert later.supersedes is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"value": "splendid"}, "value"),
        ({"value": ""}, "value"),
        ({"seconds": float("nan")}, "seconds"),
        ({"seconds": -1.0}, "seconds"),
        ({"text": "x" * 20_001}, "text"),
        ({"text": "\x00"}, "text"),
        ({"step": None}, "step"),
    ],
)
def test_save_label_rejects_bad_input_by_field(
    held: Assignment, verdict: Criterion, change: dict[str, object], field: str
) -> None:
    answer = {"step": steps_of(held)[0], "criterion": verdict, "value": "good", **change}
    with pytest.raises(Rejected) as caught:
        save_label(held, held.token, **answer)  # type: ignore[arg-type]
    assert caught.value.field == field
    assert not Label.objects.exists()


def test_save_label_rejects_another_traces_step(
    project: Project, held: Assignment, verdict: Criterion
) -> None:
    stranger = a_trace(project).steps.get(position=0)
    with pytest.raises(Rejected, match="step of this trace"):
        save_label(held, held.token, step=stranger, criterion=verdict, value="good")


def test_save_label_rejects_what_only_machines_are_asked(project: Project, held: Assignment) -> None:
    with pytest.raises(Rejected, match="not put to people"):
        save_label(
            held,
            held.token,
            step=steps_of(held)[0],
            criterion=a_criterion(project, "recoverable"),
            value="good",
        )


def test_save_label_refuses_an_old_token(held: Assignment, verdict: Criterion) -> None:
    take_over(held, "carol")
    with pytest.raises(Conflict, match="taken over"):
        save_label(held, held.token, step=steps_of(held)[0], criterion=verdict, value="good")
    assert not Label.objects.exists()


def test_submit_names_the_first_missing_step(held: Assignment, verdict: Criterion) -> None:
    first, _, third = steps_of(held)
    for step in (first, third):
        save_label(held, held.token, step=step, criterion=verdict, value="good")
    with pytest.raises(Rejected, match="Step 2 still needs an answer") as caught:
        submit_assignment(held, held.token)
    assert caught.value.field == "step-1"


def answer_all(assignment: Assignment, verdict: Criterion, value: str = "good") -> None:
    for step in steps_of(assignment):
        save_label(assignment, assignment.token, step=step, criterion=verdict, value=value)


def test_submit_counts_and_may_arrive_twice(held: Assignment, verdict: Criterion) -> None:
    answer_all(held, verdict)
    submit_assignment(held, held.token)
    again = submit_assignment(held, held.token)
    assert again.state == AssignmentState.SUBMITTED
    assert Label.objects.counted().count() == 3
    with pytest.raises(Conflict, match="submitted already"):
        save_label(held, held.token, step=steps_of(held)[0], criterion=verdict, value="bad")


def good(held: Assignment, verdict: Criterion) -> list[Said]:
    return [Said(verdict.pk, step.position, "good") for step in steps_of(held)]


def test_who_submits_has_the_next_trace_in_the_same_transaction(
    project: Project, held: Assignment, verdict: Criterion
) -> None:
    waiting = a_trace(project)
    fill_queue(project)
    said = good(held, verdict)
    problem, nothing = submit_and_claim(held, held.token, said[1:])
    assert (problem.counts, nothing) == (False, None)
    handed, following = submit_and_claim(held, held.token, said)
    assert handed.submitted == held
    assert following is not None
    assert (following.trace, following.state, following.token) == (waiting, AssignmentState.HELD, 1)
    again, same = submit_and_claim(held, held.token, said)
    assert (again.counts, again.submitted, same) == (True, None, following)


def test_a_claim_that_fails_takes_no_submission_with_it(
    held: Assignment, verdict: Criterion, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise OperationalError("deadlock detected")

    monkeypatch.setattr("annotate.label.actions.claim_after", fails)
    handed, following = submit_and_claim(held, held.token, good(held, verdict))
    assert (handed.submitted, following) == (held, None)
    assert Label.objects.counted().count() == len(steps_of(held))


def test_an_earlier_holders_drafts_never_count_for_the_new_one(held: Assignment, verdict: Criterion) -> None:
    answer_all(held, verdict, "bad")
    taken = take_over(held, "carol")
    assert sheet_of(taken).answers == {}
    assert has_worked_on(held.pk, a_person("bob"))
    answer_all(taken, verdict, "good")
    submit_assignment(taken, taken.token)
    counted = Label.objects.counted()
    assert {(label.rater.name, label.value) for label in counted} == {("carol", "good")}
    assert Label.objects.filter(rater__name="bob", is_live=True).count() == 0


def test_answers_wait_for_a_person_who_gets_the_slot_back(
    project: Project, held: Assignment, verdict: Criterion
) -> None:
    answer_all(held, verdict, "bad")
    taken = take_over(held, "carol")
    release_assignment(taken, taken.token)
    back = claim_next(project, rater_of(project, a_person("bob")))
    assert back is not None
    assert len(sheet_of(back).answers) == 3
    submit_assignment(back, back.token)
    assert Label.objects.counted().count() == 3


def test_a_lost_slots_answers_are_superseded_on_another_slot_of_the_trace(verdict: Criterion) -> None:
    project = verdict.rubric.project
    project.overlap = 2
    project.save()
    fill_queue(project)
    held = claim_next(project, rater_of(project, a_person("bob")))
    assert held is not None
    lost = save_label(held, held.token, step=steps_of(held)[0], criterion=verdict, value="good")
    taken = take_over(held, "carol")
    other = claim_next(project, rater_of(project, a_person("bob")))
    assert other is not None
    assert other.pk != taken.pk
    kept = save_label(other, other.token, step=steps_of(held)[0], criterion=verdict, value="good")
    assert (kept.supersedes_id, kept.assignment_id) == (lost.pk, other.pk)


def test_a_first_error_rubric_submits_at_the_error_and_sets_later_answers_aside(project: Project) -> None:
    levels = (LevelPreset("good", "Good", "", "1", 1.0), LevelPreset("bad", "Bad", "", "2", -1.0))
    preset = CriterionPreset("first", "First error", "", levels)
    project.rubric = create_rubric(project, name="First error", criteria=[preset])
    project.save()
    criterion = project.rubric.criteria.get()
    Criterion.objects.filter(pk=criterion.pk).update(stops_at_first_error=True)
    criterion.refresh_from_db()
    held = claim_next(project, rater_of(project, a_person("bob")))
    assert held is not None
    first, second, third = steps_of(held)
    for step, value in ((third, "good"), (first, "good"), (second, "bad")):
        save_label(held, held.token, step=step, criterion=criterion, value=value)
    submit_assignment(held, held.token)
    assert set(Label.objects.counted().values_list("step__position", "value")) == {(0, "good"), (1, "bad")}


def test_words_tags_and_the_trace_as_a_whole(project: Project) -> None:
    levels = (LevelPreset("sign", "Sign", "", "", None), LevelPreset("unit", "Unit", "", "", None))
    whole = Scope.TRACE
    project.rubric = create_rubric(
        project,
        name="Whole",
        criteria=[
            CriterionPreset("why", "Why", "", (), scope=whole, kind=CriterionKind.TEXT),
            CriterionPreset("slips", "Slips", "", levels, scope=whole, kind=CriterionKind.TAGS),
        ],
    )
    project.save()
    held = claim_next(project, rater_of(project, a_person("bob")))
    assert held is not None
    why, slips = (a_criterion(project, key) for key in ("why", "slips"))
    with pytest.raises(Rejected, match="in words"):
        save_label(held, held.token, trace=held.trace, criterion=why, value="")
    save_label(held, held.token, trace=held.trace, criterion=why, value="", text="It forgets the sign.")
    with pytest.raises(Rejected, match="as a whole still needs"):
        submit_assignment(held, held.token)
    tags = save_label(held, held.token, trace=held.trace, criterion=slips, value="unit sign")
    assert tags.value == "sign unit"
    submit_assignment(held, held.token)
    assert Label.objects.counted().count() == 2


def asking(project: Project, *criteria: CriterionPreset) -> Assignment:
    """A trace of three steps in Bob's hands, under these questions."""
    project.rubric = create_rubric(project, name="Asked", criteria=criteria)
    project.save()
    held = claim_next(project, rater_of(project, a_person("bob")))
    assert held is not None
    return held


EXIT = CriterionPreset(
    "exit",
    "Exit",
    "",
    (
        LevelPreset("solution", "Solution"),
        LevelPreset("give-up", "Give up", needs_text=True, ends_trace=True),
    ),
    scope=Scope.TRACE,
    kind=CriterionKind.CHOICE,
)
CRITIQUE = CriterionPreset(
    "critique", "Critique", "", (), kind=CriterionKind.TEXT, condition="verdict", condition_levels=("bad",)
)


def test_tags_carry_their_severities(project: Project) -> None:
    levels = (LevelPreset("sign", "Sign"), LevelPreset("unit", "Unit"))
    preset = CriterionPreset(
        "slips", "Slips", "", levels, kind=CriterionKind.TAGS, severities=("minor", "fatal")
    )
    held = asking(project, preset)
    step, slips = steps_of(held)[0], a_criterion(project, "slips")
    label = save_label(held, held.token, step=step, criterion=slips, value="unit:fatal sign:minor")
    assert label.value == "sign:minor unit:fatal"
    with pytest.raises(Rejected, match="needs a severity") as caught:
        save_label(held, held.token, step=step, criterion=slips, value="unit")
    assert caught.value.field == "value"


def test_a_way_out_needs_its_reason_and_leaves_the_open_steps(project: Project) -> None:
    held = asking(project, *PRM_VERDICTS, EXIT)
    verdict, way_out = a_criterion(project), a_criterion(project, "exit")
    save_label(held, held.token, step=steps_of(held)[0], criterion=verdict, value="good")
    save_label(held, held.token, trace=held.trace, criterion=way_out, value="give-up")
    with pytest.raises(Rejected, match=r"still needs the reason in words \(Exit\)") as caught:
        submit_assignment(held, held.token)
    assert caught.value.field == "trace"
    save_label(held, held.token, trace=held.trace, criterion=way_out, value="give-up", text="No figure.")
    submit_assignment(held, held.token)
    assert set(Label.objects.counted().values_list("criterion__key", "value")) == {
        ("verdict", "good"),
        ("exit", "give-up"),
    }


def test_answers_whose_condition_no_longer_holds_are_set_aside(project: Project) -> None:
    held = asking(project, *PRM_VERDICTS, CRITIQUE)
    verdict, critique = a_criterion(project), a_criterion(project, "critique")
    first, second, third = steps_of(held)
    for step, value in ((first, "bad"), (second, "bad"), (third, "good")):
        save_label(held, held.token, step=step, criterion=verdict, value=value)
    with pytest.raises(Rejected, match=r"Step 1 still needs an answer \(Critique\)"):
        submit_assignment(held, held.token)
    for step in (first, second):
        save_label(held, held.token, step=step, criterion=critique, value="", text="It slips.")
    save_label(held, held.token, step=second, criterion=verdict, value="good")
    submit_assignment(held, held.token)
    counted = Label.objects.counted().filter(criterion=critique)
    assert [label.step for label in counted] == [first]


def test_a_correction_differs_from_its_step_and_keeps_its_indentation(project: Project) -> None:
    preset = CriterionPreset("rewrite", "Rewrite", "", (), kind=CriterionKind.CORRECTION, is_optional=True)
    held = asking(project, *PRM_VERDICTS, preset)
    step, rewrite = steps_of(held)[0], a_criterion(project, "rewrite")
    for same in (step.body, f"  {step.body}\r\n"):
        with pytest.raises(Rejected, match="says what the step says") as caught:
            save_label(held, held.token, step=step, criterion=rewrite, value="", text=same)
        assert caught.value.field == "text"
    label = save_label(
        held, held.token, step=step, criterion=rewrite, value="", text="\n  x = 1\r\n  y = 2\n"
    )
    assert (label.value, label.text) == ("", "  x = 1\n  y = 2")


def test_an_answer_that_was_filled_in_says_so(held: Assignment, verdict: Criterion) -> None:
    first, second, _ = steps_of(held)
    filled = save_label(held, held.token, step=first, criterion=verdict, value="good", is_filled=True)
    looked_at = save_label(held, held.token, step=second, criterion=verdict, value="bad")
    assert (filled.evidence, looked_at.evidence) == ({"is_filled": True}, {})


def test_nobody_answers_a_group(project: Project) -> None:
    group = CriterionPreset("all", "All", "", (), scope=Scope.TRACE, kind=CriterionKind.GROUP)
    inside = CriterionPreset(
        "sound", "Sound", "", (LevelPreset("yes", "Yes", score=1.0),), scope=Scope.TRACE, parent="all"
    )
    held = asking(project, group, inside)
    assert [one.key for one in sheet_of(held).criteria] == ["sound"]
    with pytest.raises(Rejected, match="not put to people"):
        save_label(
            held, held.token, trace=held.trace, criterion=a_criterion(project, "all"), value="", text="x"
        )


def test_a_candidate_is_rated_by_the_questions_about_its_kind(project: Project) -> None:
    better = CriterionPreset(
        "better",
        "Better",
        "",
        (LevelPreset("yes", "Yes"), LevelPreset("no", "No")),
        scope=Scope.CANDIDATE,
        candidate_kind=CandidateKind.ALTERNATIVE,
    )
    held = asking(project, better)
    criterion = a_criterion(project, "better")
    first, second, _ = steps_of(held)
    one, other = a_candidate(first), a_candidate(second)
    critique = a_candidate(first, kind=CandidateKind.CRITIQUE)
    elsewhere = a_candidate(a_trace(project).steps.first())
    assert sheet_of(held).n_missing == 2
    label = save_label(held, held.token, candidate=one, criterion=criterion, value="yes")
    revised = save_label(held, held.token, candidate=one, criterion=criterion, value="no")
    assert (revised.supersedes_id, revised.step, revised.candidate) == (label.pk, None, one)
    with pytest.raises(Rejected, match=r"Step 2 still needs an answer \(Better\)"):
        submit_assignment(held, held.token)
    for target, why in (
        ({"candidate": critique}, "candidate of this trace"),
        ({"candidate": elsewhere}, "candidate of this trace"),
        ({"step": first}, "is about a candidate"),
        ({"candidate": one, "step": first}, "candidate of this trace"),
    ):
        with pytest.raises(Rejected, match=why):
            save_label(held, held.token, criterion=criterion, value="yes", **target)  # type: ignore[arg-type]
    save_label(held, held.token, candidate=other, criterion=criterion, value="yes")
    assert clear_label(held, held.token, candidate=other, criterion=criterion)
    save_label(held, held.token, candidate=other, criterion=criterion, value="yes")
    submit_assignment(held, held.token)
    assert set(Label.objects.counted().values_list("candidate", "value")) == {
        (one.pk, "no"),
        (other.pk, "yes"),
    }


def test_a_question_about_steps_takes_no_candidate(held: Assignment, verdict: Criterion) -> None:
    candidate = a_candidate(steps_of(held)[0])
    with pytest.raises(Rejected, match="not a candidate"):
        save_label(held, held.token, candidate=candidate, criterion=verdict, value="good")
