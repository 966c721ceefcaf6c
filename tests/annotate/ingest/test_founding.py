from __future__ import annotations

from dataclasses import replace

import pytest
from django.db.models import RestrictedError

from annotate.enums import AssignmentState, RaterKind, Role, RunKind, Scope
from annotate.errors import Conflict, Rejected
from annotate.ingest.founding import (
    add_criteria,
    add_member,
    create_person,
    create_project,
    create_rubric,
    draft_version,
    freeze_rubric,
    remove_project,
    renew_password,
    rewrite_rubric,
)
from annotate.ingest.presets import PREFERENCE, PRM_VERDICTS, READY_MADE, ready_made_with
from annotate.models import Assignment, Consensus, Label, Membership, Person, Project, Release, Rubric, Run
from tests.factories import a_criterion, a_label, a_person, a_project, a_rater, a_trace

pytestmark = pytest.mark.django_db


def test_person_gets_a_random_password_of_which_only_the_hash_is_kept() -> None:
    person, password = create_person("eve")
    assert len(password) >= 16
    assert person.check_password(password)
    assert password not in person.password
    renewed = renew_password(person)
    assert not person.check_password(password)
    assert Person.objects.get(username="eve").check_password(renewed)


@pytest.mark.parametrize("name", ["", "two words", "x" * 200])
def test_person_needs_a_usable_name(name: str) -> None:
    with pytest.raises(Rejected, match="field name"):
        create_person(name)
    assert not Person.objects.exists()


def test_person_is_not_made_twice() -> None:
    create_person("eve")
    with pytest.raises(Conflict, match="eve"):
        create_person("eve")


def test_project_starts_with_its_owner_and_the_verdict_rubric() -> None:
    project = create_project(a_person("alice"), name="Grade-school sums")
    assert project.slug == "grade-school-sums"
    assert Membership.objects.get(project=project).role == Role.OWNER
    verdict = a_criterion(project)
    assert {level.key: (level.hotkey, level.score) for level in verdict.levels.all()} == {
        "good": ("1", 1.0),
        "neutral": ("2", 0.0),
        "bad": ("3", -1.0),
        "unsure": ("4", None),
    }
    assert not a_criterion(project, "recoverable").is_asked


def test_project_name_taken_or_empty_is_said() -> None:
    create_project(a_person("alice"), name="Sums")
    with pytest.raises(Conflict, match="sums"):
        create_project(a_person("alice"), name="Sums")
    with pytest.raises(Rejected, match="field name"):
        create_project(a_person("alice"), name="!!!")
    assert Project.objects.count() == 1


def test_add_member_changes_a_role_rather_than_adding_a_second() -> None:
    project = a_project(bob=Role.ANNOTATOR)
    add_member(project, a_person("bob"), Role.REVIEWER)
    assert Membership.objects.get(project=project, person__username="bob").role == Role.REVIEWER


def test_remove_project_takes_everything_of_it_and_nothing_else() -> None:
    kept, gone = a_project(), a_project()
    for project in (kept, gone):
        rater = a_rater(project)
        trace = a_trace(project)
        assignment = Assignment.objects.create(
            project=project, trace=trace, slot=0, state=AssignmentState.SUBMITTED, holder=rater
        )
        first = a_label(rater, trace.steps.first(), "good", assignment=assignment, is_live=False)
        a_label(rater, trace.steps.first(), "bad", assignment=assignment, supersedes=first)
        a_label(a_rater(project, RaterKind.JUDGE), trace.steps.last(), "bad")
        run = Run.objects.create(
            project=project, kind=RunKind.CONSENSUS, name="majority", criterion=a_criterion(project)
        )
        Consensus.objects.create(run=run, step=trace.steps.first(), action="ask", reason="tie")
        Release.objects.create(project=project, number=1, run=run, format="trl_stepwise")
    remove_project(gone)
    assert set(Project.objects.all()) == {kept}
    assert Label.objects.count() == 3
    assert Rubric.objects.count() == 1


def test_what_labels_rest_on_cannot_be_deleted_alone() -> None:
    project = a_project()
    rater = a_rater(project)
    a_label(rater, a_trace(project).steps.first(), "good")
    with pytest.raises(RestrictedError):
        rater.delete()
    with pytest.raises(RestrictedError):
        type(a_criterion(project)).objects.filter(rubric=project.rubric).delete()


