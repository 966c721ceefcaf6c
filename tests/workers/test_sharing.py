"""Two worker processes at one run: no question is paid for twice, and a budget is one account."""

from __future__ import annotations

import json
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from annotate.enums import RunState
from annotate.models import Completion, Run, Unit
from annotate.prelabel.actions import open_run, raise_budget, retry_failed
from annotate.prelabel.contracts import Appetite
from tests.annotate.prelabel.worlds import traces_of
from tests.factories import a_project
from tests.workers.backends.server import Behaviour, serving
from tests.workers.site import a_script, a_site
from workers.shift import work_shift

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]


def questions(behaviour: Behaviour) -> Counter[tuple[str, int]]:
    """How often each (question, sample) was asked of the server; its seeds count samples up."""
    asked: Counter[tuple[str, int]] = Counter()
    for body in behaviour.seen:
        shape = json.dumps(
            {key: value for key, value in body.items() if key not in {"seed", "n"}}, sort_keys=True
        )
        asked.update((shape, body["seed"] + i) for i in range(body["n"]))
    return asked


def state_of(run: Run) -> str:
    return str(Run.objects.values_list("state", flat=True).get(pk=run.pk))


def workers_at(run: Run) -> int:
    return Unit.objects.filter(run=run).exclude(worker="").values("worker").distinct().count()


def work_together(run: Run, home: Path, both_are_there: threading.Event | None = None) -> None:
    """Two workers, until the run is over."""
    with a_site(home) as first, a_site(home) as second:
        second.prefix = first.prefix
        first.start_worker()
        second.start_worker()
        if both_are_there is not None:
            first.wait_until(lambda: workers_at(run) == 2)
            both_are_there.set()
        first.wait_until(lambda: Run.objects.get(pk=run.pk).is_over, seconds=120)


def test_two_workers_ask_no_question_twice(tmp_path: Path) -> None:
    project = a_project()
    traces_of(project, 24, 4)
    both_are_there = threading.Event()

    def held_back(body: dict[str, Any]) -> None:
        """However busy the machine, no answer is given before both workers have units."""
        both_are_there.wait(timeout=90)

    with serving(Behaviour(refuses=held_back)) as behaviour:
        settings: dict[str, Any] = {"k": 2, "sc_samples": 8}
        run = open_run(
            project,
            strategy="rollout/scan",
            backend=f"openai:{behaviour.url}?model=m&parallel=2&selftest=no",
            settings=settings,
        )
        work_together(run, tmp_path / "site", both_are_there)
        assert state_of(run) == RunState.DONE
        asked = questions(behaviour)
    assert workers_at(run) == 2
    assert set(asked.values()) == {1}
    assert len(asked) == Completion.objects.filter(run=run).count()
    # Eight attempts at each problem serve all four of its traces.
    assert Completion.objects.filter(run=run, about=None).count() == 24 * 8


def test_two_workers_spend_one_budget_and_go_on_once_it_is_raised(tmp_path: Path) -> None:
    project = a_project()
    traces_of(project, 60, 1)
    calm = open_run(project, strategy="rollout/scan", backend=a_script(tmp_path / "calm.json", success=0.2))
    work_shift(calm.pk)
    script = a_script(tmp_path / "slow.json", success=0.2, sleeps=400, seconds=0.2)
    run = open_run(project, strategy="rollout/scan", backend=script, budget_completions=400)

    work_together(run, tmp_path / "site")

    run.refresh_from_db()
    paid = Completion.objects.filter(run=run).count()
    assert run.state == RunState.CANCELLED
    assert run.error == f"The budget of 400 completions is spent ({paid} used). Raise it to go on."
    # Each of the two counts what it asks for itself, and learns of the other's batches once they are stored.
    assert 400 <= paid <= 400 + 2 * Appetite().samples
    before = set(Completion.objects.filter(run=run).values_list("pk", flat=True))
    raise_budget(run, completions=100_000)
    retry_failed(run)
    work_together(run, tmp_path / "site")
    assert state_of(run) == RunState.DONE
    # What was paid for stands; the rest is what an undisturbed run would have asked.
    assert before <= set(Completion.objects.filter(run=run).values_list("pk", flat=True))
    places = [set(Completion.objects.filter(run=one).values_list("digest", "sample")) for one in (run, calm)]
    assert places[0] == places[1]
