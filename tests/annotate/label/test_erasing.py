from __future__ import annotations

import json
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.apps import apps
from django.core.management import CommandError, call_command
from django.test import Client
from knox.models import AuthToken

from annotate.assign.actions import claim_next
from annotate.enums import AssignmentState, Role
from annotate.errors import Conflict
from annotate.label.discussion import write_comment
from annotate.label.erasing import erase_person
from annotate.label.own_data import data_of
from annotate.models import Assignment, Label, LogEntry, Membership, Person, Project, Rater
from annotate.tokens import make_token, token_by
from tests.annotate.assign.queues import a_queue, person, read_next
from tests.factories import a_person
from tests.webapp.factors import an_app
from webapp.own_file import lines_about

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    """Bob has read one trace and holds another."""
    project = a_queue(n_traces=2)
    bob = person(project, "bob")
    read_next(project, bob)
    assert claim_next(project, bob) is not None
    a_person("bob", email="bob@example.org", first_name="Robert")
    Person.objects.filter(username="bob").update(email="bob@example.org", first_name="Robert")
    return project


def test_a_person_is_forgotten_and_what_they_said_stays(project: Project) -> None:
    bob = Person.objects.get(username="bob")
    _, text = make_token(bob, name="m", scopes=["read"], days=1)
    AuthToken.objects.create(user=bob)
    client = Client()
    client.force_login(bob)
    n = Label.objects.filter(rater__person=bob).count()
    assert n
    pseudonym = erase_person(bob)
    bob.refresh_from_db()
    assert (bob.username, bob.email, bob.first_name, bob.is_active) == (pseudonym, "", "", False)
    assert token_by(text) is None
    assert not AuthToken.objects.exists()
    assert client.get("/").status_code == 302
    assert not Membership.objects.filter(person=bob).exists()
    rater = Rater.objects.get(person=bob)
    assert rater.name == pseudonym
    assert Label.objects.filter(rater=rater).count() == n
    assert not Assignment.objects.filter(holder=rater, state=AssignmentState.HELD).exists()
    entry = LogEntry.objects.get(verb="erased")
    assert (entry.subject_pk, entry.after) == (bob.pk, {"labels": "kept", "n": n})
    kept = json.dumps(list(LogEntry.objects.values("before", "after")), default=str)
    assert not [name for name in ("Robert", "bob@example.org") if name in kept]


def test_labels_go_too_where_that_is_asked_and_the_traces_are_read_again(project: Project) -> None:
    bob = Person.objects.get(username="bob")
    read = Assignment.objects.get(holder__person=bob, state=AssignmentState.SUBMITTED)
    erase_person(bob, removes_labels=True)
    assert not Label.objects.filter(rater__person=bob).exists()
    read.refresh_from_db()
    assert read.state == AssignmentState.OPEN


def test_the_only_owner_of_a_project_stays() -> None:
    project = a_queue()
    owner = project.memberships.get(role=Role.OWNER).person
    with pytest.raises(Conflict, match="would have no owner"):
        erase_person(owner)
    owner.refresh_from_db()
    assert owner.is_active


def test_the_file_holds_what_they_said_and_nobody_elses_words(project: Project) -> None:
    bob = Person.objects.get(username="bob")
    trace = Assignment.objects.get(holder__person=bob, state=AssignmentState.SUBMITTED).trace
    write_comment(trace, bob, "my own words")
    write_comment(trace, a_person("carol"), "carol's words")
    text = "".join(lines_about(data_of(bob)))
    rows = [json.loads(line) for line in text.splitlines()]
    kinds = {row["kind"] for row in rows}
    assert {"person", "membership", "assignment", "label", "comment", "standing"} <= kinds
    assert sum(row["kind"] == "label" for row in rows) == Label.objects.filter(rater__person=bob).count()
    assert "my own words" in text
    assert "carol" not in text
    assert bob.password not in text


def test_ways_in_are_told_of_without_their_secrets_and_go_with_the_person(project: Project) -> None:
    bob = Person.objects.get(username="bob")
    app, codes = an_app(bob)
    SocialAccount.objects.create(
        user=bob, provider="https://login.example", uid="b-1", extra_data={"email": "b"}
    )
    EmailAddress.objects.create(user=bob, email="bob@example.org")
    rows = list(data_of(bob))
    assert [row["type"] for row in rows if row["kind"] == "second factor"] == ["totp", "recovery_codes"]
    assert [row["uid"] for row in rows if row["kind"] == "account elsewhere"] == ["b-1"]
    text = "".join(lines_about(rows))
    assert not [secret for secret in (app.secret, *codes) if secret in text]
    erase_person(bob)
    for model in apps.get_models():
        if model._meta.app_label in ("account", "mfa", "socialaccount"):
            assert not model._default_manager.exists(), model


def test_both_are_commands(project: Project, tmp_path: Path) -> None:
    out = tmp_path / "bob.jsonl"
    call_command("export_person", "bob", out=out)
    assert json.loads(out.read_text().splitlines()[0])["username"] == "bob"
    with pytest.raises(CommandError, match="two names differ"):
        call_command("erase_person", "bob", again="rob")
    call_command("erase_person", "bob", again="bob")
    assert not Person.objects.filter(username="bob").exists()
    with pytest.raises(CommandError, match="no person named bob"):
        call_command("export_person", "bob")
