"""Read what a run decided, and what was said of its steps, as columns."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from annotate.consensus.evidence import counted_in, question_of, standing_of
from annotate.consensus.explore.columns import ACTIONS, NOTHING, ByteArray, Columns, coded
from annotate.consensus.explore.disputes import Division, Voices, by_fifth, by_word
from annotate.consensus.explore.places import Said
from annotate.consensus.readings import AFTER_FIRST_ERROR
from annotate.consensus.registry import POLICIES
from annotate.enums import RaterKind, Verdict
from annotate.models import Criterion, Label, Rater, Run, Trace
from annotate.stats.codes import BoolArray, IntArray

CHUNK = 10_000
# Who gives an opinion, in the order in which pages name them.
SPEAKERS = (RaterKind.PERSON, RaterKind.JUDGE, RaterKind.VERIFIER, RaterKind.ROLLOUT)


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """Where the steps of a run stand: the place of each in its trace, and what it and its trace are."""

    position: IntArray
    kinds: Sequence[str]
    length: IntArray
    outcomes: Sequence[str]
    models: Sequence[str]

    def divisions(self, trace: IntArray) -> list[Division]:
        """``trace`` is the number of each step's trace."""
        return [
            by_fifth(self.position, self.length[trace]),
            by_word("kind", self.kinds),
            by_word("outcome", [self.outcomes[one] for one in trace.tolist()]),
            by_word("model", [self.models[one] for one in trace.tolist()]),
        ]


@dataclass(frozen=True, slots=True, eq=False)
class Read:
    columns: Columns
    shape: Shape
    n_contested: int


def gives_risk(run: Run) -> bool:
    """Whether the probabilities of the run are those of the levels it decided."""
    policy = POLICIES.get(run.name)
    return policy is not None and policy.gives_risk


def read_run(run: Run) -> Read:
    """All decisions of a run, in the order in which they were made, with what gold says of their steps."""
    levels = _levels_of(run)
    step, trace, position = array("q"), array("q"), array("q")
    risk = array("d")
    actions: list[str] = []
    values: list[str] = []
    kinds: list[str] = []
    behind = array("b")
    knows_risk = gives_risk(run)
    rows = run.consensus.order_by("pk").values_list(
        *("step_id", "step__trace_id", "step__position", "step__kind", "action", "value"),
        *("probability", "reason"),
    )
    for pk, trace_pk, at, kind, action, value, probability, reason in rows.iterator(chunk_size=CHUNK):
        step.append(pk)
        trace.append(trace_pk)
        position.append(at)
        kinds.append(kind)
        actions.append(action)
        values.append(value)
        is_known = knows_risk and probability is not None
        risk.append(1 - probability if is_known else np.nan)
        behind.append(reason == AFTER_FIRST_ERROR.key)
    steps = np.array(step, dtype=np.int64)
    number, traces = _numbered(np.array(trace, dtype=np.int64))
    gold, n_contested = _gold(run, steps, levels)
    place = {action.value: code for code, action in enumerate(ACTIONS)}
    columns = Columns(
        levels,
        steps,
        number,
        np.fromiter((place[one] for one in actions), dtype=np.uint8, count=len(actions)),
        coded(values, levels),
        np.array(risk, dtype=np.float64),
        gold,
        np.array(behind, dtype=np.bool_),
    )
    return Read(columns, _shape(run, np.array(position, dtype=np.int64), kinds, traces), n_contested)


def _levels_of(run: Run) -> tuple[str, ...]:
    """Those of the question, lowest first, and what the run has kept besides."""
    question = question_of(run.criterion)
    used = run.consensus.order_by().values_list("value", flat=True).distinct()
    return (*question.levels, *sorted({value for value in used if value} - set(question.levels)))


def _numbered(trace: IntArray) -> tuple[IntArray, IntArray]:
    """Traces by the order in which they come, and their keys."""
    begins = np.diff(trace, prepend=-1) != 0
    return np.cumsum(begins, dtype=np.int64) - 1, trace[begins]


