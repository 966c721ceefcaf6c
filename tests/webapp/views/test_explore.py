"""The explorer of a consensus run, two runs beside each other, one decision with its ledger, and their files."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.test import Client
from django.utils.html import escape

from annotate.consensus.actions import run_consensus
from annotate.enums import Action, RaterKind
from annotate.models import Exploration, Label, Project, Reveal, Run, Trace
from tests.annotate.consensus.explore.scene import a_decided_project
from tests.factories import a_label, a_rater
from tests.webapp.api.clients import content_of_file
from tests.webapp.views.clients import queries_of, signed_in
from workers.celery import app

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return a_decided_project(n_traces=30, n_steps=4)


@pytest.fixture
def run(project: Project) -> Run:
    return run_consensus(project, policy="posterior")


@pytest.fixture
def vera(project: Project) -> Client:
    return signed_in("vera")


def page(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, answer.content.decode()[:500]
    return answer.content.decode()


def rows_of(client: Client, path: str) -> list[dict[str, str]]:
    answer = client.get(path)
    body = content_of_file(answer) if answer.streaming else answer.content
    return list(csv.DictReader(io.StringIO(body.decode())))


def test_the_page_shows_the_runs_own_risk_and_any_other_that_is_asked_for(run: Run, vera: Client) -> None:
    path = f"/consensus/{run.pk}/explorer/"
    own = page(vera, path)
    assert "Consensus explorer" in own
    assert "Held against the gold keys of" in own
    assert "Where sources disagree" in own
    assert "What the labels have cost so far" in own
    asked = page(vera, f"{path}?risk=0.05")
    assert 'aria-valuetext="5\xa0%"' in asked
    assert "Up to a risk of 5\xa0%" in asked
    between = page(vera, f"{path}?risk=0.049")
    assert "Up to a risk of 4\xa0%" in between


def test_without_a_script_the_slider_leads_to_an_address_that_can_be_passed_on(
    run: Run, vera: Client
) -> None:
    answer = vera.get(f"/consensus/{run.pk}/explorer/?place=3")
    assert answer.status_code == 302
    assert answer["Location"] == f"/consensus/{run.pk}/explorer/?risk=0.0002#risk"


@pytest.mark.parametrize("asked", ["risk=much", "risk=2", "risk=nan", "risk=-0.1", "place=99", "place=x"])
def test_what_is_no_risk_is_refused_at_its_field(run: Run, vera: Client, asked: str) -> None:
    refused = page(vera, f"/consensus/{run.pk}/explorer/?{asked}", 400)
    assert asked.partition("=")[0] in refused


def test_a_policy_without_risks_has_no_slider(project: Project, vera: Client) -> None:
    run = run_consensus(project, policy="majority")
    shown = page(vera, f"/consensus/{run.pk}/explorer/?risk=0.1")
    assert "there is no risk to choose" in shown
    assert 'type="range"' not in shown
    assert "The policy reads no keys." in shown


def test_a_run_that_was_never_counted_is_counted_by_a_worker(
    run: Run, vera: Client, django_capture_on_commit_callbacks: Any
) -> None:
    Exploration.objects.all().delete()
    path = f"/consensus/{run.pk}/explorer/"
    assert "A manager can have it counted." in page(vera, path)
    assert vera.post(path).status_code == 403
    alice = signed_in("alice")
    assert vera.get(f"{path}risks.csv").status_code == 422
    assert vera.get(f"{path}costs.csv").status_code == 422
    app.conf.task_always_eager = app.conf.task_eager_propagates = True
    try:
        with django_capture_on_commit_callbacks(execute=True):
            assert alice.post(path).status_code == 302
    finally:
        app.conf.task_always_eager = app.conf.task_eager_propagates = False
    assert "A manager can have it counted." not in page(vera, path)


def test_later_labels_are_said_to_be_missing(project: Project, run: Run, vera: Client) -> None:
    path = f"/consensus/{run.pk}/explorer/"
    assert "Labels have come in since" not in page(vera, path)
    a_label(a_rater(project), run.consensus.first().step, "good")  # type: ignore[union-attr]
    assert "Labels have come in since" in page(vera, path)


def test_a_prelabel_run_has_no_explorer(project: Project, vera: Client) -> None:
    other = project.runs.exclude(kind="consensus").first()
    assert other is not None
    for path in ("explorer/", "beside/", "decisions.csv", "explorer/risks.csv", "explorer/funnel.csv"):
        assert vera.get(f"/consensus/{other.pk}/{path}").status_code == 404


def test_the_risks_as_a_file(run: Run, vera: Client) -> None:
    rows = rows_of(vera, f"/consensus/{run.pk}/explorer/risks.csv")
    curve = Exploration.objects.get(run=run).detail["curve"]
    assert len(rows) == len(curve) + 1
    assert [float(row["kept"]) for row in rows[:-1]] == [point["kept"] for point in curve]
    assert rows[-1]["risk"] == ""
    assert int(rows[-1]["kept"]) == run.consensus.filter(action=Action.KEEP).count()


def test_every_table_of_the_page_is_a_file(run: Run, vera: Client) -> None:
    detail = Exploration.objects.get(run=run).detail
    shown = page(vera, f"/consensus/{run.pk}/explorer/")

    def table(name: str) -> list[dict[str, str]]:
        path = f"/consensus/{run.pk}/explorer/{name}.csv"
        assert f'href="{path}"' in shown
        return rows_of(vera, path)

    funnel = vera.get(f"/api/runs/{run.pk}/exploration/").json()["funnel"]
    assert [(row["reason"], int(row["steps"]), int(row["traces"])) for row in table("funnel")] == [
        (one["reason"], one["steps"], one["traces"]) for one in funnel
    ]
    assert funnel[0]["steps"] == run.consensus.count()
    told = [(one["one"], one["other"], one["n"]) for one in detail["disputes"]["meetings"]]
    assert [(row["one"], row["other"], int(row["n"])) for row in table("sources")] == told
    told = [(one["one"], one["other"], one["same"]) for one in detail["places"]["pairs"]]
    assert [(row["one"], row["other"], int(row["same"])) for row in table("first-errors")] == told
    told = [(one["name"], one["kind"], one["labels"]) for one in detail["costs"]["rows"]]
    assert [(row["name"], row["kind"], int(row["labels"])) for row in table("costs")] == told
    assert [(row["tier"], int(row["n"])) for row in table("tiers")] == [
        (one["tier"], one["n"]) for one in detail["tiers"]
    ]
    disputes = table("disputes")
    assert int(disputes[0]["n"]) == detail["disputes"]["overall"]["n"]
    assert len(disputes) == 1 + sum(map(len, detail["disputes"]["divisions"].values()))
    assert all(table(name) for name in ("sources", "first-errors", "costs", "tiers"))
    assert vera.get(f"/consensus/{run.pk}/explorer/else.csv").status_code == 404


def test_every_decision_as_a_file_without_formulas(run: Run, vera: Client) -> None:
    said = run.consensus.exclude(risk=None).order_by("pk").first()
    assert said is not None
    Trace.objects.filter(pk=said.step.trace_id).update(external_id="=1+1", source_model="@model")
    rows = rows_of(vera, f"/consensus/{run.pk}/decisions.csv")
    assert len(rows) == run.consensus.count()
    row = next(row for row in rows if row["trace"] == "'=1+1")
    assert row["source_model"] == "'@model"
    assert (row["step"], row["action"], row["reason"]) == ("1", said.action, said.reason)
    assert float(row["risk"]) == said.risk
    assert row["labels"].split() == [str(pk) for pk in said.spoke]


def test_two_runs_stand_beside_each_other_and_a_cell_leads_to_its_steps(
    project: Project, run: Run, vera: Client
) -> None:
    other = run_consensus(project, policy="majority", settings={"with_machines": True})
    path = f"/consensus/{run.pk}/beside/"
    shown = page(vera, path)
    assert f"posterior #{run.pk} beside majority #{other.pk}" in shown
    assert "Whom gold is with" in shown
    pairs = [
        (one.value, there.value)
        for one in run.consensus.filter(action=Action.KEEP)
        for there in other.consensus.filter(step=one.step_id, action=Action.KEEP)
    ]
    n = pairs.count(("good", "good"))
    cell = page(vera, f"{path}?with={other.pk}&left=keep:good&right=keep:good")
    assert f'The steps of one cell <span class="quiet number">{n}</span>' in cell.replace("  ", " ")
    rows = rows_of(vera, f"{path}cells.csv?with={other.pk}")
    told = {
        (row["left_value"], row["right_value"]): int(row["steps"])
        for row in rows
        if row["left_action"] == "keep"
    }
    assert told["good", "good"] == n
    assert sum(int(row["steps"]) for row in rows) == run.consensus.count()
    assert "with" in page(vera, f"{path}?with=999999", 400)


def test_one_run_alone_says_what_would_be_here(run: Run, vera: Client) -> None:
    assert "There is no second counted run" in page(vera, f"/consensus/{run.pk}/beside/")
    assert vera.get(f"/consensus/{run.pk}/beside/cells.csv").status_code == 422


def test_a_decision_shows_its_ledger_and_who_spoke(run: Run, vera: Client) -> None:
    decision = next(one for one in run.consensus.order_by("pk") if len(one.spoke) > 2)
    shown = page(vera, f"/decisions/{decision.pk}/")
    assert "The ledger" in shown
    assert "Before anybody spoke" in shown
    assert "judge/careful@v1" in shown
    assert "rollouts reached the answer" in shown
    assert "Correct without it" in shown
    assert Reveal.objects.filter(trace=decision.step.trace_id).exists()


def test_without_a_fit_there_are_votes_and_the_reason(project: Project, vera: Client) -> None:
    run = run_consensus(project, policy="majority", settings={"with_machines": True})
    decision = run.consensus.filter(action=Action.KEEP).first()
    assert decision is not None
    shown = page(vera, f"/decisions/{decision.pk}/")
    assert "The ledger" not in shown
    assert escape(decision.explanation) in shown
    assert "Who spoke" in shown


def test_labels_that_did_not_speak_say_why(project: Project, vera: Client) -> None:
    known = Label.objects.filter(rater__kind=RaterKind.GOLD).first()
    assert known is not None
    step = known.step
    assert step is not None
    a_label(a_rater(project, name="unsure one"), step, "unsure")
    a_label(a_rater(project, RaterKind.PROBE, "probe/one"), step, "good")
    excluded = a_rater(project, name="left out", excluded_from="2020-01-01T00:00Z")
    a_label(excluded, step, "bad")
    run = run_consensus(project, policy="majority")
    a_label(a_rater(project, name="late"), step, "good", text="<b>late words</b>")
    decision = run.consensus.get(step=step)

    shown = page(vera, f"/decisions/{decision.pk}/")

    for words in (
        "Unsure is no vote.",
        "Probes rank steps and never vote.",
        "A manager has left this rater out of consensus.",
        "It came in after this run.",
        "This policy did not listen to it.",
        "Gold keys never vote.",
    ):
        assert words in shown, words
    assert "<b>late words</b>" not in shown
    assert "&lt;b&gt;late words&lt;/b&gt;" in shown


def test_what_was_taken_back_since_still_spoke(run: Run, vera: Client) -> None:
    decision = next(one for one in run.consensus.order_by("pk") if one.spoke)
    Label.objects.filter(pk=decision.spoke[0]).update(is_live=False)
    assert "Revised or taken back since." in page(vera, f"/decisions/{decision.pk}/")


@pytest.mark.parametrize(
    "path", ["explorer/", "beside/", "decisions.csv", "explorer/risks.csv", "explorer/costs.csv"]
)
def test_annotators_see_nothing_of_it(run: Run, path: str) -> None:
    assert signed_in("bob").get(f"/consensus/{run.pk}/{path}").status_code == 403
    assert signed_in("bob").get(f"/decisions/{run.consensus.first().pk}/").status_code == 403  # type: ignore[union-attr]


def test_the_decisions_and_the_trace_lead_to_the_ledger(run: Run, vera: Client) -> None:
    decision = run.consensus.first()
    assert decision is not None
    link = f'href="/decisions/{decision.pk}/"'
    assert link in page(vera, f"/consensus/{run.pk}/")
    assert link in page(vera, f"/traces/{decision.step.trace_id}/")
    assert f"/consensus/{run.pk}/explorer/" in page(vera, f"/consensus/{run.pk}/")


def test_pages_cost_the_same_whatever_the_number_of_steps(project: Project, run: Run, vera: Client) -> None:
    other = run_consensus(project, policy="majority")
    paths = [f"/consensus/{run.pk}/explorer/", f"/consensus/{run.pk}/beside/?with={other.pk}"]
    few = [queries_of(vera, path) for path in paths]
    assert max(few) <= 16
    long = a_decided_project(n_traces=60, n_steps=4, slug="long")
    more, another = run_consensus(long, policy="posterior"), run_consensus(long, policy="majority")
    paths = [f"/consensus/{more.pk}/explorer/", f"/consensus/{more.pk}/beside/?with={another.pk}"]
    assert [queries_of(vera, path) for path in paths] == few


def test_the_api_tells_the_same(project: Project, run: Run, vera: Client) -> None:
    told = vera.get(f"/api/runs/{run.pk}/exploration/").json()
    assert told["detail"]["curve"] == Exploration.objects.get(run=run).detail["curve"]
    assert vera.get(f"/api/runs/{run.pk}/beside/").status_code == 422
    other = run_consensus(project, policy="majority")
    beside = vera.get(f"/api/runs/{run.pk}/beside/?with={other.pk}").json()
    assert (beside["left_run"], beside["right_run"], beside["n"]) == (run.pk, other.pk, run.consensus.count())
    assert sum(cell["n"] for cell in beside["cells"]) == beside["n"]
    assert vera.get(f"/api/runs/{run.pk}/beside/?with=0").status_code == 400
    decision = next(one for one in run.consensus.order_by("pk") if len(one.spoke) > 2)
    evidence = vera.get(f"/api/decisions/{decision.pk}/evidence/").json()
    assert sorted(evidence["spoke"]) == sorted(decision.spoke)
    lines = evidence["ledger"]["lines"]
    assert {"prior", "rollouts", "judge/careful@v1"} <= {line["name"] for line in lines}
    assert sum(line["share"] for line in lines) == pytest.approx(1.0)
    assert all(0 <= line["without"] <= 1 for line in lines)
