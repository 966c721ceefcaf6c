from __future__ import annotations

import pytest

from annotate.enums import RaterKind, Role, RunState, UnitState
from annotate.measure.actions import record_audit
from annotate.models import Rater, Run, Unit
from annotate.prelabel.actions import open_run
from annotate.prelabel.audit.actions import audits_of
from annotate.prelabel.audit.counts import FamilyCounts
from annotate.prelabel.audit.kinds import PAIRS, TRACES
from annotate.prelabel.audit.probe import HELD
from tests.annotate.measure.pair_judges import an_audited_judge_of_pairs
from tests.factories import a_project, a_rater, a_trace
from tests.webapp.api.clients import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def judge() -> Rater:
    project = a_project(slug="sums", bob=Role.ANNOTATOR, vera=Role.VIEWER)
    a_trace(project)
    rater = open_run(project, strategy="judge/critique", backend="scripted:", rater_name="judge/one@1").rater
    run = audits_of(rater).get()
    counts = {name: FamilyCounts() for name in TRACES.families}
    counts["gold_solution"].add(HELD, "worked solution", "")
    facts = {"summary": {"families": {name: one.as_json() for name, one in counts.items()}}}
    Unit.objects.filter(run=run).update(state=UnitState.DONE, findings=facts)
    Run.objects.filter(pk=run.pk).update(state=RunState.DONE)
    run.refresh_from_db()
    record_audit(run)
    return rater


def test_judges_are_listed_with_their_rates_and_one_is_read_alone(judge):
    listed = signed_in("vera").get("/api/projects/sums/judges/").json()
    alone = signed_in("vera").get(f"/api/raters/{judge.pk}/audit/").json()

    assert listed == [alone]
    assert (alone["name"], alone["trust"], alone["is_running"]) == ("judge/one@1", "trusted", False)
    rates = {rate["name"]: rate for rate in alone["rates"]}
    assert (
        rates["gold_solution"]["value"],
        rates["gold_solution"]["n"],
        rates["gold_solution"]["wanted"],
    ) == (1, 1, 0.8)
    assert (rates["reworded"]["value"], rates["reworded"]["is_missed"]) == (None, False)


def test_who_labels_or_is_nobody_here_reads_no_audit(judge):
    assert signed_in("bob").get("/api/projects/sums/judges/").status_code == 403
    assert signed_in("bob").get(f"/api/raters/{judge.pk}/audit/").status_code == 403
    assert signed_in("dan").get(f"/api/raters/{judge.pk}/audit/").status_code == 404


def test_a_person_has_no_audit(judge):
    person = a_rater(judge.project, RaterKind.PERSON)

    assert signed_in("vera").get(f"/api/raters/{person.pk}/audit/").status_code == 400


def test_a_judge_of_pairs_answers_with_the_rates_of_its_kind(judge):
    rater = an_audited_judge_of_pairs(judge.project, gold_pair=(1, 3))
    report = signed_in("vera").get(f"/api/raters/{rater.pk}/audit/").json()
    assert (report["asked_about"], report["trust"]) == ("pair", "below")
    assert [rate["name"] for rate in report["rates"]] == list(PAIRS.families)
    (gold,) = [rate for rate in report["rates"] if rate["name"] == "gold_pair"]
    assert (gold["value"], gold["n"], gold["wanted"], gold["is_missed"]) == (0.25, 4, 0.8, True)
    assert signed_in("vera").get(f"/api/raters/{judge.pk}/audit/").json()["asked_about"] == "trace"
