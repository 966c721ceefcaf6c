from __future__ import annotations

import pytest

from annotate.enums import AssignmentState
from annotate.label.actions import submit_assignment
from annotate.label.discussion import ask_reviewers, send_back, write_comment
from annotate.models import Comment, Project
from tests.annotate.label.desks import a_shared_project, answer, read, take
from tests.factories import a_person
from tests.webapp.views.clients import queries_of, queries_with_one_and_three, signed_in

pytestmark = pytest.mark.django_db

QUESTIONS = "/projects/words/questions/"


@pytest.fixture
def project() -> Project:
    return a_shared_project(slug="words", n_traces=2)


def page(name: str, path: str) -> str:
    response = signed_in(name).get(path)
    assert response.status_code == 200
    return response.content.decode()


def test_a_reader_asks_and_a_reviewer_answers_and_nobody_else_hears(project):
    held = take(project, "bob")
    dora = take(project, "dora")
    asked = signed_in("bob").post(
        f"/assignments/{held.pk}/comments/", {"about": "1", "text": "Which units?", "asks_reviewers": "on"}
    )
    assert asked.headers["Location"] == f"/assignments/{held.pk}/#discussion"
    assert "Which units?" in page("bob", f"/assignments/{held.pk}/")
    assert "1 open question" in page("carol", "/projects/words/")
    assert "Which units?" in page("carol", QUESTIONS)
    review = page("carol", f"/traces/{held.trace_id}/review/")
    assert "Open question" in review
    assert "<strong>Reader A</strong>" in review or "<strong>Reader B</strong>" in review
    answered = signed_in("carol").post(
        f"/traces/{held.trace_id}/comments/", {"about": "1", "to": str(held.pk), "text": "Metres."}
    )
    assert answered.headers["Location"] == f"/traces/{held.trace_id}/review/#step-1"
    sheet = page("bob", f"/assignments/{held.pk}/")
    assert "Metres." in sheet
    assert "A reviewer" in sheet
    assert "carol" not in sheet
    assert "1 time" in page("bob", "/projects/words/")
    assert "Metres." in page("bob", QUESTIONS)
    for path in (f"/assignments/{dora.pk}/", QUESTIONS, "/projects/words/"):
        shown = page("dora", path)
        assert "Metres" not in shown
        assert "units" not in shown


def test_sending_back_shows_the_reader_why_and_the_reviewer_what_changed(project):
    reading = read(project, "bob", "gb")
    url = f"/traces/{reading.trace_id}/return/"
    carol = signed_in("carol")
    assert carol.post(url, {"text": "Hm"}).status_code == 400
    assert carol.post(url, {"to": str(reading.pk), "text": ""}).status_code == 400
    sent = carol.post(url, {"to": str(reading.pk), "about": "1", "text": "Is 5/2 a root?"})
    assert sent.status_code == 302
    carol.post(f"/traces/{reading.trace_id}/comments/", {"to": str(reading.pk), "text": "One step only."})
    assert carol.post(url, {"to": str(reading.pk), "text": "Again"}).status_code == 409
    reading.refresh_from_db()
    assert reading.state == AssignmentState.RETURNED
    assert "sent this back to you" in page("bob", f"/assignments/{reading.pk}/")
    assert "Go on labelling" in page("bob", "/projects/words/")
    assert "waits for its reader" in page("carol", f"/traces/{reading.trace_id}/review/")
    taken = signed_in("bob").post("/projects/words/queue/")
    assert taken.headers["Location"] == f"/assignments/{reading.pk}/"
    sheet = page("bob", f"/assignments/{reading.pk}/")
    assert sheet.index("One step only.") < sheet.index('id="step-0"')
    assert sheet.index("Is 5/2 a root?") < sheet.index('id="discussion"')
    reading.refresh_from_db()
    answer(reading, "gg")
    submit_assignment(reading, reading.token)
    review = page("carol", f"/traces/{reading.trace_id}/review/")
    assert "came back" in review
    assert "Step 2, verdict: bad → good" in review
    assert "came back" in page("carol", "/projects/words/review/")


def test_another_traces_reading_cannot_be_sent_back_from_here(project):
    reading = read(project, "bob", "gb")
    other = project.traces.exclude(pk=reading.trace_id).get()
    given = {"to": str(reading.pk), "text": "Hm"}
    assert signed_in("carol").post(f"/traces/{other.pk}/return/", given).status_code == 400
    assert signed_in("bob").post(f"/traces/{reading.trace_id}/return/", given).status_code == 403
    assert signed_in("bob").post(f"/traces/{reading.trace_id}/comments/", given).status_code == 403
    assert not Comment.objects.exists()


def test_editing_and_resolving_go_back_to_where_one_reads(project):
    reading = read(project, "bob", "gb")
    mine = ask_reviewers(reading, "Frist")
    to_bob = write_comment(reading.trace, a_person("carol"), "Yes", position=1, to=reading)
    bob, carol = signed_in("bob"), signed_in("carol")
    edited = bob.post(f"/comments/{mine.pk}/edit/", {"text": "First"})
    assert edited.headers["Location"] == f"/assignments/{reading.pk}/#discussion"
    assert "Frist" in page("carol", f"/traces/{reading.trace_id}/review/")
    assert bob.post(f"/comments/{to_bob.pk}/edit/", {"text": "No"}).status_code == 409
    assert bob.post(f"/comments/{to_bob.pk}/resolve/").status_code == 302
    resolved = carol.post(f"/comments/{mine.pk}/resolve/")
    assert resolved.headers["Location"] == f"/traces/{reading.trace_id}/review/#discussion"
    assert "No question is open" in page("carol", QUESTIONS)
    assert "Nobody has written to you" in page("bob", QUESTIONS)
    assert signed_in("dora").post(f"/comments/{mine.pk}/resolve/").status_code == 404


def test_comments_are_hostile_text(project):
    held = take(project, "bob")
    ask_reviewers(held, "<script>alert(1)</script>\u202e")
    for name, path in (
        ("bob", f"/assignments/{held.pk}/"),
        ("carol", f"/traces/{held.trace_id}/review/"),
        ("carol", QUESTIONS),
    ):
        shown = page(name, path)
        assert "<script>alert" not in shown
        assert "‹U+202E›" in shown


def test_pages_cost_the_same_queries_for_one_comment_and_three(project):
    held = take(project, "bob")
    carol, bob = signed_in("carol"), signed_in("bob")

    def write() -> None:
        ask_reviewers(held, "What?", position=0)
        write_comment(held.trace, a_person("carol"), "That.", position=1, to=held)

    one, three = queries_with_one_and_three(carol, QUESTIONS, write)
    assert one == three
    for client, path in ((carol, f"/traces/{held.trace_id}/review/"), (bob, f"/assignments/{held.pk}/")):
        before = queries_of(client, path)
        write()
        write()
        assert queries_of(client, path) == before


def test_the_queue_of_returned_readings_costs_the_same_for_one_and_two(project):
    carol = signed_in("carol")
    counts = []
    for name in ("bob", "dora"):
        send_back(read(project, name, "gb"), a_person("carol"), [(None, "Again")])
        counts.append(queries_of(carol, "/projects/words/review/"))
    assert counts[0] == counts[1]
