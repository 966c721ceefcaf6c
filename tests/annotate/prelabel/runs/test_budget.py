from __future__ import annotations

import pytest

from annotate.enums import RunState
from annotate.errors import Rejected
from annotate.models import Run
from annotate.prelabel import actions
from annotate.prelabel.contracts import Answer, Completion, Finding, Message, Request
from annotate.prelabel.queries import run_progress
from annotate.prelabel.runs.budget import Budget, budget_of
from tests.factories import a_project, a_trace

pytestmark = pytest.mark.django_db


def a_run(n_traces: int = 2, **limits: int) -> Run:
    project = a_project()
    for _ in range(n_traces):
        a_trace(project)
    return actions.open_run(project, strategy="verifier/arithmetic", **limits)


def pay(run: Run, n: int, *, prompt_tokens: int = 3, completion_tokens: int = 2) -> None:
    request = Request((Message("user", "?"),))
    owner = run.units.first()
    assert owner is not None
    answers = [
        Answer(
            owner.pk,
            request,
            request.digest,
            Completion("", "stop", i, prompt_tokens=prompt_tokens, completion_tokens=completion_tokens),
        )
        for i in range(n)
    ]
    actions.store_completions(run, answers)


@pytest.mark.parametrize(
    ("budget", "share", "note"),
    [
        (Budget(), None, ""),
        (Budget(100, None, 25, 9), 0.25, ""),
        (Budget(100, 10, 25, 9), 0.9, ""),
        (Budget(1000, None, 1240, 9), 1.24, "The budget of 1,000 tokens is spent (1,240 used)."),
        (Budget(100, 10, 25, 10), 1.0, "The budget of 10 completions is spent (10 used)."),
    ],
)
def test_the_scarcer_limit_counts(budget: Budget, share: float | None, note: str) -> None:
    assert budget.share == share
    assert budget.is_spent == bool(note)
    assert budget.note == (f"{note} Raise it to go on." if note else "")


def test_what_is_used_is_read_from_what_is_stored() -> None:
    run = a_run(budget_tokens=100, budget_completions=7)
    pay(run, 4)
    assert budget_of(run) == Budget(100, 7, 20, 4)
    assert run_progress(run).budget_share == pytest.approx(4 / 7)
    assert not actions.stop_if_spent(run)


def test_a_run_without_a_budget_is_never_spent() -> None:
    run = a_run()
    pay(run, 50)
    assert budget_of(run) == Budget()
    assert not actions.stop_if_spent(run)


def test_a_spent_run_hands_out_nothing_more_and_says_why() -> None:
    run = a_run(budget_completions=3)
    (held,) = actions.claim_units(run, "w1", 1)
    pay(run, 4)
    assert actions.stop_if_spent(run)
    assert actions.claim_units(run, "w2", 1) == []
    assert run_progress(run).note.startswith("The budget of 3 completions is spent (4 used).")
    actions.release_units(run, [held])
    assert actions.close_run_if_over(run)
    run.refresh_from_db()
    assert run.state == RunState.CANCELLED
    assert run.error == "The budget of 3 completions is spent (4 used). Raise it to go on."


def test_a_run_that_ends_on_its_last_completion_is_done() -> None:
    run = a_run(1, budget_completions=4)
    (unit,) = actions.claim_units(run, "w1", 1)
    pay(run, 4)
    actions.finish_unit(unit, Finding())
    assert actions.stop_if_spent(run)
    run.refresh_from_db()
    assert (run.state, run.error) == (RunState.DONE, "")


@pytest.mark.parametrize("field", ["budget_tokens", "budget_completions"])
def test_a_budget_of_nothing_is_refused(field: str) -> None:
    with pytest.raises(Rejected) as caught:
        a_run(**{field: 0})
    assert caught.value.field == field
    assert not Run.objects.exists()


def test_a_raised_budget_must_be_more_than_what_is_used() -> None:
    run = a_run(budget_tokens=10)
    pay(run, 4)
    with pytest.raises(Rejected, match="20 are used already") as caught:
        actions.raise_budget(run, tokens=20)
    assert caught.value.field == "budget_tokens"
    actions.raise_budget(run, tokens=21)
    run.refresh_from_db()
    assert (run.budget_tokens, run.budget_completions) == (21, None)
    actions.raise_budget(run, completions=5)
    run.refresh_from_db()
    assert (run.budget_tokens, run.budget_completions) == (21, 5)
