"""From rows to what a strategy may know: the trace or the pair, its problem, and the rubric it is asked by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db.models import prefetch_related_objects

from annotate.enums import Scope, StepKind
from annotate.ingest.boundaries import prefix_before
from annotate.models import Criterion, Label, Pair, Run, Trace, Unit
from annotate.prelabel.contracts import CriterionTask, LevelTask, PairTask, StepTask, Task, TraceTask

# What one rater says about the steps of one trace by one criterion: level keys by step position.
_Verdicts = Mapping[int, str]
_ALWAYS_BAD = "bad"


def task_of(unit: Unit) -> Task:
    """What a strategy may know about the trace or the pair of ``unit``."""
    return tasks_of(unit.run, [unit])[0]


def tasks_of(run: Run, units: Sequence[Unit]) -> list[Task]:
    """The tasks of units of ``run``, in order.

    Units that ``claim_units`` returned cost one query here where the run's settings name a ``hint_rater``, else none
    but the first time, when the rubric is read.
    """
    prefetch_related_objects([run], "criterion__rubric__criteria__levels")
    criteria = {criterion.pk: _criterion_task(criterion) for criterion in run.criterion.rubric.criteria.all()}
    hints = _hints(run, [unit.trace for unit in units if unit.trace is not None])
    preferences = _preferences(run, [unit.pair for unit in units if unit.pair is not None])
    own, places = criteria[run.criterion_id], _places(run)
    tasks: list[Task] = []
    for unit in units:
        if unit.trace is not None:
            hint, chosen = hints.get(unit.trace.pk), places.get(unit.trace.pk, frozenset())
            tasks.append(_trace_task(unit.trace, own, tuple(criteria.values()), hint, chosen))
        else:
            assert unit.pair is not None
            tasks.append(_pair_task(unit.pair, own, preferences.get(unit.pair.pk)))
    return tasks


def _trace_task(
    trace: Trace,
    criterion: CriterionTask,
    criteria: tuple[CriterionTask, ...],
    hint: int | None,
    places: frozenset[int],
) -> TraceTask:
    return TraceTask(
        problem=trace.problem.text,
        steps=tuple(StepTask(step.position, step.text, step.kind, step.meta) for step in trace.steps.all()),
        reference_answer=trace.problem.reference_answer,
        reference_solution=trace.problem.reference_solution,
        outcome=trace.outcome,
        criterion=criterion,
        criteria=criteria,
        first_error_hint=hint,
        places=places,
        meta={**trace.problem.meta, **trace.meta},
    )


def _places(run: Run) -> dict[int, frozenset[int]]:
    """Positions by trace, from a setting of lines TRACE:STEP that its strategy has checked."""
    found: dict[int, set[int]] = {}
    for line in run.settings.get("places") or ():
        trace, _, step = line.partition(":")
        found.setdefault(int(trace), set()).add(int(step) - 1)
    return {trace: frozenset(positions) for trace, positions in found.items()}


def _pair_task(pair: Pair, criterion: CriterionTask, preference: str | None) -> PairTask:
    outcomes: tuple[str | None, str | None] = (None, None)
    if pair.left_trace is not None and pair.right_trace is not None:
        problem = pair.left_trace.problem
        prefix, left, right = "", pair.left_trace.text, pair.right_trace.text
        outcomes = (pair.left_trace.outcome, pair.right_trace.outcome)
    else:
        assert pair.left_step is not None
        assert pair.right_step is not None
        problem = pair.left_step.trace.problem
        prefix = prefix_before(pair.left_step)
        left, right = pair.left_step.text, pair.right_step.text
    return PairTask(
        problem=problem.text,
        left=left,
        right=right,
        prefix=prefix,
        reference_answer=problem.reference_answer,
        criterion=criterion,
        left_outcome=outcomes[0],
        right_outcome=outcomes[1],
        preference_hint=preference,
    )


def _criterion_task(criterion: Criterion) -> CriterionTask:
    levels = (
        LevelTask(level.key, level.title, level.description, level.score) for level in criterion.levels.all()
    )
    return CriterionTask(
        key=criterion.key,
        title=criterion.title,
        description=criterion.description,
        scope=criterion.scope,
        kind=criterion.kind,
        weight=criterion.weight,
        levels=tuple(levels),
    )


def _hints(run: Run, traces: Sequence[Trace]) -> dict[int, int | None]:
    """Where the rater that the run listens to places the first error of each trace.

    Where that rater speaks by several criteria, the run's own comes first, then the rubric's in their order.
    """
    name = run.settings.get("hint_rater")
    if not name or not traces:
        return {}
    rows = Label.objects.counted().filter(
        rater__project=run.project_id,
        rater__name=name,
        criterion__rubric=run.criterion.rubric_id,
        criterion__scope=Scope.STEP,
        step__trace__in=traces,
    )
    said: dict[tuple[int, int], dict[int, str]] = {}
    for trace_id, criterion_id, position, value in rows.values_list(
        "step__trace", "criterion", "step__position", "value"
    ):
        said.setdefault((trace_id, criterion_id), {})[position] = value
    criteria = [run.criterion_id, *(one.pk for one in run.criterion.rubric.criteria.all())]
    bad = {run.settings.get("bad") or _ALWAYS_BAD, _ALWAYS_BAD}
    hints: dict[int, int | None] = {}
    for trace in traces:
        spoken = [said[trace.pk, pk] for pk in criteria if (trace.pk, pk) in said]
        hints[trace.pk] = _first_error(trace, spoken[0], bad) if spoken else None
    return hints


def _preferences(run: Run, pairs: Sequence[Pair]) -> dict[int, str]:
    """What the rater that the run listens to says of each pair by the run's criterion."""
    name = run.settings.get("hint_rater")
    if not name or not pairs:
        return {}
    rows = Label.objects.counted().filter(
        rater__project=run.project_id, rater__name=name, criterion=run.criterion_id, pair__in=pairs
    )
    return dict(rows.values_list("pair", "value"))


def _first_error(trace: Trace, verdicts: _Verdicts, bad: set[str]) -> int | None:
    """Index of the first step called bad; -1 when none is and the last own step was judged; else unknown."""
    steps = list(trace.steps.all())
    for index, step in enumerate(steps):
        if verdicts.get(step.position) in bad:
            return index
    own = [step.position for step in steps if step.kind != StepKind.OBSERVATION]
    return -1 if own and own[-1] in verdicts else None
