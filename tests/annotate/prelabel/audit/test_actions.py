from __future__ import annotations

import pytest

from annotate.enums import Outcome, RaterKind, RunState
from annotate.errors import Conflict, Rejected
from annotate.ingest.founding import add_criteria
from annotate.ingest.presets import READY_MADE
from annotate.models import Label, Pair, Project, Rater, Run
from annotate.prelabel.actions import claim_units, finish_unit, open_run
from annotate.prelabel.audit.actions import audits_of, open_audit
from annotate.prelabel.audit.entry import AUDIT
from annotate.prelabel.contracts import Finding, Opinion, Silence
from annotate.prelabel.queries import evidence_of, task_of
from annotate.prelabel.strategies import AUDIT_ENTRY, STRATEGIES, strategy_called, strategy_of_run
from tests.factories import a_criterion, a_label, a_pair, a_pair_label, a_project, a_rater, a_trace

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return a_project()


def a_judge_run(project: Project, **fields: object) -> Run:
    return open_run(project, strategy="judge/critique", backend="scripted:", **fields)


def test_a_judges_first_run_brings_its_audit_and_later_ones_do_not(project):
    a_trace(project)

    first = a_judge_run(project)
    again = a_judge_run(project)

    (audit,) = audits_of(first.rater)
    assert again.rater == first.rater
    assert (audit.name, audit.backend, audit.criterion, audit.state) == (
        AUDIT,
        "scripted:",
        first.criterion,
        RunState.QUEUED,
    )
    assert audit.settings["judge"] == "judge/critique"
    assert audit.settings["judge_settings"] == first.settings


def test_who_is_no_judge_or_does_not_want_one_gets_no_audit(project):
    a_trace(project)

    open_run(project, strategy="verifier/arithmetic")
    open_run(project, strategy="rollout/scan", backend="scripted:")
    a_judge_run(project, audit=False)

    assert not Run.objects.filter(name=AUDIT).exists()


def test_an_audit_takes_traces_with_gold_first_and_the_same_ones_every_time(project):
    traces = [a_trace(project) for _ in range(30)]
    gold = a_rater(project, RaterKind.GOLD, "gold/key")
    known = traces[17:20]
    for trace in known:
        a_label(gold, trace.steps.get(position=0), "bad")
    rater = a_judge_run(project, audit=False).rater

    first = open_audit(rater, a_criterion(project), size=5)
    Run.objects.filter(pk=first.pk).update(state=RunState.DONE)
    second = open_audit(rater, a_criterion(project), size=5)

    chosen = [set(run.units.values_list("trace", flat=True)) for run in (first, second)]
    assert chosen[0] == chosen[1]
    assert len(chosen[0]) == 5
    assert {trace.pk for trace in known} < chosen[0]
    assert first.settings["hint_rater"] == "gold/key"


def test_the_judge_is_asked_about_what_gold_knows_without_being_told(project):
    trace = a_trace(project)
    a_label(a_rater(project, RaterKind.GOLD, "gold/key"), trace.steps.get(position=1), "bad")
    audit = audits_of(a_judge_run(project).rater).get()

    (unit,) = claim_units(audit, "worker", 10)
    task = task_of(unit)

    assert task.first_error_hint == 1
    asked = next(AUDIT_ENTRY.start(task, audit.settings))
    assert len(asked) > 20


def test_one_audit_at_a_time(project):
    a_trace(project)
    rater = a_judge_run(project).rater

    with pytest.raises(Conflict, match="under way"):
        open_audit(rater, a_criterion(project))
    assert audits_of(rater).count() == 1


@pytest.mark.parametrize("kind", [RaterKind.PERSON, RaterKind.JUDGE, RaterKind.ROLLOUT])
def test_only_judges_that_run_here_are_audited(project, kind):
    a_trace(project)

    with pytest.raises(Rejected) as refusal:
        open_audit(a_rater(project, kind), a_criterion(project))
    assert refusal.value.field == "rater"


