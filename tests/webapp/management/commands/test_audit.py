from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from annotate.enums import RunState, UnitState
from annotate.measure.actions import record_audit
from annotate.models import Project, Rater, Run, Unit
from annotate.prelabel.actions import open_run
from annotate.prelabel.audit.actions import audits_of
from annotate.prelabel.audit.counts import FamilyCounts
from annotate.prelabel.audit.kinds import TRACES
from annotate.prelabel.audit.probe import HELD, Result
from tests.annotate.measure.pair_judges import an_audited_judge_of_pairs
from tests.factories import a_project, a_trace

pytestmark = pytest.mark.django_db


def run_command(*arguments: str) -> str:
    out = StringIO()
    call_command("audit", *arguments, stdout=out)
    return " ".join(out.getvalue().split())


@pytest.fixture
def project() -> Project:
    project = a_project(slug="sums")
    for _ in range(3):
        a_trace(project)
    return project


@pytest.fixture
def judge(project: Project) -> Rater:
    """A judge whose audit is over: three of four known solutions accepted, one verdict not read."""
    rater = open_run(project, strategy="judge/critique", backend="scripted:", rater_name="judge/one@1").rater
    run = audits_of(rater).get()
    counts = {name: FamilyCounts() for name in TRACES.families}
    for result in (HELD, HELD, HELD, Result("failed", "wrong"), Result("unread", "cut off")):
        counts["gold_solution"].add(result, "worked solution", "")
    facts = {"summary": {"families": {name: one.as_json() for name, one in counts.items()}}}
    Unit.objects.filter(run=run).update(state=UnitState.DONE)
    Unit.objects.filter(pk=run.units.first().pk).update(findings=facts)
    Run.objects.filter(pk=run.pk).update(state=RunState.DONE)
    run.refresh_from_db()
    record_audit(run)
    return rater


def test_a_project_without_judges_says_so(project):
    assert run_command("sums") == "sums has no judge yet. The first run of one opens its audit."


def test_a_judge_whose_audit_waits_is_one_line(project):
    open_run(project, strategy="judge/critique", backend="scripted:", rater_name="judge/one@1")
    out = StringIO()
    call_command("audit", "sums", stdout=out)
    assert out.getvalue() == ("judge/one@1: not audited yet (an audit over 3 traces waits for a worker)\n")


def test_the_table_shows_rates_the_gate_and_what_is_missing(judge):
    printed = run_command("sums")

    assert "judge/one@1: below the gate: known solution accepted: 0.75, wanted at least 0.8" in printed
    assert "0.75 (0.30–0.95) 4 Known solution accepted; gate 0.8, missed; 1 not read" in printed
    assert "– 0 Planted error found; no trace was finished" in printed


def test_json_keeps_unknown_as_null(judge):
    answer = json.loads(run_command("sums", "--json"))

    (report,) = answer["judges"]
    assert (report["rater"], report["trust"]) == ("judge/one@1", "below")
    assert report["rates"]["gold_solution"]["value"] == 0.75
    assert (report["rates"]["reworded"]["value"], report["rates"]["reworded"]["n"]) == (None, 0)
    assert answer["gate"]["gold_solution"] == 0.8


def test_the_gate_is_replaced_and_applies_at_once(project, judge):
    printed = run_command("sums", "--gate", "gold_solution=0.7", "--gate", "reworded=")

    assert "judge/one@1: trusted" in printed
    assert Project.objects.get(slug="sums").judge_gate == {"gold_solution": 0.7}


@pytest.mark.parametrize("pair", ["gold_solution", "gold_solution=much", "gold_solution=2", "charm=0.5"])
def test_a_gate_that_means_nothing_is_refused(project, judge, pair):
    before = project.judge_gate
    with pytest.raises(CommandError):
        run_command("sums", "--gate", pair)
    assert Project.objects.get(slug="sums").judge_gate == before


def test_a_judge_is_audited_again_over_as_many_traces_as_asked(judge):
    printed = run_command("sums", "--judge", "judge/one@1", "--traces", "2", "--votes", "3")

    run = audits_of(judge).first()
    assert f"Audit {run.pk} of judge/one@1 is with the workers." in printed
    assert (run.units.count(), run.settings["votes"]) == (2, 3)
    with pytest.raises(CommandError, match="under way"):
        run_command("sums", "--judge", "judge/one@1")


def test_an_unknown_judge_is_named(judge):
    with pytest.raises(CommandError, match="judge/two@1"):
        run_command("sums", "--judge", "judge/two@1")


def test_measuring_prints_labels_and_leaves_audits_to_this_command(judge):
    out = StringIO()
    call_command("measure", "sums", stdout=out)
    assert "Known solution accepted" not in out.getvalue()


def test_a_judge_of_pairs_is_shown_with_the_rates_of_its_kind(project):
    rater = an_audited_judge_of_pairs(project, gold_pair=(1, 3), orders_agree=(2, 2))
    printed = run_command("sums")
    assert f"{rater}: below the gate: known better side preferred: 0.25, wanted at least 0.8" in printed
    assert "0.50 (0.15–0.85) 4 Same preference in both orders" in printed
    assert "Known solution accepted" not in printed
    assert "no pair was finished" in printed

    report = json.loads(run_command("sums", "--json"))["judges"][0]
    assert (report["asked_about"], report["trust"]) == ("pair", "below")
    assert report["rates"]["gold_pair"]["wanted"] == 0.8

    printed = run_command("sums", "--judge", rater.name, "--traces", "2", "--gate", "gold_pair=0.2")
    assert f"{rater}: trusted (an audit over 2 pairs waits for a worker)" in printed