def _shape(run: Run, position: IntArray, kinds: Sequence[str], traces: IntArray) -> Shape:
    rows = Trace.objects.filter(project=run.project_id).values_list(
        "pk", "n_steps", "outcome", "source_model"
    )
    facts = {pk: (n, outcome or "", model) for pk, n, outcome, model in rows.iterator(chunk_size=CHUNK)}
    found = [facts[pk] for pk in traces.tolist()]
    return Shape(
        position,
        kinds,
        np.array([n for n, _, _ in found], dtype=np.int64),
        [outcome for _, outcome, _ in found],
        [model for _, _, model in found],
    )


def _gold(run: Run, steps: IntArray, levels: tuple[str, ...]) -> tuple[ByteArray, int]:
    """The level of each step's key; steps with two different keys have none and are counted."""
    keys: dict[int, set[str]] = defaultdict(set)
    labels = Label.objects.counted().filter(
        criterion=run.criterion_id, rater__kind=RaterKind.GOLD, step__trace__project=run.project_id
    )
    for pk, value in labels.values_list("step_id", "value").iterator(chunk_size=CHUNK):
        if value and value != Verdict.UNSURE:
            keys[pk].add(value)
    known = {pk: values.pop() for pk, values in keys.items() if len(values) == 1}
    gold = np.full(len(steps), NOTHING, dtype=np.uint8)
    if known:
        rows, codes = _rows_of(steps, list(known)), coded(list(known.values()), levels)
        gold[rows[rows >= 0]] = codes[rows >= 0]
    return gold, len(keys) - len(known)


def _rows_of(steps: IntArray, wanted: Sequence[int] | IntArray) -> IntArray:
    """The row of each wanted step, −1 for those that the run did not decide."""
    keys = np.asarray(wanted, dtype=np.int64)
    order = np.argsort(steps, kind="stable")
    at = np.minimum(np.searchsorted(steps, keys, sorter=order), len(steps) - 1)
    rows = order[at]
    return np.where(steps[rows] == keys, rows, -1)


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    """What was said by who may vote on the question: one entry per label on a step that the run decided."""

    row: IntArray
    rater: IntArray
    value: tuple[str, ...]
    raters: tuple[Rater, ...]
    left_out: tuple[str, ...]

    def voices(self, columns: Columns) -> Voices:
        kinds = tuple(kind.value for kind in SPEAKERS)
        kind_of = np.array([kinds.index(rater.kind) for rater in self.raters], dtype=np.int64)
        level = coded(self.value, columns.levels).astype(np.int64)
        is_clear = level != NOTHING
        return Voices(
            self.row[is_clear],
            kind_of[self.rater[is_clear]] if len(kind_of) else self.rater[is_clear],
            level[is_clear],
            kinds,
            columns.levels,
            len(columns),
        )

    def said(self, columns: Columns, position: IntArray) -> Said:
        level = coded(self.value, columns.levels)
        is_clear = level != NOTHING
        rows = self.row[is_clear]
        bad: BoolArray = level[is_clear] == columns.code_of(Verdict.BAD)
        return Said(self.rater[is_clear], columns.trace[rows], position[rows], bad)


def read_labels(
    run: Run, criterion: Criterion, columns: Columns, kinds: Collection[RaterKind] = SPEAKERS
) -> Spoken:
    """The labels that count by this criterion. Judges below the project's gate are left out, by name."""
    standing = standing_of(run.project)
    labels = counted_in(run.project, [criterion]).filter(rater__kind__in=list(kinds))
    step, rater = array("q"), array("q")
    values: list[str] = []
    rows: Any = labels.order_by().values_list("step_id", "rater_id", "value")
    for step_pk, rater_pk, value in rows.iterator(chunk_size=CHUNK):
        if rater_pk not in standing.distrusted:
            step.append(step_pk)
            rater.append(rater_pk)
            values.append(value)
    keys, code = np.unique(np.array(rater, dtype=np.int64), return_inverse=True)
    found = Rater.objects.in_bulk(keys.tolist())
    row = _rows_of(columns.step, np.array(step, dtype=np.int64)) if len(columns) else np.empty(0, np.int64)
    here = row >= 0
    return Spoken(
        row[here],
        code[here].astype(np.int64),
        tuple(value for value, is_here in zip(values, here.tolist(), strict=True) if is_here),
        tuple(found[key] for key in keys.tolist()),
        tuple(sorted(name for name, _ in standing.distrusted.values())),
    )