def test_an_audit_neither_writes_nor_takes_back_labels_nor_hides_silences(project):
    trace = a_trace(project)
    run = a_judge_run(project)
    (unit,) = claim_units(run, "worker", 1)
    finish_unit(unit, Finding((Opinion(0, "good"),), (Silence(1, "cut off"),)))
    said = set(Label.objects.live().values_list("pk", flat=True))

    (unit,) = claim_units(audits_of(run.rater).get(), "worker", 1)
    assert finish_unit(unit, Finding(summary={"families": {}}))

    assert set(Label.objects.live().values_list("pk", flat=True)) == said
    assert [
        signal.reason for place in evidence_of(trace) for signal in place.signals if signal.value is None
    ] == ["cut off"]


def test_an_audit_is_run_but_not_started_by_name(project):
    a_trace(project)

    assert strategy_of_run(AUDIT) is AUDIT_ENTRY
    assert AUDIT not in STRATEGIES
    with pytest.raises(Rejected):
        strategy_called(AUDIT)
    with pytest.raises(Rejected):
        open_run(project, strategy=AUDIT, backend="scripted:")


@pytest.mark.parametrize("name", ["rollout/scan", "verifier/arithmetic", "judge/none"])
def test_settings_that_name_no_judge_are_refused(name):
    with pytest.raises(Rejected) as refusal:
        AUDIT_ENTRY.settings({"judge": name})
    assert refusal.value.field == "judge"


def test_a_rater_from_a_file_has_no_audit(project):
    a_trace(project)
    rater = Rater.objects.create(project=project, kind=RaterKind.JUDGE, name="elsewhere")

    with pytest.raises(Rejected, match="no judge that runs here"):
        open_audit(rater, a_criterion(project))


def pairs_of(project: Project, *outcomes: tuple[Outcome | None, Outcome | None]) -> list[Pair]:
    add_criteria(project, READY_MADE["preference"])
    made = []
    for left, right in outcomes:
        first = a_trace(project, outcome=left)
        made.append(a_pair(first, a_trace(project, problem=first.problem, outcome=right)))
    return made


def test_a_judge_of_pairs_is_audited_over_pairs_those_first_of_which_something_is_known(project):
    nothing = [(None, None), (Outcome.RIGHT, Outcome.RIGHT), (Outcome.RIGHT, None)] * 4
    pairs = pairs_of(project, *nothing, (Outcome.RIGHT, Outcome.WRONG), (Outcome.WRONG, Outcome.RIGHT))
    a_pair_label(a_rater(project, RaterKind.GOLD, "gold/key"), pairs[0], "tie")

    run = open_run(project, strategy="judge/pairwise", backend="scripted:")
    audit = audits_of(run.rater).get()
    assert (audit.criterion.key, audit.settings["hint_rater"]) == ("preference", "gold/key")
    assert audit.units.count() == len(pairs)
    assert set(audit.units.values_list("trace", flat=True)) == {None}

    Run.objects.filter(pk=audit.pk).update(state=RunState.DONE)
    fewer = open_audit(run.rater, audit.criterion, size=3)
    assert set(fewer.units.values_list("pair", flat=True)) == {pairs[0].pk, pairs[-1].pk, pairs[-2].pk}
    assert {unit.problem for unit in fewer.units.all()} == {
        pair.left_trace.problem for pair in (pairs[0], pairs[-1], pairs[-2])
    }


def test_a_pair_of_steps_is_audited_too(project):
    add_criteria(project, READY_MADE["preference"])
    left = a_trace(project)
    pair = a_pair(left.steps.get(position=1), a_trace(project, problem=left.problem).steps.get(position=1))
    run = open_run(project, strategy="judge/pairwise", backend="scripted:")
    (unit,) = claim_units(audits_of(run.rater).get(), "worker", 9)
    assert (unit.pair, unit.problem) == (pair, left.problem)
    assert len(next(AUDIT_ENTRY.start(task_of(unit), unit.run.settings))) > 20
