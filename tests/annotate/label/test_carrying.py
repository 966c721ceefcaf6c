from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from annotate.assign.actions import claim_next, fill_queue, rater_of
from annotate.enums import AssignmentState, CandidateKind, CriterionKind, RaterKind, Role, Scope
from annotate.errors import Conflict, Rejected
from annotate.ingest.founding import create_rubric, draft_version, rewrite_rubric, use_rubric
from annotate.ingest.presets import GALLERY, PRM_VERDICTS, CriterionPreset, LevelPreset
from annotate.ingest.rubric_rows import criteria_of
from annotate.label.actions import carry_over, save_label, submit_assignment
from annotate.label.mapping import Move, Moves, usual_moves
from annotate.label.queries import sheet_of
from annotate.models import Assignment, Label, Project, Rubric
from tests.factories import (
    a_candidate,
    a_criterion,
    a_label,
    a_lineup,
    a_pair,
    a_pair_label,
    a_person,
    a_project,
    a_rater,
    a_trace,
    some_attempts,
)

pytestmark = pytest.mark.django_db

SHORT = replace(
    PRM_VERDICTS[0],
    key="judgement",
    title="Judgement",
    levels=(LevelPreset("right", "Right", score=1.0), LevelPreset("wrong", "Wrong", score=-1.0)),
)
RENAMED = {
    "verdict": Move("judgement", {"good": "right", "neutral": "right", "bad": "wrong", "unsure": None})
}


@pytest.fixture
def project() -> Project:
    project = a_project(bob=Role.ANNOTATOR)
    for name in ("one", "two"):
        a_trace(project, n_steps=2, external_id=name)
    fill_queue(project)
    return project


def submitted(project: Project, *values: str) -> Assignment:
    """Bob's next trace with these verdicts."""
    held = claim_next(project, rater_of(project, a_person("bob")))
    assert held is not None
    for step, value in zip(held.trace.steps.all(), values, strict=True):
        save_label(
            held, held.token, step=step, criterion=a_criterion(project), value=value, text="so", seconds=3.0
        )
    return submit_assignment(held, held.token)


def next_version(project: Project, *criteria: CriterionPreset) -> Rubric:
    assert project.rubric is not None
    return rewrite_rubric(draft_version(project.rubric), criteria)


def usual(project: Project, new: Rubric) -> Moves:
    assert project.rubric is not None
    return usual_moves(criteria_of(project.rubric), criteria_of(new))


def test_labels_become_new_rows_and_the_old_ones_stay(project: Project) -> None:
    submitted(project, "good", "bad")
    old = set(Label.objects.values_list("pk", "value", "is_live"))
    new = next_version(project, SHORT)
    carriage = carry_over(new, RENAMED)
    assert (carriage.n_carried, carriage.n_aside, carriage.n_complete, carriage.incomplete) == (2, 0, 1, ())
    assert old <= set(Label.objects.values_list("pk", "value", "is_live"))
    carried = Label.objects.counted().filter(criterion__rubric=new).order_by("step__position")
    assert [(one.value, one.text, one.seconds, one.supersedes) for one in carried] == [
        ("right", "so", None, None),
        ("wrong", "so", None, None),
    ]
    source = Label.objects.get(criterion__key="verdict", value="bad")
    assert carried[1].evidence == {
        "carried_from": {
            "label": source.pk,
            "rubric": "PRM verdicts v1",
            "criterion": "verdict",
            "value": "bad",
        }
    }
    new.refresh_from_db()
    project.refresh_from_db()
    assert (project.rubric, new.is_frozen, new.carried_from) == (new, True, source.criterion.rubric)
    assert new.mapping == {
        "verdict": {
            "to": "judgement",
            "levels": {"good": "right", "neutral": "right", "bad": "wrong", "unsure": None},
        }
    }
    assert Assignment.objects.get(pk=source.assignment_id).state == AssignmentState.SUBMITTED


