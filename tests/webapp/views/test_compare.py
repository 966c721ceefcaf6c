from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from annotate.assign.actions import rater_of
from annotate.assign.compare.actions import claim_comparison
from annotate.assign.compare.filling import fill_comparisons
from annotate.assign.fillings import work_filling
from annotate.enums import AssignmentState, Outcome, RaterKind, Role
from annotate.ingest.founding import create_rubric, use_rubric
from annotate.ingest.presets import GALLERY
from annotate.label.comparing import Choice, submit_comparison
from annotate.models import Comparison, Label, Lineup, Pair, Person, Problem, Project, Trace
from tests.factories import (
    a_comparing_project,
    a_criterion,
    a_lineup,
    a_pair,
    a_pair_label,
    a_person,
    a_rater,
    a_trace,
    some_attempts,
)
from tests.webapp.views.clients import signed_in

pytestmark = pytest.mark.django_db


def a_project_of_pairs(n: int = 1, **fields: Any) -> Project:
    project = a_comparing_project(slug="fruit", bob=Role.ANNOTATOR, carol=Role.ANNOTATOR, **fields)
    for i in range(n):
        a_pair(*some_attempts(project, f"apples {i}", f"pears {i}"))
    fill_comparisons(project)
    return project


def held_by(project: Project, name: str = "bob") -> Comparison:
    held = claim_comparison(project, rater_of(project, a_person(name)))
    assert held is not None
    return held


