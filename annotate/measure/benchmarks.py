"""What a rater, or a file of predictions, says about a benchmark's own rows, held against its key.

The key is read from the benchmark's files; labels come from the project into which they were ingested, found by the
names their readers give them. Nothing is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from annotate.enums import Verdict
from annotate.errors import Conflict, Rejected
from annotate.ingest.json_files import objects_in
from annotate.models import Label, Project, Rater
from annotate.stats.prmbench import PrmBenchScore, Solution, prmbench_score
from annotate.stats.processbench import (
    NO_ERROR,
    Answer,
    ProcessBenchScore,
    best_threshold,
    first_below,
    processbench_score,
    subset_of,
)

THRESHOLD = 0.5
# ProcessBench's own rule: a threshold is chosen on this subset alone.
CHOSEN_ON = "gsm8k"
# Classes in which a step that adds nothing is an error.
NEUTRAL_IS_WRONG = ("redundency", "circular")


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of one solution: a first error, or a level or a score for each of its steps."""

    first_error: int | None = None
    levels: Sequence[str] = ()
    scores: Sequence[float] | None = None
    # PRMBench's own predictions: for each step whether it is needed.
    needed: Sequence[bool] | None = None


Sayings = Callable[[Sequence[str], int], Said | None]


def labels_of_rater(project: Project, rater: str, criterion: str = "verdict") -> Sayings:
    """What a rater of the project says, by the first of some names that one of its traces has.

    Raises ``Rejected`` for an unknown rater and ``Conflict`` for one without labels by the criterion.
    """
    found = Rater.objects.filter(project=project, name=rater).first()
    if found is None:
        raise Rejected(f"{project.slug} has no rater {rater!r}.", field="rater")
    labels = Label.objects.counted().filter(rater=found, criterion__key=criterion, step__retired_in=None)
    by_trace: dict[str, dict[int, tuple[str, float | None]]] = {}
    rows = labels.order_by("pk").values_list(
        "step__trace__external_id", "step__position", "value", "distribution"
    )
    for trace, position, value, distribution in rows.iterator(chunk_size=5000):
        if trace is not None:
            score = (distribution or {}).get(Verdict.GOOD.value)
            by_trace.setdefault(trace, {})[position] = (value, score)
    if not by_trace:
        raise Conflict(f"{rater} has no labels by {criterion}.")

    def say(names: Sequence[str], n_steps: int) -> Said | None:
        told = next((by_trace[name] for name in names if name in by_trace), None)
        if told is None:
            return None
        places = range(n_steps)
        scores = [told[place][1] if place in told else None for place in places]
        known = [score for score in scores if score is not None]
        return Said(
            levels=[told[place][0] if place in told else "" for place in places],
            scores=known if len(known) == n_steps else None,
        )

    return say


def predictions_in(file: Path) -> Sayings:
    """Rows by ``id`` (or ``idx``) with ``prediction`` (a first error, -1 for none), ``labels`` (1 or true: right) or
    ``scores``.

        PRMBench's own result files are read as well.
    """
    said: dict[str, Said] = {}
    for line, row in objects_in(file):
        name = row.get("id", row.get("idx"))
        if not isinstance(name, str):
            raise Rejected("a row needs an id or an idx", row=line, field="id")
        said.setdefault(name, _prediction(row, line))
    if not said:
        raise Rejected(f"{file.name} holds no prediction.", field="predictions")

    def say(names: Sequence[str], n_steps: int) -> Said | None:
        found = next((said[name] for name in names if name in said), None)
        for told in (found.levels, found.scores, found.needed) if found else ():
            if told and len(told) != n_steps:
                raise Rejected(
                    f"{names[0]} has {n_steps} steps and {len(told)} predictions.", field="predictions"
                )
        return found

    return say


def _prediction(row: Mapping[str, Any], line: int) -> Said:
    scores = row.get("scores")
    if isinstance(scores, Mapping):
        needed = scores.get("step_level_redundancy_labels")
        return Said(
            levels=_levels(scores.get("step_level_validity_labels", ()), line),
            # There a step is called redundant.
            needed=None if needed is None else [not one for one in needed],
        )
    if "prediction" in row:
        place = row["prediction"]
        if place is not None and (isinstance(place, bool) or not isinstance(place, int) or place < NO_ERROR):
            raise Rejected(
                "must be a step counted from 0, -1 for none, or null", row=line, field="prediction"
            )
        return Said(first_error=place)
    if "labels" in row:
        return Said(levels=_levels(row["labels"], line))
    if not isinstance(scores, list) or not all(_is_number(score) for score in scores):
        raise Rejected("needs a prediction, labels or scores", row=line, field="scores")
    return Said(scores=[float(score) for score in scores])


