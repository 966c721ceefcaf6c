from __future__ import annotations

import csv
import io
import xml.etree.ElementTree as ET

import pytest
from django.test import Client
from django.utils import timezone

from annotate.enums import RaterKind, Role
from annotate.models import Intervention, Project, Rater, Reader, Ruler
from tests.factories import a_criterion, a_person, a_project, a_rater, a_trace
from tests.webapp.measured import a_measure, a_ruler
from tests.webapp.views.clients import queries_of, signed_in

pytestmark = pytest.mark.django_db

RATERS = "/projects/words/raters/"
HOSTILE = '<script>alert("x")</script>=cmd'


@pytest.fixture
def project() -> Project:
    project = a_project(
        slug="words", bob=Role.ANNOTATOR, carol=Role.REVIEWER, vera=Role.VIEWER, mona=Role.MANAGER
    )
    a_trace(project, external_id="the-trace")
    return project


@pytest.fixture
def bob(project: Project) -> Rater:
    return a_rater(project, name="bob-the-reader", person=a_person("bob"))


@pytest.fixture
def judge(project: Project) -> Rater:
    return a_rater(project, RaterKind.JUDGE, "judge/strict@1")


@pytest.fixture
def ruler(project: Project, bob: Rater, judge: Rater) -> Ruler:
    return a_ruler(project)


