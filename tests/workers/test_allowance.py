from __future__ import annotations

from typing import Any

import pytest

from annotate.models import Run
from annotate.prelabel.actions import open_run
from annotate.prelabel.contracts import Answer, Completion
from tests.annotate.prelabel.worlds import traces_of
from tests.factories import a_project
from tests.workers.players import a_request
from workers.allowance import UNLIMITED, Allowance
from workers.store import RunStore

pytestmark = pytest.mark.django_db


def a_run(**limits: int) -> Run:
    project = a_project()
    traces_of(project, 1, 1)
    return open_run(project, strategy="rollout/scan", backend="scripted:none", **limits)  # type: ignore[arg-type]


def keep(store: RunStore, run: Run, n: int, *, first: int = 0, tokens: int = 10) -> None:
    request = a_request("a question", n)
    unit = run.units.get()
    store.keep(
        [
            Answer(
                unit.pk,
                request,
                request.digest,
                Completion("so", "stop", first + i, completion_tokens=tokens),
            )
            for i in range(n)
        ]
    )


def test_without_a_budget_there_is_no_limit_and_nothing_is_looked_up(
    django_assert_num_queries: Any,
) -> None:
    run = a_run()
    with django_assert_num_queries(0):
        allowance = Allowance(run, RunStore(run))
        assert (allowance.is_spent, allowance.samples(7)) == (False, UNLIMITED)


def test_completions_under_way_count_and_the_limit_is_met_exactly() -> None:
    run = a_run(budget_completions=10)
    store = RunStore(run)
    allowance = Allowance(run, store)
    assert [allowance.samples(under_way) for under_way in (0, 4, 10, 12)] == [10, 6, 0, 0]
    keep(store, run, 7)
    assert [allowance.samples(under_way) for under_way in (0, 2, 3)] == [3, 1, 0]
    keep(store, run, 3, first=7)
    assert (allowance.is_spent, allowance.samples(0)) == (True, 0)


def test_tokens_are_shared_out_by_what_a_sample_has_cost_so_far() -> None:
    run = a_run(budget_tokens=100)
    store = RunStore(run)
    allowance = Allowance(run, store)
    assert allowance.samples(0) > 1_000
    keep(store, run, 4, tokens=10)
    assert [allowance.samples(under_way) for under_way in (0, 5, 6)] == [6, 1, 0]
    # Less than one sample's worth is left: one more is asked for, for nothing else would ever end the run.
    keep(store, run, 5, first=4, tokens=11)
    assert [allowance.samples(under_way) for under_way in (0, 1)] == [1, 0]
    keep(store, run, 1, first=9, tokens=9)
    assert allowance.is_spent


def test_what_another_worker_stores_is_seen_with_the_next_look(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("workers.allowance.time.monotonic", lambda: now[0])
    run = a_run(budget_completions=10)
    mine, other = RunStore(run), RunStore(run)
    allowance = Allowance(run, mine)
    now[0] = 1.0
    keep(other, run, 5)
    keep(mine, run, 1, first=5)
    assert allowance.samples(0) == 4
