from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import DatabaseError, transaction

from annotate.assign.actions import fill_queue
from annotate.assign.manage.actions import change_rules
from annotate.assign.manage.changes import change_traces
from annotate.assign.manage.contracts import Change, TraceFilter
from annotate.assign.rules import rules_of
from annotate.enums import RaterKind, Role
from annotate.ingest.actions import ingest_file
from annotate.ingest.founding import add_member, discard_draft, draft_version, remove_project, renew_password
from annotate.ingest.inviting import invite, withdraw
from annotate.label.answers import Said
from annotate.label.decisions import decide
from annotate.logbook import HIDDEN, PRIVATE, WATCHED, Actor, acting, entries_of, note
from annotate.models import LogEntry, Membership, Project
from annotate.tokens import make_token, revoke_token
from tests.factories import a_criterion, a_label, a_person, a_project, a_rater, a_trace

pytestmark = pytest.mark.django_db


def lines(project: Project, noun: str) -> list[tuple[str, dict[str, object], dict[str, object]]]:
    return [(one.verb, one.before, one.after) for one in entries_of(project, noun).reverse()]


def test_a_changed_setting_says_what_stood_before_and_who_changed_it() -> None:
    project, mia = a_project(), a_person("mia")
    with acting(Actor("page", lambda: mia.pk)):
        change_rules(project, rules_of(project), overlap=3, lease_minutes=45)
    entry = entries_of(project, "project").first()
    assert entry is not None
    assert (entry.verb, entry.actor_pk, entry.via) == ("changed", mia.pk, "page")
    assert (entry.before["overlap"], entry.after["overlap"]) == (1, 3)
    assert (entry.before["lease_minutes"], entry.after["lease_minutes"]) == (30, 45)


def test_what_stays_the_same_is_no_line() -> None:
    project = a_project()
    before = LogEntry.objects.count()
    project.save()
    a_person("alice").save(update_fields=["last_login"])
    assert LogEntry.objects.count() == before


def test_roles_and_memberships_are_lines() -> None:
    project, bob = a_project(), a_person("bob")
    add_member(project, bob, Role.ANNOTATOR)
    add_member(project, bob, Role.REVIEWER)
    Membership.objects.get(project=project, person=bob).delete()
    made, raised, gone = lines(project, "membership")[-3:]
    assert made == ("created", {}, {"person_id": bob.pk, "role": "annotator", "skills": []})
    assert raised == ("changed", {"role": "annotator"}, {"role": "reviewer"})
    assert gone[:2] == ("deleted", {"person_id": bob.pk, "role": "reviewer", "skills": []})


def test_invitations_tokens_and_rubrics_are_lines_without_their_secrets() -> None:
    project, alice = a_project(), a_person("alice")
    withdraw(invite(project, alice, role=Role.VIEWER))
    token, text = make_token(alice, name="nightly", scopes=["read"], days=1, project=project)
    revoke_token(alice, token.pk)
    assert project.rubric is not None
    discard_draft(draft_version(project.rubric))
    assert [line[0] for line in lines(project, "invitation")] == ["created", "changed"]
    assert [line[0] for line in lines(project, "machinetoken")] == ["created", "changed"]
    assert lines(project, "rubric")[-1][0] == "deleted"
    assert text not in str(list(LogEntry.objects.values_list("before", "after")))
    assert token.digest not in str(list(LogEntry.objects.values_list("before", "after")))


def test_a_password_or_a_name_is_only_said_to_have_changed() -> None:
    bob = a_person("bob")
    password = renew_password(bob)
    bob.username = "robert"
    bob.save()
    entries = LogEntry.objects.filter(noun="person", subject_pk=bob.pk, verb="changed").order_by("pk")
    assert [entry.after for entry in entries] == [{"password": HIDDEN}, {"username": HIDDEN}]
    written = str(list(LogEntry.objects.values_list("before", "after")))
    assert not [secret for secret in (password, bob.password, "robert") if secret in written]
    assert {"username", "email", "password", "url", "salt"} == PRIVATE


def test_a_decision_and_what_it_went_over_are_lines() -> None:
    project = a_project(carol=Role.REVIEWER)
    trace, criterion = a_trace(project), a_criterion(project)
    a_label(a_rater(project), trace.steps.first(), "good")
    a_label(a_rater(project, name="other"), trace.steps.first(), "bad")
    for value in ("good", "bad"):
        (written,) = decide(trace, a_person("carol"), [Said(criterion.pk, 0, value, text="because")])
        assert written.refusal is None
    first, second = lines(project, "decision")
    assert first[1] == {}
    assert (second[1]["value"], second[2]["value"], second[2]["position"]) == ("good", "bad", 0)


def test_what_traces_are_used_for_is_a_line() -> None:
    project = a_project()
    trace = a_trace(project)
    a_label(a_rater(project, RaterKind.GOLD, "gold/key"), trace.steps.first(), "bad")
    fill_queue(project)
    change_traces(project, TraceFilter(), Change(do="use", use="gold"), count=1)
    assert lines(project, "use of traces") == [
        ("changed", {"traces": {"work": 1}}, {"use": "gold", "traces": 1})
    ]


def test_gold_that_is_brought_in_or_revised_is_a_line(tmp_path: Path) -> None:
    project = a_project()
    row = {"id": "t", "problem": {"text": "1 + 1?"}, "steps": ["2"]}
    for value in ("good", "bad", "bad"):
        file = tmp_path / "rows.jsonl"
        file.write_text(json.dumps(row | {"gold": {"steps": [value]}}))
        report = ingest_file(project, file)
        assert not report.errors
    assert lines(project, "gold") == [
        ("brought in", {"superseded": 0}, {"gold": 1}),
        ("brought in", {"superseded": 1}, {"gold": 1}),
    ]


def test_a_removed_project_leaves_its_lines() -> None:
    project = a_project()
    pk, slug = project.pk, project.slug
    remove_project(project)
    last = LogEntry.objects.filter(project_pk=pk, noun="project").last()
    assert last is not None
    assert (last.verb, last.before["slug"]) == ("deleted", slug)


def test_every_setting_of_a_project_is_watched() -> None:
    fields = {field.attname for field in Project._meta.concrete_fields}
    assert fields - set(WATCHED[Project]) == {"id", "created_at"}


@pytest.mark.parametrize("act", ["update", "delete"])
def test_the_database_refuses_to_change_a_line(act: str) -> None:
    entry = note("tried", "nothing")
    rows = LogEntry.objects.filter(pk=entry.pk)
    acts = {"update": lambda: rows.update(verb="untried"), "delete": lambda: rows._raw_delete(rows.db)}
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        acts[act]()
    assert rows.get().verb == "tried"


@pytest.mark.django_db(transaction=True)
def test_the_operator_can_empty_a_database_and_it_is_guarded_after() -> None:
    note("tried", "nothing")
    call_command("flush", interactive=False, verbosity=0)
    assert not LogEntry.objects.exists()
    entry = note("tried", "nothing")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        LogEntry.objects.filter(pk=entry.pk).update(verb="untried")
