"""Workers that die at any moment leave a run that ends as if nothing had happened."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from annotate.enums import RunState, UnitState
from annotate.models import Completion, Label, Project, Run, Unit
from annotate.prelabel.actions import cancel_run, open_run
from annotate.prelabel.queries import run_progress
from tests.factories import a_project, a_trace
from tests.paths import REPOSITORY
from tests.services import RABBITMQ, REDIS
from tests.workers.site import Site, a_script, a_site
from workers.shift import work_shift

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

# As sites have them: a folder beside SQLite, a broker beside PostgreSQL (tests/test_postgres.py).
BROKERS = (
    [
        pytest.param(REDIS.address, id="redis", marks=pytest.mark.needs_redis),
        pytest.param(RABBITMQ.address, id="rabbitmq", marks=pytest.mark.needs_rabbitmq),
    ]
    if os.environ.get("GRADUS_TEST_DATABASE") == "postgres"
    else [pytest.param("filesystem://", id="folder")]
)
POLICY = REPOSITORY / "fixtures" / "models" / "policy"


@pytest.fixture(params=BROKERS)
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    with a_site(tmp_path / "site", request.param) as site:
        yield site


@pytest.fixture
def folder_site(tmp_path: Path) -> Iterator[Site]:
    with a_site(tmp_path / "site") as site:
        yield site


def a_corpus(n_traces: int) -> Project:
    """Traces of five steps; every tenth tells the same story as the one before it, and so asks the same questions."""
    project = a_project()
    for i in range(n_traces):
        story = i - 1 if i % 10 == 9 else i
        texts = [*(f"Story {story}, thought {step}.\n" for step in range(4)), "Answer: 42"]
        problem = a_trace(project, texts=texts).problem
        problem.text = f"What came of story {story}?"
        problem.save(update_fields=["text"])
    return project


def a_run(project: Project, backend: str, name: str, **settings: Any) -> Run:
    return open_run(project, strategy="rollout/scan", backend=backend, settings=settings, rater_name=name)


def labels_of(run: Run) -> list[tuple[Any, ...]]:
    facts = ("step__trace", "step__position", "value", "score", "text", "distribution", "evidence")
    return list(Label.objects.live().filter(run=run).order_by("step").values_list(*facts))


def completions_of(run: Run) -> list[tuple[Any, ...]]:
    facts = (
        "digest",
        "sample",
        "about",
        "purpose",
        "text",
        "finish_reason",
        "sampling",
        "scores",
        "logprob",
        "error",
    )
    return list(Completion.objects.filter(run=run).order_by("digest", "sample").values_list(*facts))


def findings_of(run: Run) -> list[tuple[Any, ...]]:
    return list(Unit.objects.filter(run=run).order_by("trace").values_list("trace", "state", "findings"))


def state_of(run: Run) -> str:
    return str(Run.objects.values_list("state", flat=True).get(pk=run.pk))


def kill_in_the_middle(site: Site, run: Run, dice: random.Random) -> None:
    """Kill the worker once it has paid for some more completions, or has just claimed, whichever the dice say."""
    before = Completion.objects.filter(run=run).count()
    wanted = before + dice.choice((0, 1, 40, 150))
    site.start_worker()
    site.wait_until(
        lambda: (
            (run_progress(run).workers != () and Completion.objects.filter(run=run).count() >= wanted)
            or state_of(run) == RunState.DONE
        )
    )
    site.kill()


def test_a_run_killed_again_and_again_ends_like_an_undisturbed_one(site: Site, tmp_path: Path) -> None:
    project = a_corpus(60)
    settings = {"k": 8, "seed": 5}
    calm = a_run(project, a_script(tmp_path / "calm.json", success=0.2), "rollout/calm@1", **settings)
    slow_script = a_script(tmp_path / "slow.json", success=0.2, sleeps=400, seconds=0.1)
    shaken = a_run(project, slow_script, "rollout/shaken@1", **settings)
    work_shift(calm.pk)
    assert state_of(calm) == RunState.DONE

    dice = random.Random(7)
    for _ in range(3):
        kill_in_the_middle(site, shaken, dice)
    was_unfinished = state_of(shaken) == RunState.RUNNING
    site.start_worker()
    site.wait_until(lambda: state_of(shaken) == RunState.DONE, seconds=90)

    assert was_unfinished
    assert Unit.objects.filter(run=shaken, attempts__gt=1).exists()
    assert labels_of(shaken) == labels_of(calm) != []
    assert findings_of(shaken) == findings_of(calm)
    # The table's key forbids a second row per (run, digest, sample); equal tables mean that none is missing or odd.
    assert completions_of(shaken) == completions_of(calm)


def workers_at(run: Run) -> int:
    return Unit.objects.filter(run=run).exclude(worker="").values("worker").distinct().count()


def test_two_workers_share_a_run(folder_site: Site, tmp_path: Path) -> None:
    # Several times what one worker takes at once: two batches of 64 samples, two samples a trace.
    project = a_corpus(256)
    calm = a_run(project, a_script(tmp_path / "calm.json", success=0.2), "rollout/calm@1")
    work_shift(calm.pk)
    # However busy the machine, no call ends before both have units of the run.
    both_are_there = tmp_path / "both"
    script = a_script(tmp_path / "slow.json", success=0.2, sleeps=400, seconds=90, until=both_are_there)
    shared = a_run(project, script, "rollout/shared@1")
    with a_site(folder_site.home) as second:
        second.prefix = folder_site.prefix
        folder_site.start_worker()
        second.start_worker()
        folder_site.wait_until(lambda: workers_at(shared) == 2, seconds=90)
        both_are_there.touch()
        folder_site.wait_until(lambda: state_of(shared) == RunState.DONE, seconds=90)
    assert workers_at(shared) == 2
    assert labels_of(shared) == labels_of(calm)
    assert completions_of(shared) == completions_of(calm)


def test_a_worker_told_to_stop_hands_its_units_back_at_once(folder_site: Site, tmp_path: Path) -> None:
    script = a_script(tmp_path / "slow.json", success=0.2, sleeps=400, seconds=0.3)
    run = a_run(a_corpus(40), script, "rollout/slow@1")
    folder_site.start_worker()
    folder_site.wait_until(lambda: Completion.objects.filter(run=run).exists())
    assert folder_site.terminate() == 0
    assert not Unit.objects.filter(run=run, state=UnitState.RUNNING).exists()
    assert Unit.objects.filter(run=run, state=UnitState.PENDING).exists()


def test_a_cancelled_run_stops_between_two_batches(folder_site: Site, tmp_path: Path) -> None:
    script = a_script(tmp_path / "slow.json", success=0.2, sleeps=400, seconds=0.3)
    run = a_run(a_corpus(60), script, "rollout/slow@1")
    folder_site.start_worker()
    folder_site.wait_until(lambda: Completion.objects.filter(run=run).exists())
    cancel_run(run)
    folder_site.wait_until(lambda: state_of(run) == RunState.CANCELLED, seconds=10)
    assert not Unit.objects.filter(run=run, state__in=(UnitState.PENDING, UnitState.RUNNING)).exists()


def a_model(folder: Path) -> Path:
    """The shipped policy or, in a checkout without it, a random model written to ``folder``."""
    pytest.importorskip("torch", reason="local models are not installed")
    if POLICY.is_dir():
        return POLICY
    from tests.workers.backends.tiny import write_model

    return write_model(folder)


def test_a_real_model_killed_in_the_middle_says_the_same(folder_site: Site, tmp_path: Path) -> None:
    folder = a_model(tmp_path / "tiny")
    project = a_project()
    for i in range(12):
        a_trace(project, texts=[f"{i} + 2 = {i + 2}.\n", f"{i + 2} + 40 = {i + 42}.\n", f"Answer: {i + 42}"])
    calm = a_run(project, f"transformers:{folder}", "rollout/calm@1", k=4, max_tokens=48)
    shaken = a_run(project, f"transformers:{folder}", "rollout/shaken@1", k=4, max_tokens=48)
    work_shift(calm.pk)
    assert state_of(calm) == RunState.DONE
    kill_in_the_middle(folder_site, shaken, random.Random(1))
    assert state_of(shaken) == RunState.RUNNING
    folder_site.start_worker()
    folder_site.wait_until(lambda: state_of(shaken) == RunState.DONE, seconds=90)
    assert labels_of(shaken) == labels_of(calm)
    assert findings_of(shaken) == findings_of(calm)
    assert completions_of(shaken) == completions_of(calm) != []