def page(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


class TestRaters:
    def test_an_empty_project_says_what_would_be_here(self, project: Project) -> None:
        shown = page(signed_in("alice"), RATERS)
        assert "Nobody has been measured yet" in shown
        assert "python3 manage.py measure words" in shown

    def test_everybody_is_on_the_map_and_in_the_table_with_what_to_say_of_them(self, ruler: Ruler) -> None:
        shown = page(signed_in("vera"), RATERS)
        assert "Ruler 1.0, fitted" in shown
        assert "data version 01234567" in shown
        # Both pictures and the row.
        assert shown.count("judge/strict@1") >= 2
        assert "Stricter than most by half a level, consistent" in shown
        assert "Answers look random on verdict" in shown
        assert "−0.5 (−0.7 to −0.3)" in shown
        assert "0.8 (0.6–0.9)" in shown
        assert "Nobody gives “Bad” on verdict." in shown
        assert "judge/a@1, judge/b@1" in shown
        assert "0.41, over 120 answers" in shown
        assert "Measure again" not in shown

    def test_who_cannot_be_measured_is_listed_with_the_reason_and_not_on_the_map(
        self, ruler: Ruler, project: Project
    ) -> None:
        alone = a_rater(project, name="kim-alone")
        a_measure(
            ruler, alone, a_criterion(project), severity=None, flags=[{"code": "few", "n": 0}], drift=[]
        )
        shown = page(signed_in("vera"), RATERS)
        assert "Nobody else has labelled what this rater has." in shown
        assert "Not enough overlap to say" in shown
        assert shown.count("kim-alone") == 1

    def test_placed_sessions_and_newcomers_are_said(self, ruler: Ruler, project: Project) -> None:
        Ruler.objects.update(minor=2, placed_at=timezone.now())
        a_measure(ruler, a_rater(project, name="new"), a_criterion(project), flags=[], is_new=True)
        shown = page(signed_in("vera"), RATERS)
        assert "Ruler 1.2" in shown
        assert "2 sessions were placed on it since" in shown
        assert "New: measured properly by the next fit" in shown

    def test_no_row_costs_a_query(self, ruler: Ruler, project: Project) -> None:
        vera = signed_in("vera")
        before = queries_of(vera, RATERS)
        for number in range(3):
            a_measure(ruler, a_rater(project, name=f"more {number}"), a_criterion(project))
        assert queries_of(vera, RATERS) == before
        # Session with its person, project, role twice, ruler, count, page, stands.
        assert before == 8

    def test_names_stay_text(self, ruler: Ruler, project: Project) -> None:
        a_measure(ruler, a_rater(project, name=HOSTILE), a_criterion(project))
        shown = page(signed_in("vera"), RATERS)
        assert "<script>alert" not in shown
        assert "<script>alert" not in page(signed_in("vera"), f"{RATERS}wright-map.svg")

    def test_only_managers_say_whether_people_see_their_own(self, ruler: Ruler, project: Project) -> None:
        assert signed_in("vera").post(RATERS, {"shows_own_measures": "on"}).status_code == 403
        assert signed_in("mona").post(RATERS, {"shows_own_measures": "on"}).status_code == 302
        project.refresh_from_db()
        assert project.shows_own_measures
        signed_in("mona").post(RATERS)
        project.refresh_from_db()
        assert not project.shows_own_measures


class TestFiles:
    def test_the_table_as_csv_holds_what_the_page_shows(self, ruler: Ruler, project: Project) -> None:
        a_measure(ruler, a_rater(project, name="=1+1"), a_criterion(project), severity=2.0)
        response = signed_in("vera").get(f"{RATERS}raters.csv")
        assert response["Content-Disposition"] == 'attachment; filename="words-raters-1.0.csv"'
        rows = list(csv.DictReader(io.StringIO(response.content.decode())))
        # A spreadsheet must not take a name for a formula.
        assert [row["rater"] for row in rows] == ["'=1+1", "judge/strict@1", "bob-the-reader"]
        assert (rows[1]["severity"], rows[1]["agreement_n"], rows[1]["kind"]) == ("0.0", "40", "judge")

    @pytest.mark.parametrize("query", ["", "?narrow"])
    def test_the_map_is_a_file_of_its_own(self, ruler: Ruler, query: str) -> None:
        response = signed_in("vera").get(f"{RATERS}wright-map.svg{query}")
        assert response["Content-Type"] == "image/svg+xml"
        root = ET.fromstring(response.content)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert "judge/s" in "".join(root.itertext())

    @pytest.mark.parametrize(
        "name", ["raters/raters.csv", "raters/wright-map.svg", "raters/wright-map.csv", "scale/questions.csv"]
    )
    def test_without_a_ruler_there_is_no_file(self, project: Project, name: str) -> None:
        assert signed_in("vera").get(f"/projects/words/{name}").status_code == 422

    def test_the_map_as_csv_has_everything_that_is_drawn(self, ruler: Ruler) -> None:
        response = signed_in("vera").get(f"{RATERS}wright-map.csv")
        assert response["Content-Disposition"] == 'attachment; filename="words-wright-map-1.0.csv"'
        rows = list(csv.DictReader(io.StringIO(response.content.decode())))
        found = {
            what: [row for row in rows if row["what"] == what] for what in ("person", "machine", "steps")
        }
        assert {row["name"] for row in found["person"]} == {"bob-the-reader"}
        assert {row["name"] for row in found["machine"]} == {"judge/strict@1"}
        machine = found["machine"][0]
        assert float(machine["low"]) < float(machine["logits"]) < float(machine["high"])
        items = ruler.detail["items"]
        assert [int(row["n"]) for row in found["steps"]] == items["counts"]
        assert [float(row["low"]) for row in found["steps"]] == items["edges"][:-1]
        question = ruler.detail["questions"][0]
        expected = [question["measure"] + one["measure"] for one in question["thresholds"]]
        thresholds = [row for row in rows if row["what"] == "threshold"]
        assert [float(row["logits"]) for row in thresholds] == pytest.approx(expected)
        assert {row["name"] for row in thresholds} == {question["title"]}

    def test_questions_as_csv(self, ruler: Ruler) -> None:
        response = signed_in("vera").get("/projects/words/scale/questions.csv")
        rows = list(csv.DictReader(io.StringIO(response.content.decode())))
        assert [row["level"] for row in rows] == ["Bad", "Neutral", "Good"]
        assert [row["threshold"] for row in rows] == ["", "-0.6", "0.6"]


class TestOneRater:
    def test_it_shows_what_is_measured_and_where_it_surprises(self, ruler: Ruler, judge: Rater) -> None:
        shown = page(signed_in("vera"), f"/raters/{judge.pk}/")
        assert "expected 0.80 to 1.20" in shown
        assert "Verdict, beside the others" in shown
        assert "Verdict, beside gold" in shown
        assert "last third" in shown
        assert "the-trace, Step 1" in shown
        assert "#step-0" in shown

    def test_a_history_goes_back_over_earlier_rulers(
        self, ruler: Ruler, project: Project, judge: Rater
    ) -> None:
        one = page(signed_in("vera"), f"/raters/{judge.pk}/")
        assert 'class="history"' not in one
        Ruler.objects.update(is_current=False)
        a_ruler(project, number=2)
        two = page(signed_in("vera"), f"/raters/{judge.pk}/")
        assert 'class="history"' in two
        assert "2.0" in two

    def test_queries_do_not_grow_with_what_is_listed(
        self, ruler: Ruler, project: Project, judge: Rater
    ) -> None:
        vera = signed_in("vera")
        before = queries_of(vera, f"/raters/{judge.pk}/")
        measure = ruler.measures.get(rater=judge, criterion=None)
        measure.closer["surprises"] *= 3
        measure.save()
        assert queries_of(vera, f"/raters/{judge.pk}/") == before

    def test_a_rater_without_a_measure_says_so(self, project: Project) -> None:
        probe = a_rater(project, RaterKind.PROBE)
        assert "Nobody has been measured here yet." in page(signed_in("vera"), f"/raters/{probe.pk}/")
        a_ruler(project)
        assert "no label on a question" in page(signed_in("vera"), f"/raters/{probe.pk}/")

    def test_people_see_themselves_only_where_the_project_says_so(
        self, ruler: Ruler, project: Project, bob: Rater, judge: Rater
    ) -> None:
        reader = signed_in("bob")
        assert reader.get(f"/raters/{bob.pk}/").status_code == 403
        Project.objects.update(shows_own_measures=True)
        shown = page(reader, f"/raters/{bob.pk}/")
        assert "Stricter than most by half a level" in shown
        # Neither what others said nor what the key is, nor where.
        for secret in (
            "the-trace",
            "beside gold",
            "beside the others",
            "judge/strict@1",
            "Right against gold",
        ):
            assert secret not in shown
        assert reader.get(f"/raters/{judge.pk}/").status_code == 403
        assert reader.get(RATERS).status_code == 403

    def test_a_stranger_finds_nothing(self, ruler: Ruler, bob: Rater) -> None:
        a_person("dan")
        Project.objects.update(shows_own_measures=True)
        for path in (f"/raters/{bob.pk}/", RATERS, f"{RATERS}raters.csv", "/projects/words/scale/"):
            response = signed_in("dan").get(path)
            assert response.status_code == 404
            assert b"bob-the-reader" not in response.content

    def test_reviewers_who_must_not_know_names_do_not_learn_who_said_what(
        self, ruler: Ruler, project: Project, bob: Rater, judge: Rater
    ) -> None:
        assert project.hides_readers
        assert "the-trace" not in page(signed_in("carol"), f"/raters/{bob.pk}/")
        assert "the-trace" in page(signed_in("carol"), f"/raters/{judge.pk}/")
        assert "the-trace" in page(signed_in("mona"), f"/raters/{bob.pk}/")
        Project.objects.update(hides_readers=False)
        assert "the-trace" in page(signed_in("carol"), f"/raters/{bob.pk}/")


class TestInterventions:
    def test_a_manager_pauses_and_the_trail_says_who_and_why(self, ruler: Ruler, bob: Rater) -> None:
        mona = signed_in("mona")
        path = f"/raters/{bob.pk}/intervene/"
        mona.post(path, {"deed": "pause", "reason": "Look at the guidelines."})
        assert Reader.objects.get(rater=bob).paused_at is not None
        shown = page(mona, f"/raters/{bob.pk}/")
        assert "Paused" in shown
        assert "mona: Look at the guidelines." in shown
        mona.post(path, {"deed": "resume", "reason": "Read them."})
        assert Reader.objects.get(rater=bob).paused_at is None
        assert Intervention.objects.count() == 2

    def test_a_day_is_the_beginning_of_that_day(self, ruler: Ruler, judge: Rater) -> None:
        path = f"/raters/{judge.pk}/intervene/"
        signed_in("mona").post(path, {"deed": "exclude", "reason": "Broken since.", "since": "2026-03-01"})
        judge.refresh_from_db()
        assert judge.excluded_from is not None
        assert judge.excluded_from.isoformat() == "2026-03-01T00:00:00+00:00"
        assert "left out of consensus" in page(signed_in("vera"), f"/raters/{judge.pk}/")

    @pytest.mark.parametrize(
        "sent",
        [
            {"deed": "pause"},
            {"deed": "sack", "reason": "x"},
            {"deed": "exclude", "reason": "x", "since": "1"},
        ],
    )
    def test_what_makes_no_sense_is_refused(self, ruler: Ruler, bob: Rater, sent: dict[str, str]) -> None:
        assert signed_in("mona").post(f"/raters/{bob.pk}/intervene/", sent).status_code == 400
        assert not Intervention.objects.exists()

    @pytest.mark.parametrize(("name", "status"), [("vera", 403), ("carol", 403), ("bob", 403), ("dan", 404)])
    def test_nobody_else_may(self, ruler: Ruler, bob: Rater, name: str, status: int) -> None:
        a_person("dan")
        path = f"/raters/{bob.pk}/intervene/"
        response = signed_in(name).post(path, {"deed": "exclude", "reason": "x"})
        assert response.status_code == status
        assert "What to do about it" not in signed_in(name).get(f"/raters/{bob.pk}/").content.decode()
        bob.refresh_from_db()
        assert bob.excluded_from is None


class TestScale:
    def test_it_shows_questions_steps_and_what_more_readings_would_buy(self, ruler: Ruler) -> None:
        shown = page(signed_in("vera"), "/projects/words/scale/")
        assert "the-trace, Step 1" in shown
        assert "Answers are noisier than those to other questions." in shown
        assert "and 7 unsure" in shown
        assert "With 2.00 readings of a step its measure has a reliability of 0.60" in shown

    def test_an_empty_project_leads_to_the_raters(self, project: Project) -> None:
        assert "Nobody has been measured yet" in page(signed_in("vera"), "/projects/words/scale/")

    def test_it_takes_few_queries(self, ruler: Ruler) -> None:
        # Session, person, project, role, ruler, steps listed twice.
        assert queries_of(signed_in("vera"), "/projects/words/scale/") == 6


class TestMessages:
    TEXT = "Step 3 has a <b>unit</b> you passed over."

    @pytest.fixture
    def message(self, ruler: Ruler, bob: Rater) -> Intervention:
        sent = {"deed": "message", "reason": self.TEXT}
        answer = signed_in("mona").post(f"/raters/{bob.pk}/intervene/", sent)
        assert answer.status_code == 302
        return Intervention.objects.get(deed="message")

    def test_it_is_on_every_page_until_it_is_read(self, message: Intervention, bob: Rater) -> None:
        client = signed_in("bob")
        shown = page(client, "/me/")
        assert "Step 3 has a &lt;b&gt;unit&lt;/b&gt; you passed over." in shown
        assert "mona writes to you" in shown
        assert "not read yet" in page(signed_in("mona"), f"/raters/{bob.pk}/")
        answer = client.post(f"/messages/{message.pk}/read/", {"next": "/me/"})
        assert answer["Location"] == "/me/"
        assert "passed over" not in page(client, "/me/")
        assert "passed over" in page(client, "/me/progress/")
        assert "(read " in page(signed_in("mona"), f"/raters/{bob.pk}/")

    def test_it_does_not_lead_elsewhere(self, message: Intervention) -> None:
        answer = signed_in("bob").post(f"/messages/{message.pk}/read/", {"next": "https://example.org/"})
        assert answer["Location"] == "/me/progress/"

    @pytest.mark.parametrize("name", ["mona", "carol", "vera"])
    def test_nobody_else_says_that_it_was_read(self, message: Intervention, name: str) -> None:
        assert signed_in(name).post(f"/messages/{message.pk}/read/").status_code == 404
        message.refresh_from_db()
        assert message.read_at is None

    def test_machines_are_written_nothing(self, ruler: Ruler, judge: Rater) -> None:
        path = f"/raters/{judge.pk}/intervene/"
        assert signed_in("mona").post(path, {"deed": "message", "reason": "Hello."}).status_code == 400
        assert "Write to them" not in page(signed_in("mona"), f"/raters/{judge.pk}/")
