from __future__ import annotations

import pytest
from django.test import Client

from annotate.assign.rules import rules_of
from annotate.enums import Purpose, Role
from annotate.models import Assignment, Membership, Project, Reader, Trace, Turn
from tests.annotate.assign.queues import a_gold_trace, a_queue, person, read_next, reader_of, taken
from tests.factories import a_person, a_project, a_trace
from tests.webapp.views.clients import queries_of, signed_in

pytestmark = pytest.mark.django_db

RULES = {"overlap": 2, "lease_minutes": 20, "set-policy": "sequential", "set-grow_when": "no_majority"}


@pytest.fixture
def project() -> Project:
    return a_queue(n_traces=3)


@pytest.fixture
def alice() -> Client:
    return signed_in("alice")


def test_settings_are_shown_as_they_are_and_saved(project: Project, alice: Client) -> None:
    path = f"/projects/{project.slug}/queue/rules/"
    given = RULES | {
        "set-policy": "random",
        "set-seed": "5",
        "set-stratum_key": "dataset",
        "set-overlap_of": "math=3\ngsm8k=1",
        "set-gold_rate": "0.1",
        "set-gold_feedback": "on",
    }
    assert alice.post(path, given)["Location"] == f"/projects/{project.slug}/overview/"
    project.refresh_from_db()
    rules = rules_of(project)
    assert (project.overlap, project.lease_minutes, rules.policy, rules.seed) == (2, 20, "random", 5)
    assert (rules.overlap_of, rules.gold_rate, rules.gold_feedback) == (("math=3", "gsm8k=1"), 0.1, True)
    shown = alice.get(path).content.decode()
    assert "math=3\ngsm8k=1" in shown
    assert '<option value="random" selected>' in shown
    alice.post(path, RULES)
    project.refresh_from_db()
    assert rules_of(project).gold_feedback is False


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"set-overlap_of": "math"}, "should be like math=3"),
        ({"set-gold_rate": "0.9"}, "must be from 0 to 0.5"),
        ({"overlap": "0"}, "greater than or equal to 1"),
        ({"lease_minutes": "9999"}, "must be from 1 to 1440"),
    ],
)
def test_what_cannot_be_is_said_at_its_field(
    project: Project, alice: Client, changed: dict[str, str], said: str
) -> None:
    answer = alice.post(f"/projects/{project.slug}/queue/rules/", RULES | changed)
    assert answer.status_code == 400
    assert said in answer.content.decode()
    project.refresh_from_db()
    assert project.queue_rules == {}


def test_the_overview_is_for_managers_and_its_moving_part_comes_alone(
    project: Project, alice: Client
) -> None:
    bob = person(project, "bob")
    read_next(project, bob, seconds=4)
    held = taken(project, bob)
    path = f"/projects/{project.slug}/overview/"
    page = alice.get(path).content.decode()
    assert held.trace.external_id in page
    assert "4.0 s a step" in page
    assert "1 submitted in the last 7 days: too few" in page
    part = alice.get(path, headers={"HX-Request": "true"}).content.decode()
    assert held.trace.external_id in part
    assert "<html" not in part
    assert "People" not in part
    assert signed_in("bob").get(path).status_code == 403


def test_the_overview_costs_the_same_for_three_people_as_for_one(project: Project, alice: Client) -> None:
    path = f"/projects/{project.slug}/overview/"
    read_next(project, person(project, "bob"))
    with_one = queries_of(alice, path)
    for name in ("carol", "dan"):
        read_next(project, person(project, name))
    assert queries_of(alice, path) == with_one


