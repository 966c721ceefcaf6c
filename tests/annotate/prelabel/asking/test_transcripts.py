from __future__ import annotations

import pytest

from annotate.enums import FinishReason, RaterKind, RunKind, UnitState
from annotate.models import Completion, Project, Run, Trace, Unit
from annotate.prelabel.asking.transcripts import MOST_SHOWN, exchanges_about
from tests.factories import a_criterion, a_label, a_project, a_rater, a_trace

pytestmark = pytest.mark.django_db

SHARED, OWN = "a" * 64, "b" * 64


@pytest.fixture
def project() -> Project:
    return a_project(slug="words")


@pytest.fixture
def run(project: Project) -> Run:
    criterion = a_criterion(project, "recoverable")
    rater = a_rater(project, RaterKind.ROLLOUT, name="rollout/scan@1")
    return Run.objects.create(
        project=project, kind=RunKind.PRELABEL, name="rollout/scan", criterion=criterion, rater=rater
    )


def a_unit(run: Run, trace: Trace, **findings: object) -> Unit:
    return Unit.objects.create(run=run, trace=trace, state=UnitState.DONE, findings=findings)


def answered(unit: Unit, digest: str, sample: int, about: int | None, text: str = "so 4") -> None:
    Completion.objects.create(
        run=unit.run,
        unit=unit,
        digest=digest,
        sample=sample,
        about=about,
        purpose="rollout",
        text=text,
        finish_reason=FinishReason.STOP,
    )


def test_exchanges_are_in_order_with_the_outcomes_the_label_kept(run: Run, project: Project) -> None:
    trace = a_trace(project, n_steps=2)
    unit = a_unit(run, trace)
    for sample in (2, 0, 1):
        answered(unit, OWN, sample, about=1)
    answered(unit, SHARED, 0, about=None)
    assert run.rater is not None
    a_label(
        run.rater,
        trace.steps.get(position=1),
        "good",
        criterion_key="recoverable",
        run=run,
        evidence={"question": OWN, "outcomes": "rw"},
    )
    (exchange,) = exchanges_about(run, trace, 1)
    assert [reply.completion.sample for reply in exchange.replies] == [0, 1, 2]
    assert [reply.outcome for reply in exchange.replies] == ["right", "wrong", ""]
    (about_all,) = exchanges_about(run, trace, None)
    assert about_all.digest == SHARED
    assert exchanges_about(run, trace, 0) == []


def test_answers_another_trace_paid_for_are_found_by_the_question(run: Run, project: Project) -> None:
    payer, other = a_trace(project), a_trace(project)
    answered(a_unit(run, payer), SHARED, 0, about=0)
    silence = {"position": 0, "reason": "unclear", "evidence": {"question": SHARED, "outcomes": "t"}}
    a_unit(run, other, silences=[silence])
    (exchange,) = exchanges_about(run, other, 0)
    assert exchange.replies[0].outcome == "truncated"


def test_what_is_not_shown_is_counted(run: Run, project: Project) -> None:
    trace = a_trace(project)
    unit = a_unit(run, trace)
    for sample in range(MOST_SHOWN + 3):
        answered(unit, OWN, sample, about=0)
    (exchange,) = exchanges_about(run, trace, 0)
    assert (len(exchange.replies), exchange.left_out) == (MOST_SHOWN, 3)
