"""Bob compares with a script instead of the page."""

from __future__ import annotations

from typing import Any

import pytest

from annotate.assign.compare.filling import fill_comparisons
from annotate.assign.fillings import work_filling
from annotate.enums import Outcome, RaterKind, Role
from annotate.models import Comparison, Label, Pair, Project, Trace
from tests.factories import (
    a_comparing_project,
    a_lineup,
    a_pair,
    a_pair_label,
    a_person,
    a_rater,
    some_attempts,
)
from tests.webapp.api.clients import signed_in

pytestmark = pytest.mark.django_db


def a_project_with(preset: str = "preference") -> Project:
    project = a_comparing_project(preset=preset, slug="fruit", bob=Role.ANNOTATOR, carol=Role.ANNOTATOR)
    traces = some_attempts(project, "one", "two", "three", outcomes=[Outcome.RIGHT, Outcome.WRONG])
    Trace.objects.update(source_model="model-says", meta={"note": "meta-says"})
    if preset == "ranking":
        a_lineup(*traces)
    else:
        pair = a_pair(*traces[:2], external_id="id-says")
        a_pair_label(a_rater(project, RaterKind.JUDGE, "judge-says"), pair, "right")
    fill_comparisons(project)
    return project


def claimed(name: str = "bob") -> dict[str, Any]:
    answer = signed_in(name).post("/api/projects/fruit/comparisons/claim/")
    found: dict[str, Any] = answer.data["comparison"]
    return found


def send(held: dict[str, Any], what: str, name: str = "bob", **given: Any) -> Any:
    body = {"token": held["token"]} | given
    return signed_in(name).post(f"/api/comparisons/{held['id']}/{what}/", body, format="json")


def test_bob_claims_answers_and_is_told_that_all_is_done() -> None:
    a_project_with()
    held = claimed()
    assert held["about"] == "pair"
    assert [side["steps"][0]["text"] for side in held["sides"]] == ["one", "two"]
    assert not [word for word in ("model-says", "meta-says", "id-says", "judge-says") if word in str(held)]
    sent = {"criterion": "preference", "value": "left", "text": "It is right.", "seconds": 4.2}
    done = send(held, "submit", answers=[sent])
    assert (done.status_code, done.data["state"]) == (200, "submitted")
    assert done.data["answers"] == [{"criterion": "preference", "value": "left", "text": "It is right."}]
    assert send(held, "submit", answers=[sent | {"value": "right"}]).data["answers"] == done.data["answers"]
    label = Label.objects.get(rater__name="bob")
    assert (label.value, label.seconds, label.pair) == ("left", 4.2, Pair.objects.get())
    shown = signed_in("bob").get(f"/api/labels/{label.pk}/").data
    assert (shown["pair"], shown["lineup"], shown["is_draft"]) == (label.pair_id, None, False)
    nothing = signed_in("bob").post("/api/projects/fruit/comparisons/claim/").data
    assert nothing == {
        "comparison": None,
        "reason": "Everything has been compared as often as the project asks.",
    }
    assert len(signed_in("bob").get("/api/projects/fruit/comparisons/").data["results"]) == 1


def test_an_order_is_given_by_letters() -> None:
    a_project_with("ranking")
    held = claimed()
    assert [side["letter"] for side in held["sides"]] == ["a", "b", "c"]
    refused = send(held, "submit", answers=[{"criterion": "ranking", "value": "b>a"}])
    assert (refused.status_code, refused.data["field"]) == (400, "ranking")
    assert "c has no rank yet" in refused.data["reason"]
    assert send(held, "submit", answers=[{"criterion": "ranking", "value": "c = b > a"}]).status_code == 200
    assert Label.objects.get().value == "b=c>a"


def test_what_cannot_be_taken_is_named_with_its_row_and_nothing_is_written() -> None:
    a_project_with()
    held = claimed()
    known = {"criterion": "preference", "value": "left"}
    refused = send(held, "submit", answers=[known, {"criterion": "verdict", "value": "good"}])
    assert (refused.status_code, refused.data["row"], refused.data["field"]) == (400, 2, "criterion")
    assert send(held, "submit", answers=[known | {"value": "both"}]).data["field"] == "preference"
    assert send(held, "submit", answers=[]).status_code == 400
    assert send(held, "submit", answers=[known], token=held["token"] - 1).status_code == 409
    assert not Label.objects.filter(rater__name="bob").exists()


def test_skipping_giving_back_and_keeping() -> None:
    a_project_with()
    held = claimed()
    assert send(held, "extend").data["token"] == held["token"]
    assert send(held, "release").status_code == 204
    assert send(held, "extend").status_code == 403
    held = claimed()
    assert send(held, "skip", note="A twin.").data["state"] == "skipped"
    assert Comparison.objects.get(state="skipped").note == "A twin."
    assert claimed() is None
    assert claimed("carol")["about"] == "pair"


def test_a_comparison_is_its_holders_alone() -> None:
    a_project_with()
    a_person("dan")
    held = claimed()
    address = f"/api/comparisons/{held['id']}/"
    assert [signed_in(name).get(address).status_code for name in ("bob", "carol", "alice", "dan")] == [
        200,
        403,
        403,
        404,
    ]


def test_a_manager_counts_and_makes() -> None:
    a_project_with()
    address = "/api/projects/fruit/comparisons/make/"

    def make(name: str = "alice", **given: Any) -> Any:
        return signed_in(name).post(address, given, format="json")

    # Of the three pairs of three traces one is there, by a name of its own.
    done: dict[str, Any] = {"is_done": True, "of_problems": None}
    counted = make(what="traces", per_problem=9, is_dry_run=True)
    assert counted.data == {"pairs": 2, "lineups": 0, "slots": None, "is_done": None, "of_problems": None}
    assert Pair.objects.count() == 1
    assert make(what="traces", per_problem=9).data == {"pairs": 2, "lineups": 0, "slots": 2} | done
    assert make(what="none").data == {"pairs": 0, "lineups": 0, "slots": 0} | done
    # The rubric asks nobody about lineups, so that they wait until it does.
    assert make(what="lineups", size=3).data == {"pairs": 0, "lineups": 1, "slots": 0} | done
    assert make(what="lineups", size=9).status_code == 400
    assert make("bob", what="none").status_code == 403


def test_much_is_left_to_a_worker_told_of_stopped_and_taken_up(monkeypatch: pytest.MonkeyPatch) -> None:
    project = a_project_with()
    monkeypatch.setattr("annotate.assign.compare.making.MOST_AT_ONCE", 0)
    address, filling = "/api/projects/fruit/comparisons/make/", "/api/projects/fruit/queue/filling/"
    alice = signed_in("alice")

    def send(at: str, **given: Any) -> Any:
        return alice.post(at, given, format="json")

    counted = send(address, what="traces", per_problem=9, is_dry_run=True).data
    assert (counted["pairs"], counted["of_problems"]) == (2, 1)
    made = send(address, what="traces", per_problem=9)
    assert made.data == {"pairs": 0, "lineups": 0, "slots": 0, "is_done": False, "of_problems": None}
    told = alice.get(filling).data["filling"]
    assert (told["state"], told["stage"], told["done"], told["total"]) == ("queued", "compare", 0, 2)
    assert send(address, what="traces").status_code == 409
    assert send(filling, do="cancel").data["filling"]["state"] == "cancelled"
    assert send(filling, do="resume").data["filling"]["n_pairs"] == 0
    work_filling(project)
    assert alice.get(filling).data == {"filling": None}
    assert (Pair.objects.count(), Comparison.objects.count()) == (3, 3)
