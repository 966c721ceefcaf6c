"""Every strategy from its name to a finished run: real tables, a real shift, a model or a script that answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from annotate.enums import CriterionKind, RunState, Scope, UnitState
from annotate.ingest.founding import create_rubric, use_rubric
from annotate.ingest.presets import PRM_VERDICTS, CriterionPreset, LevelPreset
from annotate.models import Completion, Label, Project, Run, Unit
from annotate.prelabel.actions import open_run
from annotate.prelabel.strategies import STRATEGIES
from tests.factories import a_pair, a_project, a_trace
from tests.paths import REPOSITORY
from workers.calibration import settings_beside
from workers.shift import work_shift

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

MODELS = REPOSITORY / "fixtures" / "models"
POLICY, JUDGE = f"transformers:{MODELS / 'policy'}", f"transformers:{MODELS / 'judge'}"
STORY = (
    "Kim has 62 books. Jan has twice as many as Kim. Tom has 54 fewer than Jan. How many books does Tom have?"
)
RIGHT = [
    "Step 1: Jan has twice as many as Kim, so 62 * 2 = 124.\n",
    "Step 2: Tom has 54 fewer than Jan, so 124 - 54 = 70.\n",
    "Answer: 70\n",
]
WRONG = [RIGHT[0], "Step 2: Tom has 54 fewer than Jan, so 124 - 54 = 60.\n", "Answer: 60\n"]
# What the small models were not made for is answered by a script; None: the strategy asks no model.
BACKENDS: dict[str, str | None] = {
    "judge/likelihood": JUDGE,
    "judge/critique": JUDGE,
}
SETTINGS: dict[str, dict[str, Any]] = {
    "judge/critique": {"dialect": "equation", "max_tokens": 64},
    "probe/implicit": {"reference_backend": JUDGE},
    "rollout/relative": {"k": 8, "k_low": 8, "k_mid": 8, "k_high": 8, "sc_samples": 8},
}


def levels(*keys: str) -> list[LevelPreset]:
    return [LevelPreset(key, key.title(), f"It is {key}.", "", float(at)) for at, key in enumerate(keys)]


def a_corpus() -> Project:
    """One right and one wrong trace of one problem, with all that any strategy reads, and a pair of the two."""
    project = a_project()
    pair = CriterionPreset(
        "preference", "Preference", "Which is better?", levels("left", "tie", "right"), Scope.PAIR
    )
    sides = [
        CriterionPreset(
            key, key.title(), f"How much {key}?", levels("low", "high"), kind=CriterionKind.ORDINAL
        )
        for key in ("confidence", "relevance", "coherence")
    ]
    use_rubric(project, create_rubric(project, name="All", criteria=(*PRM_VERDICTS, pair, *sides)))
    right = a_trace(project, texts=RIGHT)
    problem = right.problem
    problem.text, problem.reference_answer, problem.reference_solution = STORY, "70", "".join(RIGHT)
    problem.save()
    a_pair(right, a_trace(project, texts=WRONG, problem=problem))
    return project


def a_backend(name: str, folder: Path) -> str:
    if not STRATEGIES[name].needs_backend:
        return ""
    if name in BACKENDS:
        return BACKENDS[name] or ""
    if name.startswith(("rollout/", "probe/")):
        return POLICY
    script = folder / "script.json"
    script.write_text(json.dumps({"name": "script", "reply": "I could not say."}))
    return f"scripted:{script}"


def a_run(project: Project, name: str, folder: Path, rater: str) -> Run:
    backend = a_backend(name, folder)
    settings = {**settings_beside(name, backend), **SETTINGS.get(name, {})}
    is_about_pairs = STRATEGIES[name].task == "pair"
    return open_run(
        project,
        strategy=name,
        backend=backend,
        settings=settings,
        criterion_key="preference" if is_about_pairs else None,
        pairs=project.pairs.all() if is_about_pairs else None,
        rater_name=rater,
        audit=False,
    )


def said(run: Run) -> list[Any]:
    """Labels and silences, without what differs between two runs."""
    facts = ("step__position", "criterion__key", "value", "score", "distribution", "evidence")
    labels = Label.objects.filter(run=run).order_by("step", "trace", "pair", "criterion").values_list(*facts)
    findings = Unit.objects.filter(run=run).order_by("pk").values_list("findings", flat=True)
    return [list(labels), [found["silences"] for found in findings]]


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_goes_from_its_name_to_a_finished_run(name: str, tmp_path: Path) -> None:
    project = a_corpus()
    run = a_run(project, name, tmp_path, "first@1")
    work_shift(run.pk)
    run.refresh_from_db()
    assert run.state == RunState.DONE, run.error
    assert not Unit.objects.filter(run=run).exclude(state=UnitState.DONE).exists()
    labels, silences = said(run)
    assert labels or any(silences), "it looked and said nothing at all"
    if run.backend.startswith("scripted:"):
        assert not labels, "an answer that says nothing became a label"
    for completion in Completion.objects.filter(run=run):
        assert completion.model
        assert completion.sampling
    if name.startswith("rollout/"):
        assert labels
    again = a_run(project, name, tmp_path, "second@1")
    work_shift(again.pk)
    assert said(again) == [labels, silences]


@pytest.mark.parametrize("name", ["rollout/scan", "rollout/adaptive", "rollout/tree", "probe/confidence"])
def test_a_run_broken_off_and_taken_up_again_says_the_same(name: str, tmp_path: Path) -> None:
    project = a_corpus()
    calm = a_run(project, name, tmp_path, "calm@1")
    work_shift(calm.pk)
    broken = a_run(project, name, tmp_path, "broken@1")
    for patience in range(1, 60):
        asked = iter(range(patience))
        work_shift(broken.pk, should_stop=lambda asked=asked: next(asked, None) is None)  # type: ignore[misc]
        broken.refresh_from_db()
        if broken.is_over:
            break
    assert broken.state == RunState.DONE
    assert said(broken) == said(calm)
    count = Completion.objects.filter(run=calm).count()
    assert Completion.objects.filter(run=broken).count() == count