def test_a_rubric_without_labels_is_added_to_and_asks_what_it_asked_before() -> None:
    project = a_project()
    before = project.rubric
    rubric = add_criteria(project, READY_MADE["dimensions"])
    assert rubric == before == Project.objects.get(pk=project.pk).rubric
    keys = [criterion.key for criterion in rubric.criteria.all()]
    assert keys == ["verdict", "recoverable", "confidence", "relevance", "coherence"]
    assert not rubric.criteria.get(key="relevance").is_asked
    assert add_criteria(project, READY_MADE["dimensions"]).criteria.count() == 5, "what is there is not added"


def test_a_frozen_rubric_asks_more_only_as_a_new_version_that_is_said_to_be_wanted() -> None:
    project = a_project()
    old = project.rubric
    assert old is not None
    old.guidelines = "Read slowly."
    old.save()
    verdict = a_criterion(project)
    verdict.stops_at_first_error, verdict.weight = True, 2.5
    verdict.save()
    child = a_criterion(project, "recoverable")
    child.parent = verdict
    child.save()
    label = a_label(a_rater(project), a_trace(project).steps.first(), "good")

    with pytest.raises(Conflict, match="1 labels rest on it"):
        add_criteria(project, READY_MADE["preference"])
    assert Rubric.objects.get() == old

    new = add_criteria(project, READY_MADE["preference"], as_new_version=True)
    assert (new.name, new.version, new.guidelines, new.is_frozen) == (old.name, 2, "Read slowly.", False)
    assert Project.objects.get(pk=project.pk).rubric == new
    copy = new.criteria.get(key="verdict")
    assert copy != verdict
    assert (copy.stops_at_first_error, copy.weight) == (True, 2.5)
    assert new.criteria.get(key="recoverable").parent == copy
    assert [level.key for level in copy.levels.all()] == ["good", "neutral", "bad", "unsure"]
    assert new.criteria.get(key="preference").scope == Scope.PAIR
    assert [one.key for one in old.criteria.all()] == ["verdict", "recoverable"]
    label.refresh_from_db()
    assert label.criterion == old.criteria.get(key="verdict")


def test_a_key_that_asks_about_something_else_is_not_taken_over() -> None:
    project = a_project()
    add_criteria(project, [replace(PREFERENCE, scope=Scope.STEP)])
    with pytest.raises(Conflict, match="asks preference about a step already"):
        add_criteria(project, READY_MADE["preference"])


def test_ready_made_questions_are_found_by_what_they_ask() -> None:
    assert ready_made_with("relevance") == "dimensions"
    assert ready_made_with("preference") == "preference"
    assert ready_made_with("verdict") is None


def test_a_draft_is_rewritten_and_a_frozen_version_is_not() -> None:
    rubric = a_project().rubric
    assert rubric is not None
    rewrite_rubric(rubric, PRM_VERDICTS[:1], guidelines="Slowly.")
    rubric.refresh_from_db()
    assert ([one.key for one in rubric.criteria.all()], rubric.guidelines) == (["verdict"], "Slowly.")
    freeze_rubric(rubric)
    with pytest.raises(Conflict, match="frozen"):
        rewrite_rubric(rubric, PRM_VERDICTS)
    draft = draft_version(rubric)
    rewrite_rubric(draft, PRM_VERDICTS)
    assert (draft.version, draft.criteria.count(), rubric.criteria.count()) == (2, 2, 1)


def test_a_question_that_a_run_is_about_does_not_go_from_a_draft() -> None:
    project = a_project()
    Run.objects.create(
        project=project,
        kind=RunKind.PRELABEL,
        name="rollout/fixed",
        criterion=a_criterion(project, "recoverable"),
    )
    assert project.rubric is not None
    with pytest.raises(Conflict, match="would go"):
        rewrite_rubric(project.rubric, PRM_VERDICTS[:1])
    assert project.rubric.criteria.count() == 2


def test_a_rubric_that_cannot_be_answered_is_not_written() -> None:
    project = a_project()
    with pytest.raises(Rejected, match=r"criteria\[0\]\.levels"):
        create_rubric(project, name="Empty", criteria=[replace(PRM_VERDICTS[0], levels=())])
    assert Rubric.objects.count() == 1
