"""PRM800K: one line per labelled solution, with a rating of -1, 0 or 1 for every step (arXiv 2305.20050).

By consensus there is one line per trace, rated up to its first wrong step as in phase 2; by rater there is one per
trace and person, with what that person said, and, where the trace came from PRM800K, with the proposals, times and
finish reasons that came along. ``rating`` may be null, so a step that was dropped, is still asked about or left
somebody unsure is null and nothing has to be left out. Good, neutral, bad are 1, 0, -1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from django.utils.translation import gettext_lazy

from annotate.consensus.funnel import FunnelRow
from annotate.enums import Action, RaterKind, Verdict
from annotate.export.contracts import (
    Format,
    RaterRow,
    SelectSettings,
    Source,
    StepRow,
    TraceRow,
    Written,
    setting,
)
from annotate.export.prefixes import Tally, check_verdicts
from annotate.export.shards import json_shards
from annotate.models import Label, Run

RATINGS = {Verdict.GOOD.value: 1, Verdict.NEUTRAL.value: 0, Verdict.BAD.value: -1}
PREFIX = "prm800k/"
_LABELLING = ("timestamp", "generation", "is_quality_control_question", "is_initial_screening_question")
_ORIGIN = ("pre_generated_answer", "pre_generated_verifier_score")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prm800kSettings(SelectSettings):
    by: Literal["consensus", "rater"] = setting(
        "consensus", gettext_lazy("One line per trace, or per trace and person.")
    )
    after_error: Literal["stop", "write"] = setting(
        "stop", gettext_lazy("Steps behind the first wrong one, where they are decided.")
    )


def write(source: Source, folder: Path, settings: Prm800kSettings) -> Written:
    written, unrated, behind = Tally(), Tally(), Tally()
    flagged = _flagged(source.run) if settings.by == "rater" else frozenset()
    with json_shards(folder) as shards:
        for trace in source.traces():
            rows = (
                _by_rater(trace, source.run.criterion.key, flagged)
                if settings.by == "rater"
                else _by_consensus(trace, source.run, settings)
            )
            n = 0
            for row, ratings in rows:
                n += 1
                shards.write(row, trace.split)
                written.add(sum(rating is not None for rating in ratings))
                unrated.add(sum(rating is None for rating in ratings))
                if settings.by == "consensus":
                    kept = sum(step.action == Action.KEEP for step in trace.steps[len(ratings) :])
                    behind.add(kept)
            if not n and settings.by == "consensus":
                behind.add(sum(step.action == Action.KEEP for step in trace.steps))
    return Written(
        splits=shards.splits,
        rows=shards.rows,
        counts={
            "solutions_written": shards.rows,
            "steps_rated": written.steps,
            "steps_without_rating": unrated.steps,
        },
        funnel=(
            FunnelRow(
                "after_error",
                "Kept, but behind the first wrong step",
                Action.DROP.value,
                behind.steps,
                behind.traces,
            ),
            FunnelRow("written", "Written", Action.KEEP.value, written.steps, written.traces),
        ),
    )


Rated = tuple[dict[str, Any], list[int | None]]


def _by_consensus(trace: TraceRow, run: Run, settings: Prm800kSettings) -> list[Rated]:
    ratings: list[int | None] = []
    for step in trace.steps:
        rating = RATINGS.get(step.value) if step.action == Action.KEEP else None
        ratings.append(rating)
        if rating == RATINGS[Verdict.BAD] and settings.after_error == "stop":
            break
    while ratings and ratings[-1] is None:
        ratings.pop()
    if not ratings:
        return []
    turns = [_turn(_proposal(step.body, rating)) for step, rating in zip(trace.steps, ratings, strict=False)]
    label = {"steps": turns, "total_time": None, "finish_reason": _reason(ratings, len(trace.steps))}
    row = {
        "labeler": f"consensus/{run.name}",
        **dict.fromkeys(_LABELLING),
        "question": _question(trace, is_walk=False),
        "label": label,
    }
    return [(row, ratings)]


def _reason(ratings: Sequence[int | None], n_steps: int) -> str | None:
    """Null where neither holds: PRM800K has no word for a solution that was rated in part."""
    if RATINGS[Verdict.BAD] in ratings:
        return "found_error"
    return "solution" if len(ratings) == n_steps and None not in ratings else None


def _by_rater(trace: TraceRow, criterion: str, flagged: frozenset[tuple[int, int, int]]) -> list[Rated]:
    said: dict[RaterRow, dict[int, str]] = {}
    for step in trace.steps:
        for vote in step.votes:
            if vote.criterion == criterion and vote.rater.kind == RaterKind.PERSON:
                said.setdefault(vote.rater, {})[step.position] = vote.value
    return [_line_of(trace, rater, values, flagged) for rater, values in said.items()]


def _line_of(
    trace: TraceRow, rater: RaterRow, values: Mapping[int, str], flagged: frozenset[tuple[int, int, int]]
) -> Rated:
    labeler = rater.own_name.removeprefix(PREFIX)
    origin = _object(trace.meta.get("prm800k"))
    labelling = _object(_object(origin.get("labellings")).get(labeler))
    is_walk = bool(labelling) and "pre_generated_answer" not in origin
    n_steps = len(trace.steps) if is_walk else max(values) + 1
    ratings = [RATINGS.get(values.get(position, "")) for position in range(n_steps)]
    turns = []
    for step, rating in zip(trace.steps, ratings, strict=False):
        is_flagged = (trace.pk, step.position, rater.pk) in flagged
        turns.append(_met(_proposal(step.body, rating, is_flagged), _kept_of(step, labeler)))
    if unchosen := labelling.get("unchosen"):
        turns.append({"completions": unchosen, "human_completion": None, "chosen_completion": None})
    row = {
        "labeler": rater.name.removeprefix(PREFIX),
        **{name: labelling.get(name) for name in _LABELLING},
        "question": _question(trace, is_walk=is_walk),
        "label": {
            "steps": turns,
            "total_time": labelling.get("total_time"),
            "finish_reason": labelling.get("finish_reason") or _reason(ratings, len(trace.steps)),
        },
    }
    return row, ratings


def _kept_of(step: StepRow, labeler: str) -> Mapping[str, Any]:
    return _object(_object(step.meta.get("prm800k")).get(labeler))


def _object(value: object) -> Mapping[str, Any]:
    """Meta came from outside: where it is not what the reader writes it says nothing."""
    return value if isinstance(value, Mapping) else {}


def _question(trace: TraceRow, *, is_walk: bool) -> dict[str, Any]:
    origin = _object(trace.meta.get("prm800k"))
    asked: dict[str, Any] = {
        "problem": trace.problem_text,
        "ground_truth_solution": trace.reference_solution,
        "ground_truth_answer": trace.reference_answer,
    }
    if is_walk:
        return asked
    return asked | {
        "pre_generated_steps": [step.body for step in trace.steps],
        **{name: origin.get(name) for name in _ORIGIN},
    }


def _proposal(text: str, rating: int | None, is_flagged: bool = False) -> dict[str, Any]:
    return {"text": text, "rating": rating, "flagged": is_flagged}


def _met(taken: dict[str, Any], kept: Mapping[str, Any]) -> dict[str, Any]:
    """A turn as the labeler met it, by what the reader has kept of it."""
    others = kept.get("alternatives")
    others = others if isinstance(others, list) else []
    if kept.get("is_human"):
        source = {"source": kept["source"]} if kept.get("source") else {}
        return {"completions": others, "human_completion": taken | source, "chosen_completion": None}
    place = kept.get("place", 0)
    place = place if isinstance(place, int) and 0 <= place <= len(others) else 0
    is_chosen = kept.get("is_chosen") is not False
    return _turn(taken, others, place) | ({} if is_chosen else {"chosen_completion": None})


def _turn(taken: dict[str, Any], others: Sequence[Any] = (), place: int = 0) -> dict[str, Any]:
    proposals = [*others[:place], taken, *others[place:]]
    return {"completions": proposals, "human_completion": None, "chosen_completion": place}


def _flagged(run: Run) -> frozenset[tuple[int, int, int]]:
    """Trace, position and rater of the labels whose rater set a flag."""
    found = Label.objects.filter(
        criterion=run.criterion_id, step__trace__project=run.project_id, evidence__is_flagged=True
    )
    return frozenset(found.values_list("step__trace_id", "step__position", "rater_id"))


def limits(settings: Prm800kSettings) -> tuple[str, ...]:
    return (
        "A rating of null is a step of which nothing is known: it was dropped, asked about, or somebody was unsure.",
        "Separators between steps are lost, as in PRM800K itself.",
        "finish_reason is null where a solution was rated in part and no error was found.",
    )


PRM800K = Format(
    name="prm800k",
    version=1,
    title="PRM800K: solutions rated step by step (JSON lines)",
    settings=Prm800kSettings,
    check=check_verdicts,
    write=write,
    task="token-classification",
    limits=limits,
    reads_meta=True,
)