def test_the_stored_mapping_never_changes(project: Project) -> None:
    submitted(project, "good", "bad")
    new = next_version(project, SHORT)
    carry_over(new, RENAMED)
    with pytest.raises(IntegrityError, match="frozen"), transaction.atomic():
        Rubric.objects.filter(pk=new.pk).update(mapping={})


def test_a_dry_run_counts_the_same_and_writes_nothing(project: Project) -> None:
    submitted(project, "good", "unsure")
    new = next_version(project, SHORT)
    tried = carry_over(new, RENAMED, is_dry_run=True)
    new.refresh_from_db()
    project.refresh_from_db()
    assert (Label.objects.count(), new.mapping, project.rubric == new) == (2, None, False)
    (question,) = tried.questions
    assert (question.key, question.to, question.n_carried, question.n_aside) == ("verdict", "judgement", 1, 1)
    assert [(one.value, one.n, one.to) for one in question.answers] == [
        ("good", 1, "right"),
        ("unsure", 1, None),
    ]
    assert carry_over(new, RENAMED) == tried


def test_what_is_set_aside_leaves_the_trace_open_again_and_is_named(project: Project) -> None:
    whole, broken = submitted(project, "good", "bad"), submitted(project, "good", "unsure")
    new = next_version(project, SHORT)
    carriage = carry_over(new, RENAMED)
    (reading,) = carriage.incomplete
    assert (reading.assignment, reading.trace, reading.reader, reading.missing) == (
        broken.pk,
        "two",
        "bob",
        "Judgement, step 2",
    )
    whole.refresh_from_db()
    broken.refresh_from_db()
    assert (whole.state, broken.state, broken.holder) == (
        AssignmentState.SUBMITTED,
        AssignmentState.OPEN,
        None,
    )
    # Whoever gets it back finds what was carried over, and only the rest is missing.
    project.refresh_from_db()
    back = claim_next(project, rater_of(project, a_person("bob")))
    assert back is not None
    sheet = sheet_of(back)
    assert {position: answer.value for (_, position), answer in sheet.answers.items()} == {0: "right"}
    assert [position for _, position in sheet.open] == [1]


def test_a_question_more_reopens_and_an_optional_one_does_not(project: Project) -> None:
    submitted(project, "good", "bad")
    note = CriterionPreset("note", "Note", "", (), kind=CriterionKind.TEXT)
    asked = next_version(project, *PRM_VERDICTS, note)
    assert len(carry_over(asked, usual(project, asked), is_dry_run=True).incomplete) == 1
    optional = next_version(project, *PRM_VERDICTS, replace(note, is_optional=True))
    assert carry_over(optional, usual(project, optional)).incomplete == ()


def test_what_machines_said_is_carried_with_its_probabilities(project: Project) -> None:
    step = project.traces.get(external_id="one").steps.first()
    judge = a_rater(project, RaterKind.JUDGE)
    shares = {"good": 0.25, "neutral": 0.25, "bad": 0.5}
    a_label(judge, step, "bad", score=0.5, distribution=shares, evidence={"why": "a slip"})
    new = next_version(project, SHORT)
    carry_over(new, RENAMED)
    made = Label.objects.get(criterion__rubric=new)
    assert (made.rater, made.value, made.score, made.distribution) == (
        judge,
        "wrong",
        0.5,
        {"right": 0.5, "wrong": 0.5},
    )
    assert made.evidence["why"] == "a slip"


def test_only_live_labels_are_carried(project: Project) -> None:
    step, rater = project.traces.first().steps.first(), a_rater(project)
    first = a_label(rater, step, "good", is_live=False)
    a_label(rater, step, "bad", supersedes=first)
    new = next_version(project, SHORT)
    assert carry_over(new, RENAMED).n_carried == 1
    assert Label.objects.get(criterion__rubric=new).value == "wrong"


def test_labels_under_the_new_version_are_never_mixed_with_carried_ones(project: Project) -> None:
    submitted(project, "good", "bad")
    new = next_version(project, SHORT)
    carry_over(new, RENAMED)
    with pytest.raises(Conflict, match=r"asks by .* already"):
        carry_over(new, RENAMED)
    project.rubric = new.carried_from = Rubric.objects.get(version=1)
    project.save()
    with pytest.raises(Conflict, match="Labels rest on"):
        carry_over(new, RENAMED)


