"""Read what a run decided, and what was said of its steps, as columns."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from annotate.consensus.evidence import Standing, counted_in, question_of
from annotate.consensus.explore.columns import ACTIONS, NOTHING, ByteArray, Columns, coded
from annotate.consensus.explore.disputes import Division, Voices, by_fifth, by_word
from annotate.consensus.explore.places import Said
from annotate.consensus.guarantee import is_held_out
from annotate.consensus.readings import AFTER_FIRST_ERROR
from annotate.consensus.registry import POLICIES
from annotate.enums import RaterKind, Verdict
from annotate.models import Criterion, Label, Rater, Run, Trace
from annotate.stats.codes import BoolArray, FloatArray, IntArray

CHUNK = 10_000
UNREAD, LEARNT, HELD_OUT = "unread", "learnt", "held_out"
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


@dataclass(frozen=True, slots=True)
class Gold:
    """``use`` of the keys by the run: `UNREAD`, `LEARNT` (it has read those it is held against), or `HELD_OUT` from it.

    ``by_error``: a step is wrong where one of key and decision says bad and the other does not.
    """

    n_steps: int
    n_traces: int
    n_contested: int
    use: str
    by_error: bool


@dataclass(frozen=True, slots=True, eq=False)
class Read:
    """``gold`` says which keys the decisions are held against, ``tier`` (n,) holds the tiers, empty for none."""

    columns: Columns
    shape: Shape
    gold: Gold
    tier: Sequence[str]


def gives_risk(run: Run) -> bool:
    """Whether the probabilities of the run are those of the levels it decided."""
    policy = POLICIES.get(run.name)
    return policy is not None and policy.gives_risk


def read_run(run: Run) -> Read:
    """All decisions of a run, in the order in which they were made, with what gold says of their steps."""
    keys, numbers = array("q"), array("d")
    words: list[tuple[str, str, str, str]] = []
    behind = array("b")
    knows_risk = gives_risk(run)
    rows = run.consensus.order_by("pk").values_list(
        *("step_id", "step__trace_id", "step__position", "step__kind", "action", "value", "tier"),
        *("probability", "risk", "p_correct", "reason"),
    )
    for pk, trace, at, kind, action, value, tier, probability, risk, correct, reason in rows.iterator(
        chunk_size=CHUNK
    ):
        keys.extend((pk, trace, at))
        doubt = 1 - probability if risk is None and knows_risk and probability is not None else risk
        numbers.extend((np.nan if doubt is None else doubt, np.nan if correct is None else correct))
        words.append((kind, action, value, tier))
        behind.append(reason == AFTER_FIRST_ERROR.key)
    step, trace_pk, position = np.array(keys, dtype=np.int64).reshape(-1, 3).T
    risks, p_correct = np.array(numbers, dtype=np.float64).reshape(-1, 2).T
    number, traces = _numbered(trace_pk)
    levels = _levels_of(run, {value for _, _, value, _ in words})
    is_behind = np.array(behind, dtype=np.bool_)
    level = coded([value for _, _, value, _ in words], levels)
    believed, risks = _believed(level, risks, p_correct, number, is_behind, levels)
    keyed = _gold(run, step, number, traces, levels)
    by_error = bool(np.isfinite(p_correct).any())
    gold = _by_error(keyed.codes, believed, levels) if by_error else keyed.codes
    place = {action.value: code for code, action in enumerate(ACTIONS)}
    action_codes = np.fromiter((place[one] for _, one, _, _ in words), dtype=np.uint8, count=len(words))
    columns = Columns(levels, step.copy(), number, action_codes, level, believed, risks, gold, is_behind)
    shape = _shape(run, position.copy(), [kind for kind, _, _, _ in words], traces)
    told = Gold(keyed.n_steps, keyed.n_traces, keyed.n_contested, keyed.use, by_error)
    return Read(columns, shape, told, [tier for _, _, _, tier in words])


def _believed(
    level: ByteArray,
    risk: FloatArray,
    correct: FloatArray,
    trace: IntArray,
    behind: BoolArray,
    levels: tuple[str, ...],
) -> tuple[ByteArray, FloatArray]:
    """The most probable level of steps that were not kept, and the risks of those steps that have one at all.

    A step is sound with P(correct), the first error with what P(correct) loses at it, and otherwise behind the error;
    one that is most probably behind is offered at no risk.
    """
    begins = np.diff(trace, prepend=-1) != 0
    before = np.where(begins, 1.0, np.concatenate([[1.0], correct[:-1]]) if len(correct) else correct)
    chances = np.stack([correct, before - correct, 1 - before])
    is_told = (level == NOTHING) & np.isfinite(correct) & np.isfinite(before) & ~behind
    status = np.where(is_told, np.nan_to_num(chances).argmax(axis=0), -1)
    good, bad = (levels.index(one) if one in levels else NOTHING for one in (Verdict.GOOD, Verdict.BAD))
    believed = np.where(status == 0, good, np.where(status == 1, bad, level)).astype(np.uint8)
    return believed, np.where(behind | (status == 2), np.nan, risk)


def _by_error(gold: ByteArray, believed: ByteArray, levels: tuple[str, ...]) -> ByteArray:
    """Keys as a policy is to be held against that decides about errors alone: any two levels but bad are as one."""
    bad = levels.index(Verdict.BAD) if Verdict.BAD in levels else NOTHING
    is_sound = (gold != NOTHING) & (gold != bad) & (believed != NOTHING) & (believed != bad)
    return np.where(is_sound, believed, gold).astype(np.uint8)


def _levels_of(run: Run, used: set[str]) -> tuple[str, ...]:
    """Those of the question, lowest first, and what the run has kept besides."""
    question = question_of(run.criterion)
    return (*question.levels, *sorted(used - {""} - set(question.levels)))


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


@dataclass(frozen=True, slots=True, eq=False)
class _Keyed:
    codes: ByteArray
    n_steps: int
    n_traces: int
    n_contested: int
    use: str


def _gold(run: Run, steps: IntArray, number: IntArray, traces: IntArray, levels: tuple[str, ...]) -> _Keyed:
    """The level of each step's key, of the traces held out where the run has held some out.

    Steps with two different keys have none and are counted.
    """
    keys: dict[int, set[str]] = defaultdict(set)
    labels = Label.objects.counted().filter(
        criterion=run.criterion_id, rater__kind=RaterKind.GOLD, step__trace__project=run.project_id
    )
    for pk, value in labels.values_list("step_id", "value").iterator(chunk_size=CHUNK):
        if value and value != Verdict.UNSURE:
            keys[pk].add(value)
    known = {pk: values.pop() for pk, values in keys.items() if len(values) == 1}
    gold = np.full(len(steps), NOTHING, dtype=np.uint8)
    if known and len(steps):
        rows, codes = _rows_of(steps, list(known)), coded(list(known.values()), levels)
        gold[rows[rows >= 0]] = codes[rows >= 0]
    use = use_of_gold(run)
    if use == HELD_OUT:
        seed = int(run.settings.get("seed", 0))
        is_held = np.array([is_held_out(seed, pk) for pk in traces.tolist()], dtype=np.bool_)
        gold[~is_held[number]] = NOTHING
    is_known = gold != NOTHING
    return _Keyed(gold, int(is_known.sum()), len(np.unique(number[is_known])), len(keys) - len(known), use)


def use_of_gold(run: Run) -> str:
    guarantee = run.summary.get("learned", {}).get("guarantee", {})
    if guarantee.get("n_traces"):
        return HELD_OUT
    policy = POLICIES.get(run.name)
    return LEARNT if policy is not None and policy.prepare is not None else UNREAD


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
    run: Run,
    criterion: Criterion,
    columns: Columns,
    kinds: Collection[RaterKind],
    raters: Mapping[int, Rater],
    standing: Standing,
) -> Spoken:
    """The labels that count by this criterion. Judges below the project's gate are left out, by name.

    ``raters`` are all of the project.
    """
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
    row = _rows_of(columns.step, np.array(step, dtype=np.int64)) if len(columns) else np.empty(0, np.int64)
    here = row >= 0
    return Spoken(
        row[here],
        code[here].astype(np.int64),
        tuple(value for value, is_here in zip(values, here.tolist(), strict=True) if is_here),
        tuple(raters[key] for key in keys.tolist()),
        tuple(sorted(name for name, _ in standing.distrusted.values())),
    )