def test_a_person_is_paused_resumed_and_relieved(project: Project, alice: Client) -> None:
    bob = person(project, "bob")
    taken(project, bob)
    path = f"/raters/{bob.pk}/queue/"
    assert alice.post(path, {"do": "pause", "reason": ""}).status_code == 400
    page = alice.post(path, {"do": "pause", "reason": "a word first"}, follow=True).content.decode()
    assert "bob is paused and reads why" in page
    assert "a word first" in page
    own = signed_in("bob").post(f"/projects/{project.slug}/queue/")
    assert own["Location"].startswith("/assignments/")
    alice.post(path, {"do": "take_back"})
    own = signed_in("bob").post(f"/projects/{project.slug}/queue/").content.decode()
    assert "Your queue is paused, so that a manager can have a look with you: a word first." in own
    alice.post(path, {"do": "resume"})
    assert reader_of(bob).paused_at is None
    alice.post(path, {"do": "skills", "skills": "algebra, code"})
    assert Membership.objects.get(project=project, person=a_person("bob")).skills == ["algebra", "code"]
    assert alice.post(path, {"do": "dance"}).status_code == 400
    assert signed_in("bob").post(path, {"do": "resume"}).status_code == 403


def test_a_machine_has_no_place_at_the_queue(project: Project, alice: Client) -> None:
    key = a_gold_trace(project, "work").steps.first().labels.get().rater  # type: ignore[union-attr]
    assert alice.post(f"/raters/{key.pk}/queue/", {"do": "waive_exam"}).status_code == 400
    assert not Reader.objects.filter(rater=key).exists()


def test_many_traces_are_counted_before_they_are_changed(project: Project, alice: Client) -> None:
    first = Trace.objects.order_by("pk").first()
    assert first is not None
    path = f"/projects/{project.slug}/traces/change/"
    given = {"search": first.external_id, "do": "use:withdrawn"}
    asked = alice.post(path, given).content.decode()
    assert "<h1>1 trace</h1>" in asked
    assert "withdraw each from the queue" in asked
    assert set(Turn.objects.values_list("use", flat=True)) == {Purpose.WORK}
    assert alice.post(path, given | {"count": "2"}).status_code == 409
    done = alice.post(path, given | {"count": "1"}, follow=True).content.decode()
    assert "Done for 1 trace." in done
    assert Turn.objects.get(use=Purpose.WITHDRAWN).trace_id == first.pk
    assert "these are all traces" in alice.post(path, {"do": "use:work"}).content.decode()
    assert alice.post(path, {"do": "priority:"}).status_code == 400
    alice.post(path, {"do": "add_slots:", "number": "2", "state": "unread", "count": "2"})
    assert Assignment.objects.filter(project=project).count() == 2 * 3
    assert signed_in("bob").post(path, given).status_code == 403


def test_the_list_is_filtered_and_keeps_its_filter_from_page_to_page(alice: Client) -> None:
    project = a_project(slug="many", eve=Role.VIEWER)
    for number in range(52):
        a_trace(project, external_id=f"n{number:02}")
    a_gold_trace(project, "exam", external_id="key")
    page = alice.get("/projects/many/traces/?state=unread").content.decode()
    assert "n49" in page
    assert f"?after={Trace.objects.get(external_id='n49').pk}&amp;state=unread" in page
    only = alice.get("/projects/many/traces/?use=exam").content.decode()
    assert "key</a>" in only
    assert "n00" not in only
    assert alice.get("/projects/many/traces/?use=toy").status_code == 400
    assert "Count them first" in page
    assert "Count them first" not in signed_in("eve").get("/projects/many/traces/").content.decode()


def test_the_order_is_worked_out_on_request(project: Project, alice: Client) -> None:
    Turn.objects.update(position=0)
    answer = alice.post(f"/projects/{project.slug}/queue/renew/", follow=True).content.decode()
    assert "The order is worked out anew; 3 traces changed." in answer
    assert signed_in("bob").post(f"/projects/{project.slug}/queue/renew/").status_code == 403


def test_the_overview_says_what_the_settings_lack(alice: Client) -> None:
    project = a_queue(n_traces=1, gold_rate=0.1, exam_size=2)
    path = f"/projects/{project.slug}/overview/"
    page = alice.get(path).content.decode()
    assert "no trace is set apart for it" in page
    assert "The exam asks for 2 traces, and 0 are set apart" in page
    for use in ("gold", "exam", "exam"):
        a_gold_trace(project, use)
    page = alice.get(path).content.decode()
    assert "Set apart: 2 exam, 1 hidden gold." in page
    assert "message-warning" not in page