def test_moves_that_cannot_be_made_change_nothing(project: Project) -> None:
    submitted(project, "good", "bad")
    new = next_version(project, SHORT)
    with pytest.raises(Rejected, match="has no level excellent"):
        carry_over(new, {"verdict": Move("judgement", {"good": "excellent"})})
    new.refresh_from_db()
    assert (new.is_frozen, new.mapping, Label.objects.count()) == (False, None, 2)


def test_many_labels_take_queries_by_the_batch(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("annotate.label.carrying.BATCH", 50)
    trace = a_trace(project, n_steps=120)
    rater = a_rater(project)
    a_label(rater, trace.steps.first(), "good")
    verdict = a_criterion(project)
    Label.objects.bulk_create(
        Label(rater=rater, criterion=verdict, step=step, value="bad") for step in trace.steps.all()[1:]
    )
    new = next_version(project, SHORT)
    with CaptureQueriesContext(connection) as asked:
        assert carry_over(new, RENAMED).n_carried == 120
    assert Label.objects.filter(criterion__rubric=new).count() == 120
    assert len(asked) < 45


def test_another_rubric_can_take_labels_over_too(project: Project) -> None:
    submitted(project, "good", "bad")
    other = create_rubric(project, name="Another", criteria=[SHORT])
    assert carry_over(other, RENAMED).n_carried == 2


def test_ratings_of_candidates_are_carried_and_new_questions_about_them_reopen(project: Project) -> None:
    better = CriterionPreset(
        "better",
        "Better",
        "",
        (LevelPreset("yes", "Yes"), LevelPreset("no", "No")),
        scope=Scope.CANDIDATE,
        candidate_kind=CandidateKind.ALTERNATIVE,
    )
    trace = project.traces.get(external_id="one")
    candidate = a_candidate(trace.steps.first())
    project.rubric = create_rubric(project, name="Rated", criteria=[*PRM_VERDICTS, better])
    project.save()
    held = claim_next(project, rater_of(project, a_person("bob")))
    assert held is not None
    save_label(held, held.token, candidate=candidate, criterion=a_criterion(project, "better"), value="yes")
    for step in trace.steps.all():
        save_label(held, held.token, step=step, criterion=a_criterion(project), value="good")
    submit_assignment(held, held.token)

    also = next_version(project, *PRM_VERDICTS, better, replace(better, key="clearer", title="Clearer"))
    (reading,) = carry_over(also, usual(project, also), is_dry_run=True).incomplete
    assert reading.missing == "Clearer, step 1"
    same = next_version(project, *PRM_VERDICTS, better)
    assert carry_over(same, usual(project, same)).incomplete == ()
    carried = Label.objects.get(criterion__rubric=same, criterion__key="better")
    assert (carried.candidate, carried.step, carried.value) == (candidate, None, "yes")


def test_answers_about_pairs_and_lineups_are_carried_without_a_reading() -> None:
    project = a_project()
    both = (*GALLERY["preference"].criteria, *GALLERY["ranking"].criteria)
    use_rubric(project, create_rubric(project, name="both", criteria=both))
    traces = some_attempts(project, "one", "two", "three")
    lineup, bob = a_lineup(*traces), a_rater(project)
    pair = a_pair(*traces[:2])
    a_pair_label(bob, pair, "left")
    ranking = a_criterion(project, "ranking")
    Label.objects.create(rater=bob, criterion=ranking, lineup=lineup, value="b>a=c")
    new = next_version(project, *both)
    carriage = carry_over(new, usual(project, new))
    assert (carriage.n_carried, carriage.n_aside, carriage.n_complete) == (2, 0, 0)
    carried = Label.objects.filter(criterion__rubric=new)
    assert set(carried.values_list("criterion__key", "value", "pair", "lineup")) == {
        ("preference", "left", pair.pk, None),
        ("ranking", "b>a=c", None, lineup.pk),
    }
