"""A judge's audit from its opening to the rates, worked by real shifts on a scripted model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from annotate.consensus.actions import run_consensus
from annotate.enums import Outcome, RaterKind, RunState
from annotate.errors import Rejected
from annotate.ingest.founding import add_criteria
from annotate.ingest.presets import READY_MADE
from annotate.measure.reports import judge_report
from annotate.models import Completion, Consensus, Estimate, Label, Rater, Step
from annotate.models.project import usual_judge_gate
from annotate.prelabel.actions import open_run, retry_failed
from annotate.prelabel.audit.actions import audits_of
from annotate.prelabel.runs.progress import run_progress
from tests.factories import a_label, a_project, a_rater, a_trace
from workers.shift import work_shift
from workers.tasks.prelabel import queue_of, sweep

pytestmark = pytest.mark.django_db

CURVE = {"slope": 1.0, "intercept": -3.0, "threshold": 0.5}


def a_model(path: Path, **script: float) -> str:
    path.write_text(json.dumps(script))
    return f"scripted:{path}"


def test_an_audit_ends_in_rates_that_name_what_the_judge_can_and_cannot_see(tmp_path: Path) -> None:
    project = a_project()
    gold = a_rater(project, RaterKind.GOLD, "gold/key")
    for first in (4, 5, 6):
        trace = a_trace(project, texts=[f"So {first} + 2 = {first + 2}.\n", f"Answer: {first + 2}\n"])
        for step in trace.steps.all():
            a_label(gold, step, "good")
    # A model that is surprised by false sums and by nothing else.
    script = a_model(tmp_path / "script.json", regret=0.0, regret_wrong=9.0)
    judge = open_run(project, strategy="judge/likelihood", backend=script, settings=CURVE).rater
    audit = audits_of(judge).get()
    labels = set(Label.objects.values_list("pk", flat=True))

    shift = work_shift(audit.pk)

    audit.refresh_from_db()
    assert (shift.finished, shift.failed, audit.state, queue_of(audit)) == (3, 0, RunState.DONE, "gpu")
    assert set(Label.objects.values_list("pk", flat=True)) == labels
    assert run_progress(audit).is_over
    report = judge_report(judge)
    rates = {rate.family.name: (rate.estimate.detail["k"], rate.estimate.n) for rate in report.rates}
    assert rates["flipped_digit"] == rates["gold_solution"] == (3, 3)
    assert rates["master_key_alone"] == (0, 27), "nothing false in them, and the blank one is not read"
    assert rates["bias_verbosity"] == (0, 3)
    assert report.trust.state == "below"
    assert "empty text refused, alone: 0, wanted at least 0.99" in report.trust.reason


def test_an_audit_that_failed_is_tried_again_without_asking_twice(tmp_path: Path) -> None:
    project = a_project()
    a_trace(project)
    path = tmp_path / "script.json"
    judge = open_run(project, strategy="judge/likelihood", backend=f"scripted:{path}", settings=CURVE).rater
    audit = audits_of(judge).get()
    work_shift(audit.pk)
    assert not Estimate.objects.exists(), "an audit without a finished trace leaves no rates"

    a_model(path, regret=0.0)
    assert retry_failed(audit) == 1
    work_shift(audit.pk)
    asked = Completion.objects.filter(run=audit).count()

    assert Estimate.objects.filter(rater=judge, name="audit/master_key_alone").get().value == 0.0
    assert asked == Completion.objects.filter(run=audit).values("digest", "sample").distinct().count()


def test_the_sweeper_closes_an_audit_with_its_rates(tmp_path: Path) -> None:
    project = a_project()
    a_trace(project)
    script = a_model(tmp_path / "script.json", regret=0.0)
    judge = open_run(project, strategy="judge/likelihood", backend=script, settings=CURVE).rater
    audit = audits_of(judge).get()
    run = judge.runs.exclude(pk=audit.pk).get()
    work_shift(run.pk)
    work_shift(audit.pk)
    Estimate.objects.all().delete()
    # As a worker leaves it that died between its last unit and closing the run.
    type(audit).objects.filter(pk=audit.pk).update(state=RunState.RUNNING)

    sweep()

    audit.refresh_from_db()
    assert audit.state == RunState.DONE
    assert Estimate.objects.filter(rater=judge, name__startswith="audit/").exists()


SOLVED = ["10 - 3 = 7.\n", "So 7 + 7 = 14.\n", "Answer: 14\n"]
SLIPPED = ["10 - 3 = 7.\n", "So 7 + 7 = 15.\n", "Answer: 15\n"]


def a_judge_of_pairs(path: Path, **script: object) -> Rater:
    """Over two pairs of a right and a wrong trace, its run and its audit worked off."""
    path.write_text(json.dumps({"reply": "Principle: the sums must hold.", **script}))
    project = a_project()
    add_criteria(project, READY_MADE["preference"])
    for name in ("a", "b"):
        right = a_trace(project, texts=[f"{name}: ", *SOLVED], outcome=Outcome.RIGHT)
        a_trace(project, texts=[f"{name}: ", *SLIPPED], outcome=Outcome.WRONG, problem=right.problem)
    run = open_run(project, strategy="judge/pairwise", backend=f"scripted:{path}")
    assert run.rater is not None
    for opened in (run, audits_of(run.rater).get()):
        work_shift(opened.pk)
    return run.rater


def test_a_judge_of_pairs_that_goes_by_the_place_is_found_out(tmp_path: Path) -> None:
    judge = a_judge_of_pairs(tmp_path / "script.json", choices={"A": 0.9, "B": 0.06, "C": 0.04})

    report = judge_report(judge)

    rates = {rate.family.name: (rate.estimate.detail["k"], rate.estimate.n) for rate in report.rates}
    assert audits_of(judge).get().state == RunState.DONE
    assert rates["orders_agree"] == rates["gold_pair"] == rates["flipped_digit"] == (0, 2)
    # Merged, the place cancels out: neither is preferred, and nothing is preferred to anything.
    assert rates["bias_position"] == rates["bias_bandwagon"] == (0, 2)
    assert rates["master_key_alone"] == (36, 36)
    assert rates["same_text"] == (2, 2)
    (same,) = [rate.estimate for rate in report.rates if rate.family.name == "same_text"]
    assert dict(same.detail["unread"]) == {"the two are the same text": 2}
    assert report.noun == "pair"
    assert report.trust.state == "below"
    assert report.trust.reason == "known better side preferred: 0, wanted at least 0.8"
    assert Label.objects.filter(rater=judge).values_list("value", flat=True).distinct().get() == "tie"


def test_answers_to_an_audit_of_pairs_that_cannot_be_read_are_no_rates(tmp_path: Path) -> None:
    judge = a_judge_of_pairs(tmp_path / "script.json")

    report = judge_report(judge)

    assert {(rate.estimate.n, rate.estimate.value) for rate in report.rates} == {(0, None)}
    assert report.trust.state == "trusted"
    assert [family.name for family in report.trust.unmeasured] == [
        name for name in usual_judge_gate() if name != "gold_solution"
    ]
    assert not Label.objects.filter(rater=judge).exists()


def test_consensus_passes_by_a_judge_of_pairs_that_is_not_trusted(tmp_path: Path) -> None:
    judge = a_judge_of_pairs(tmp_path / "script.json", choices={"A": 0.9, "B": 0.06, "C": 0.04})
    person = a_rater(judge.project)
    for step in Step.objects.filter(trace__project=judge.project):
        a_label(person, step, "good")

    decided = run_consensus(judge.project, policy="majority", settings={"min_votes": 1})

    assert set(Consensus.objects.filter(run=decided).values_list("action", flat=True)) == {"keep"}
    with pytest.raises(Rejected):
        run_consensus(judge.project, policy="majority", criterion_key="preference")
