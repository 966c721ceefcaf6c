from __future__ import annotations

import pytest
from django.test import Client

from annotate.assign.actions import fill_queue
from annotate.enums import RaterKind, Role
from annotate.models import Membership, Project
from tests.factories import a_label, a_person, a_project, a_rater, a_trace
from tests.webapp.views.clients import queries_with_one_and_three, signed_in

pytestmark = pytest.mark.django_db


def test_the_list_takes_as_many_queries_for_three_projects_as_for_one() -> None:
    one, three = queries_with_one_and_three(signed_in("alice"), "/", lambda: a_trace(a_project()))
    assert one == three


def test_a_project_takes_as_many_queries_for_three_readers_and_members_as_for_one() -> None:
    project = a_project(slug="words")
    names = iter(("bob", "carol", "vera"))

    def one_more() -> None:
        person = a_person(next(names))
        Membership.objects.create(project=project, person=person, role=Role.ANNOTATOR)
        a_label(a_rater(project, name=person.username), a_trace(project).steps.get(position=0), "good")

    one, three = queries_with_one_and_three(signed_in("alice"), "/projects/words/", one_more)
    assert one == three


def test_of_many_members_the_first_are_shown_and_the_rest_when_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("webapp.views.project.MOST_MEMBERS", 2)
    project = a_project(slug="words", bob=Role.ANNOTATOR)
    alice = signed_in("alice")

    def members(query: str = "") -> str:
        return alice.get(f"/projects/words/{query}").content.decode().split('id="members-title"')[-1]

    assert "members=all" not in members()
    for name in ("carol", "vera"):
        Membership.objects.create(project=project, person=a_person(name), role=Role.ANNOTATOR)
    assert '<a href="?members=all#members-title">and 2 more</a>' in members()
    assert "carol" not in members()
    assert "carol" in members("?members=all")
    assert "vera" in members("?members=all")
    assert "members=all" not in members("?members=all")


def test_an_empty_project_says_how_to_bring_traces_in_and_the_next_step_follows() -> None:
    project = a_project(slug="words", vera=Role.VIEWER)
    alice = signed_in("alice")
    first = '<a class="button primary" href="/projects/words/uploads/">Bring traces in</a>'
    assert first in alice.get("/projects/words/").content.decode()
    # Who may not bring any in is told what to ask for.
    assert "manage.py ingest words" in signed_in("vera").get("/projects/words/").content.decode()
    a_trace(project)
    assert '<button class="primary">Fill the queue' in alice.get("/projects/words/").content.decode()
    fill_queue(project)
    assert '<button class="primary">Start labelling' in alice.get("/projects/words/").content.decode()


def test_an_annotator_sees_the_work_and_no_results() -> None:
    project = a_project(slug="words", bob=Role.ANNOTATOR)
    judge = a_rater(project, RaterKind.JUDGE, name="judge/secret")
    a_label(judge, a_trace(project).steps.get(position=0), "bad")
    fill_queue(project)
    page = signed_in("bob").get("/projects/words/").content.decode()
    assert "Start labelling" in page
    for hidden in ("judge/secret", "Consensus", "Agreement", "Members", "Browse"):
        assert hidden not in page


def test_a_project_is_founded_from_the_form() -> None:
    bob = signed_in("bob")
    made = bob.post("/new/", {"name": "Sums", "slug": "", "overlap": "2", "description": ""})
    assert made["Location"] == "/projects/sums/"
    assert Project.objects.get(slug="sums").overlap == 2
    again = bob.post("/new/", {"name": "Sums", "slug": "", "overlap": "2"})
    assert again.status_code == 400
    assert b"There is a project named sums already." in again.content


def test_members_are_added_and_the_owner_stays() -> None:
    project = a_project(slug="words", bob=Role.ANNOTATOR)
    a_person("carol")
    alice = signed_in("alice")
    alice.post("/projects/words/members/", {"username": "carol", "role": "reviewer"})
    assert Membership.objects.get(project=project, person__username="carol").role == Role.REVIEWER
    for form, status in (
        ({"username": "nobody", "role": "viewer"}, 400),
        ({"username": "bob", "role": "owner"}, 400),
        ({"username": "alice", "role": "viewer"}, 409),
    ):
        assert alice.post("/projects/words/members/", form).status_code == status
    assert signed_in("bob").post("/projects/words/members/", {}).status_code == 403
    assert Membership.objects.get(project=project, person__username="alice").role == Role.OWNER


def test_preferences_change_the_theme() -> None:
    bob = signed_in("bob")
    bob.post("/me/", {"theme": "dark", "first_name": "Bob", "last_name": ""})
    person = a_person("bob")
    assert (person.theme, person.has_shortcuts, person.shown_name) == ("dark", False, "Bob")
    assert b'data-theme="dark"' in bob.get("/").content


def test_a_fault_of_the_program_has_a_page_that_needs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the secret cause")

    monkeypatch.setattr("webapp.views.project.with_counts", fail)
    client = signed_in("alice")
    client.raise_request_exception = False
    answer = client.get("/")
    assert answer.status_code == 500
    assert b"Gradus has failed here" in answer.content
    assert b"secret cause" not in answer.content


def test_a_form_that_has_expired_says_so() -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/sign-in/", {"username": "alice", "password": "alice-alice"})
    assert answer.status_code == 403
    assert b"The form has expired" in answer.content


def test_no_page_carries_inline_code_and_the_policy_forbids_it() -> None:
    a_trace(a_project(slug="words"))
    alice = signed_in("alice")
    of_project = ("", "traces/", "overview/", "queue/", "queue/rules/", "invitations/")
    for path in ("/", *(f"/projects/words/{part}" for part in of_project), "/me/", "/new/", "/nowhere/"):
        answer = alice.get(path)
        page = answer.content.decode()
        assert "style=" not in page
        assert "<script>" not in page
        assert " onclick" not in page
        assert "script-src 'self'" in answer["Content-Security-Policy"]
        assert "unsafe" not in answer["Content-Security-Policy"]


def test_a_project_begins_with_the_rubric_chosen_in_the_form() -> None:
    bob = signed_in("bob")
    page = bob.get("/new/").content.decode()
    assert 'value="prm-verdicts" checked' in page
    bob.post("/new/", {"name": "Sums", "overlap": "1", "preset": "prm800k"})
    rubric = Project.objects.get(slug="sums").rubric
    assert rubric is not None
    assert rubric.name == "PRM800K, phase 2"
    unknown = bob.post("/new/", {"name": "More", "overlap": "1", "preset": "no-such"})
    assert unknown.status_code == 400
    assert not Project.objects.filter(slug="more").exists()