def text_of(client: Client, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status
    return response.content.decode()


def test_a_person_compares_by_plain_forms_from_the_projects_page_to_the_last() -> None:
    project = a_project_of_pairs(2)
    bob = signed_in("bob")
    assert "0 of 2 comparisons made" in text_of(bob, "/projects/fruit/")
    question = a_criterion(project, "preference").pk
    path = bob.post("/projects/fruit/compare/").headers["Location"]
    for _ in range(2):
        page = text_of(bob, path)
        token = re.search(r'name="token" value="(\d+)"', page)
        assert token is not None
        sent = {
            "token": token[1],
            f"answer-{question}": "left",
            f"text-{question}": "",
            f"seconds-{question}": "2.5",
        }
        path = bob.post(path, sent).headers["Location"]
    assert path == "/projects/fruit/compare/"
    assert "All compared" in text_of(bob, path)
    assert set(Label.objects.values_list("value", "seconds", "rater__name")) == {("left", 2.5, "bob")}


def test_the_page_shows_both_sides_and_nothing_about_them() -> None:
    project = a_project_of_pairs(0)
    left, right = some_attempts(project, "apples", "pears", outcomes=[Outcome.RIGHT, Outcome.WRONG])
    Trace.objects.update(source_model="model-says", meta={"note": "meta-says"})
    pair = a_pair(left, right, external_id="id-says")
    a_pair_label(a_rater(project, RaterKind.JUDGE, "judge-says"), pair, "right")
    a_pair_label(rater_of(project, a_person("carol")), pair, "tie")
    fill_comparisons(project)
    page = text_of(signed_in("bob"), f"/comparisons/{held_by(project).pk}/")
    assert page.index("apples") < page.index("pears")
    for secret in ("model-says", "meta-says", "id-says", "judge-says", left.external_id, "checked"):
        assert secret not in page


def test_what_both_begin_with_is_there_once() -> None:
    project = a_project_of_pairs(0)
    left = a_trace(project, texts=["The same beginning.\n", "Left."])
    right = a_trace(project, texts=["The same beginning.\n", "Right."], problem=left.problem)
    a_pair(left, right)
    fill_comparisons(project)
    page = text_of(signed_in("bob"), f"/comparisons/{held_by(project).pk}/")
    assert page.count("The same beginning.") == 1
    assert "Both begin with this" in page


def test_hostile_texts_are_only_read() -> None:
    project = a_project_of_pairs(0)
    texts = ("<script>alert(1)</script>", "</form><img src=x onerror=alert(1)> \u202e")
    a_pair(*some_attempts(project, *texts))
    Problem.objects.update(text="<style>*{display:none}</style>")
    fill_comparisons(project)
    held = held_by(project)
    for path in (f"/comparisons/{held.pk}/", f"/comparisons/{held.pk}/?raw"):
        page = text_of(signed_in("bob"), path)
        assert not re.search(r"<script>alert|<img|<style>\*", page)
        assert "‹U+202E›" in page


def test_a_refused_answer_comes_back_with_what_was_chosen() -> None:
    project = a_comparing_project(slug="fruit", preset="ranking", bob=Role.ANNOTATOR)
    a_lineup(*some_attempts(project, "one", "two", "three"))
    fill_comparisons(project)
    held, bob = held_by(project), signed_in("bob")
    ranking, reason = a_criterion(project, "ranking").pk, a_criterion(project, "reason").pk
    sent = {
        "token": held.token,
        f"rank-{ranking}-a": "2",
        f"rank-{ranking}-b": "1",
        f"text-{reason}": "<b>B</b>",
    }
    answer = bob.post(f"/comparisons/{held.pk}/", sent)
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "No rank yet: Solution C." in page
    assert re.search(rf'name="rank-{ranking}-a" value="2" checked', page)
    assert "&lt;b&gt;B&lt;/b&gt;" in page
    assert not Label.objects.exists()
    for wrong in ("9", "0", "-1", "x", "²", "1" * 50):
        answer = bob.post(f"/comparisons/{held.pk}/", sent | {f"rank-{ranking}-c": wrong})
        assert answer.status_code == 400
        assert "a rank is a number from 1 to 3" in answer.content.decode()
    assert bob.post(f"/comparisons/{held.pk}/", sent | {f"rank-{ranking}-c": "2"}).status_code == 302
    assert set(Label.objects.values_list("value", "text")) == {("b>a=c", ""), ("", "<b>B</b>")}
    assert "checked" in text_of(bob, f"/comparisons/{held.pk}/")


def test_seconds_that_are_none_are_not_known() -> None:
    project = a_project_of_pairs(5)
    question = a_criterion(project, "preference").pk
    bob = signed_in("bob")
    for words in ("", "soon", "nan", "-3", "1e300"):
        held = held_by(project)
        sent = {"token": held.token, f"answer-{question}": "tie", f"seconds-{question}": words}
        assert bob.post(f"/comparisons/{held.pk}/", sent).status_code == 302
    assert set(Label.objects.values_list("seconds", flat=True)) == {None}


def test_sent_twice_it_goes_on_and_sent_late_it_says_so() -> None:
    project = a_project_of_pairs(2)
    question = a_criterion(project, "preference").pk
    held, bob = held_by(project), signed_in("bob")
    sent = {"token": held.token, f"answer-{question}": "left"}
    first = bob.post(f"/comparisons/{held.pk}/", sent)
    second = bob.post(f"/comparisons/{held.pk}/", sent | {f"answer-{question}": "right"})
    assert first.headers["Location"] == second.headers["Location"] != f"/comparisons/{held.pk}/"
    assert list(Label.objects.values_list("value", flat=True)) == ["left"]
    other = held_by(project)
    stale = bob.post(f"/comparisons/{other.pk}/", sent | {"token": other.token - 1})
    assert stale.status_code == 409
    assert bob.post(f"/comparisons/{other.pk}/", {f"answer-{question}": "left"}).status_code == 400
    assert Label.objects.count() == 1


def test_somebody_elses_comparison_is_named_to_members_and_unknown_to_strangers() -> None:
    project = a_project_of_pairs(1)
    a_person("dan")
    held = held_by(project)
    answer = signed_in("carol").get(f"/comparisons/{held.pk}/")
    assert answer.status_code == 403
    assert "not with you" in answer.content.decode()
    assert signed_in("dan").get(f"/comparisons/{held.pk}/").status_code == 404


def test_skipping_and_putting_back() -> None:
    project = a_project_of_pairs(1)
    held, bob = held_by(project), signed_in("bob")
    assert bob.post(f"/comparisons/{held.pk}/release/", {"token": held.token}).status_code == 302
    held = held_by(project)
    renewed = bob.post(f"/comparisons/{held.pk}/lease/", {"token": held.token})
    assert set(renewed.json()) == {"held_until"}
    answer = bob.post(f"/comparisons/{held.pk}/skip/", {"token": held.token, "note": "A twin."})
    assert answer.headers["Location"] == "/projects/fruit/compare/"
    assert Comparison.objects.get(pk=held.pk).note == "A twin."
    assert "Nothing more for you now" in text_of(bob, "/projects/fruit/compare/") or "skipped" in text_of(
        bob, "/projects/fruit/compare/"
    )


def test_a_manager_counts_and_makes_pairs_with_one_button() -> None:
    project = a_comparing_project(slug="fruit", overlap=2, bob=Role.ANNOTATOR)
    alice = signed_in("alice")
    some_attempts(project, "one", "two", "three", "four")
    assert "This makes 1 new pair." in text_of(alice, "/projects/fruit/compare/make/")
    counted = text_of(alice, "/projects/fruit/compare/make/?sides=traces&per_problem=4")
    assert "This makes 4 new pairs." in counted
    assert not Pair.objects.exists()
    made = alice.post(
        "/projects/fruit/compare/make/", {"do": "pairs", "sides": "traces", "per_problem": 4}, follow=True
    )
    assert "4 pairs made. People are asked for 8 comparisons more." in made.content.decode()
    assert Comparison.objects.count() == 8
    wrong = alice.post("/projects/fruit/compare/make/", {"do": "pairs", "sides": "words", "per_problem": 0})
    assert wrong.status_code == 400
    assert signed_in("bob").get("/projects/fruit/compare/make/").status_code == 403


def test_much_is_made_by_a_worker_and_the_page_says_how_far(monkeypatch: pytest.MonkeyPatch) -> None:
    project = a_comparing_project(slug="fruit", overlap=2, bob=Role.ANNOTATOR)
    for i in range(3):
        some_attempts(project, f"one {i}", f"two {i}")
    monkeypatch.setattr("annotate.assign.compare.making.MOST_AT_ONCE", 0)
    monkeypatch.setattr("annotate.assign.compare.making.LOOKED_AT", 2)
    monkeypatch.setattr("annotate.ingest.attempts.PROBLEMS", 2)
    alice, at = signed_in("alice"), "/projects/fruit/compare/make/"
    assert "New pairs of the first 2 of 3 problems: 2." in text_of(alice, at)
    sent = {"do": "pairs", "sides": "traces", "per_problem": 1}
    assert "A worker does it in pieces." in alice.post(at, sent, follow=True).content.decode()
    assert not Pair.objects.exists()
    waiting = text_of(alice, at)
    assert "Pairs and lineups wait to be made: 0% is done." in waiting
    assert "python3 manage.py queue fruit --resume" in waiting
    work_filling(project, should_stop=lambda: True)
    moving = alice.get(at, headers={"HX-Request": "true"}).content.decode()
    assert "being made: 66% is done" in moving
    assert "pairs 2, lineups 0, comparisons that people are asked for 4." in moving
    assert "Make pairs" not in moving
    assert "66%" in text_of(alice, "/projects/fruit/overview/")
    assert "66%" in text_of(signed_in("bob"), "/projects/fruit/compare/")
    assert alice.post(at, sent).status_code == 409
    stopped = alice.post("/projects/fruit/queue/filling/", {"do": "cancel", "compare": "yes"}, follow=True)
    assert stopped.redirect_chain[0][0] == at
    assert "Making pairs and lineups was stopped at 66%. What is made stays." in stopped.content.decode()
    alice.post("/projects/fruit/queue/filling/", {"do": "resume", "compare": "yes"})
    assert work_filling(project).state == "done"
    assert "It is done." in alice.get(at, headers={"HX-Request": "true"}).content.decode()
    assert (Pair.objects.count(), Comparison.objects.count()) == (3, 6)


def test_a_manager_makes_lineups_and_asks_about_pairs_that_are_there() -> None:
    project = a_comparing_project(slug="fruit", bob=Role.ANNOTATOR)
    both = (*GALLERY["preference"].criteria, *GALLERY["ranking"].criteria)
    use_rubric(project, create_rubric(project, name="both", criteria=both))
    a_pair(*some_attempts(project, *"abcde")[:2])
    alice = signed_in("alice")
    sent = {"do": "lineups", "lineup-size": 5, "lineup-per_problem": 1}
    alice.post("/projects/fruit/compare/make/", sent)
    assert Lineup.objects.get().size == 5
    assert Comparison.objects.filter(pair__isnull=False).count() == 1
    a_pair(*some_attempts(project, "f", "g"))
    alice.post("/projects/fruit/compare/make/", {"do": "fill"})
    assert Comparison.objects.count() == 3


def test_the_projects_page_leads_on_only_where_there_is_something_to_compare() -> None:
    project = a_comparing_project(slug="fruit", bob=Role.ANNOTATOR)
    assert "Nothing has been put together yet" in text_of(signed_in("bob"), "/projects/fruit/")
    a_pair(*some_attempts(project, "one", "two"))
    assert 'class="button primary" href="/projects/fruit/compare/make/"' in text_of(
        signed_in("alice"), "/projects/fruit/"
    )
    fill_comparisons(project)
    page = text_of(signed_in("bob"), "/projects/fruit/")
    assert '<button class="primary">Compare</button>' in page
    held = held_by(project)
    assert "Go on comparing" in text_of(signed_in("bob"), "/projects/fruit/")
    submit_comparison(held, held.token, [Choice(a_criterion(project, "preference").pk, "left")])
    page = text_of(signed_in("bob"), "/projects/fruit/")
    assert "1 of 1 comparisons made" in page
    assert "Go on comparing" not in page
    use_rubric(project, create_rubric(project, name="v", criteria=GALLERY["prm-verdicts"].criteria))
    assert "Comparisons by people" not in text_of(signed_in("bob"), "/projects/fruit/")


def test_the_page_costs_the_same_however_many_steps_and_questions() -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for n in (1, 9):
        Project.objects.filter(slug="fruit").delete()
        project = a_project_of_pairs(0)
        left = a_trace(project, n_steps=n)
        a_pair(left, a_trace(project, texts=["other"] * n, problem=left.problem))
        fill_comparisons(project)
        held, bob = held_by(project), signed_in("bob")
        with CaptureQueriesContext(connection) as queries:
            assert bob.get(f"/comparisons/{held.pk}/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] < 30


def test_whoever_is_no_annotator_compares_nothing() -> None:
    project = a_comparing_project(slug="fruit", vera=Role.VIEWER)
    assert Person.objects.filter(username="vera").exists()
    assert signed_in("vera").get("/projects/fruit/compare/").status_code == 403
    assert project.comparisons.filter(state=AssignmentState.HELD).count() == 0


def test_what_somebody_compared_stands_in_their_own_history() -> None:
    project = a_project_of_pairs(1)
    held = held_by(project)
    answered = Choice(a_criterion(project, "preference").pk, "left", "Shorter.", 4.0)
    submit_comparison(held, held.token, [answered])
    bob = signed_in("bob")
    page = text_of(bob, "/projects/fruit/history/")
    assert f'<a href="/comparisons/{held.pk}/">Comparison {held.pk}</a>' in page
    assert "The pair" in page
    assert "Shorter." in page
    [event] = bob.get("/api/projects/fruit/history/").json()["results"]
    assert (event["trace"], event["comparison"], event["value"]) == (None, held.pk, "left")
    assert "You submitted this" in text_of(bob, f"/comparisons/{held.pk}/")