def _levels(labels: Any, line: int) -> list[str]:
    if not isinstance(labels, list) or not all(one in (0, 1) for one in labels):
        raise Rejected("must be a list of 0 and 1", row=line, field="labels")
    return [Verdict.GOOD.value if one else Verdict.BAD.value for one in labels]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def evaluate_processbench(
    files: Iterable[Path], say: Sayings, *, threshold: float | None = None, seed: int = 0
) -> tuple[ProcessBenchScore, float | None]:
    """The score, and the threshold where scores were turned into places.

    ``threshold`` None: levels and places are taken as they are; where there are scores alone, it is chosen on GSM8K.
    """
    keys = list(_processbench_rows(files))
    told = [(name, truth, say([name], n_steps)) for name, truth, n_steps in keys]
    only_scores = any(one and one.scores is not None and not one.levels for _, _, one in told)
    if threshold is None and only_scores:
        threshold = best_threshold(
            (truth, one.scores)
            for name, truth, one in told
            if subset_of(name) == CHOSEN_ON and one and one.scores is not None
        )
    answers = [Answer(subset_of(name), truth, _place(one, threshold)) for name, truth, one in told]
    return processbench_score(answers, seed=seed), threshold


def _place(said: Said | None, threshold: float | None) -> int | None:
    if said is None:
        return None
    if threshold is not None and said.scores is not None:
        return first_below(said.scores, threshold)
    if said.levels:
        return first_error_in(said.levels)
    return said.first_error


def first_error_in(levels: Sequence[str]) -> int | None:
    """The first step called bad, if everything before it is known; -1 if every step is known and none is; else None."""
    for place, level in enumerate(levels):
        if level == Verdict.BAD:
            return place
        if level not in (Verdict.GOOD, Verdict.NEUTRAL):
            return None
    return NO_ERROR


def _processbench_rows(files: Iterable[Path]) -> Iterator[tuple[str, int, int]]:
    """Name, place of the first error, number of steps."""
    for file in files:
        for line, row in objects_in(file):
            name, label, steps = row.get("id"), row.get("label"), row.get("steps")
            if not isinstance(name, str) or not isinstance(steps, list) or not isinstance(label, int):
                raise Rejected(f"{file.name}: this is no row of ProcessBench", row=line)
            yield name, label, len(steps)


def evaluate_prmbench(
    files: Iterable[Path], say: Sayings, *, threshold: float | None = None, seed: int = 0
) -> tuple[PrmBenchScore, float]:
    """The score, and the threshold for scores of steps (its own is 0.5)."""
    at = THRESHOLD if threshold is None else threshold
    solutions = []
    seen: set[str] = set()
    for file in files:
        for line, row in objects_in(file):
            names, kind, errors, n_steps = _prmbench_row(row, line, file)
            if names[0] not in seen:
                seen.add(names[0])
                said = say(names, n_steps)
                solutions.append(Solution(kind, errors, _says(said, kind, n_steps, at)))
    return prmbench_score(solutions, seed=seed), at


def _prmbench_row(
    row: Mapping[str, Any], line: int, file: Path
) -> tuple[list[str], str, frozenset[int], int]:
    idx, kind, steps = row.get("idx"), row.get("classification"), row.get("modified_process")
    errors = row.get("error_steps")
    if not isinstance(idx, str) or not isinstance(kind, str) or not isinstance(steps, list):
        raise Rejected(f"{file.name}: this is no row of PRMBench", row=line)
    if not isinstance(errors, list) or not all(isinstance(one, int) for one in errors):
        raise Rejected(
            f"{file.name}: error_steps must be a list of whole numbers", row=line, field="error_steps"
        )
    # They count from 1; one that names no step marks none, as in PRMBench itself.
    places = frozenset(one - 1 for one in errors if 1 <= one <= len(steps))
    own = [idx] if idx.startswith(kind) else []
    return [f"{kind}_{idx}", f"{kind}-{idx}", *own], kind, places, len(steps)


def _says(said: Said | None, kind: str, n_steps: int, threshold: float) -> list[bool | None]:
    if said is None:
        return [None] * n_steps
    is_strict = kind in NEUTRAL_IS_WRONG
    if is_strict and said.needed is not None:
        return list(said.needed)
    if said.levels:
        meaning: dict[str, bool] = {Verdict.GOOD: True, Verdict.NEUTRAL: not is_strict, Verdict.BAD: False}
        return [meaning.get(level) for level in said.levels]
    if said.scores is not None:
        return [score >= threshold for score in said.scores]
    raise Rejected("PRMBench asks about every step; a first error does not say.", field="predictions")
