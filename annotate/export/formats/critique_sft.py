"""Critiques as conversations for supervised fine-tuning: the problem and the steps up to one, then what is wrong with
it.

Rows are ``messages`` as chat templates read them. What people wrote as critiques, or as the reason beside a verdict,
is written as it stands, with the verdict behind it. A machine's words are written on request, and only where its
verdict is the one that most people gave. Critiques that people were given to rate are written where more than half of
their ratings are the best level.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy

from annotate.enums import CandidateKind, CriterionKind, RaterKind, Scope, Verdict
from annotate.errors import Rejected
from annotate.export.contracts import Format, LabelledRow, LabelSource, SaidRow, StepRow, Written, setting
from annotate.export.said import newest_of
from annotate.export.said_settings import SaidSettings, level_scores
from annotate.export.settled import settled
from annotate.export.shards import json_shards
from annotate.models import Criterion, Project

ASK = (
    "Here are a problem and a solution to it, up to and with step {number}. Say what is right or wrong with step"
    " {number}."
)
_COUNTS = (
    "machine_disagrees_with_people",
    "machine_and_no_majority_of_people",
    "given_critique_not_rated_best",
    "given_critique_not_rated",
    "too_short",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CritiqueSettings(SaidSettings):
    with_machines: bool = setting(
        False, gettext_lazy("Also what machines wrote, where most people gave the same verdict.")
    )
    with_given: bool = setting(
        True, gettext_lazy("Also critiques that were given, where most ratings are the best level.")
    )
    with_verdict: bool = setting(
        True, gettext_lazy("End with a line that names the verdict, where there is one.")
    )
    min_characters: int = setting(1, gettext_lazy("Shorter texts are left out."))

    def __post_init__(self) -> None:
        SaidSettings.__post_init__(self)
        if self.min_characters < 1:
            raise Rejected("must be at least 1.", field="min_characters")


def check(project: Project, settings: CritiqueSettings) -> None:
    newest_of(project)
    if not Criterion.objects.filter(
        rubric=project.rubric_id, scope__in=(Scope.STEP, Scope.CANDIDATE)
    ).exists():
        raise Rejected("the rubric asks nothing about steps, so there are no critiques.", field="format")


@dataclass(frozen=True, slots=True)
class _Critique:
    position: int
    text: str
    verdict: str
    by: str


def write(source: LabelSource, folder: Path, settings: CritiqueSettings) -> Written:
    counts: Counter[str] = Counter()
    levels = level_scores(source)
    with json_shards(folder) as shards:
        for row in source.rows():
            for critique in _critiques(row, levels, settings, counts):
                if len(critique.text.strip()) < settings.min_characters:
                    counts["too_short"] += 1
                    continue
                counts[f"by_{critique.by}"] += 1
                shards.write(_row(row, critique, settings), row.trace.split)
    return Written(
        splits=shards.splits,
        rows=shards.rows,
        counts={
            "critiques_written": shards.rows,
            **{name: n for name, n in sorted(counts.items()) if name.startswith("by_")},
            **{name: counts[name] for name in _COUNTS},
        },
    )


def _critiques(
    row: LabelledRow,
    levels: Mapping[int, Mapping[str, float | None]],
    settings: CritiqueSettings,
    counts: Counter[str],
) -> Iterator[_Critique]:
    verdicts: dict[tuple[str, int], str] = {}
    by_people: dict[int, Counter[str]] = defaultdict(Counter)
    for said in row.said:
        if said.position is not None and _is_verdict(said):
            verdicts[said.rater.name, said.position] = said.value
            if said.rater.kind == RaterKind.PERSON and said.value != Verdict.UNSURE:
                by_people[said.position][said.value] += 1
    for said in row.said:
        if said.position is None or said.criterion.scope != Scope.STEP or not said.text.strip():
            continue
        if said.criterion.kind != CriterionKind.TEXT and not _is_verdict(said):
            continue
        verdict = verdicts.get((said.rater.name, said.position), "")
        if said.rater.kind in (RaterKind.PERSON, RaterKind.REVIEW, RaterKind.GOLD):
            yield _Critique(said.position, said.text, verdict, said.rater.kind)
        elif settings.with_machines:
            agreed = _plurality(by_people[said.position])
            if not agreed:
                counts["machine_and_no_majority_of_people"] += 1
            elif agreed != verdict:
                counts["machine_disagrees_with_people"] += 1
            else:
                yield _Critique(said.position, said.text, verdict, said.rater.kind)
    if settings.with_given:
        yield from _given(row, levels, by_people, counts)


def _is_verdict(said: SaidRow) -> bool:
    return said.criterion.scope == Scope.STEP and said.criterion.kind == CriterionKind.VERDICT


def _plurality(counts: Counter[str]) -> str:
    most = counts.most_common(2)
    return most[0][0] if most and (len(most) == 1 or most[0][1] > most[1][1]) else ""


def _given(
    row: LabelledRow,
    levels: Mapping[int, Mapping[str, float | None]],
    by_people: Mapping[int, Counter[str]],
    counts: Counter[str],
) -> Iterator[_Critique]:
    ratings: dict[int, list[bool]] = defaultdict(list)
    for said in settled(row.said):
        if said.candidate is None:
            continue
        known = [score for score in levels[said.criterion.pk].values() if score is not None]
        score = levels[said.criterion.pk].get(said.value)
        if known and score is not None:
            ratings[said.candidate].append(score == max(known))
    for one in row.candidates:
        if one.kind != CandidateKind.CRITIQUE:
            continue
        rated = ratings.get(one.pk, [])
        if not rated:
            counts["given_critique_not_rated"] += 1
        elif 2 * sum(rated) <= len(rated):
            counts["given_critique_not_rated_best"] += 1
        else:
            verdict = _plurality(by_people.get(one.position, Counter()))
            yield _Critique(one.position, one.text, verdict, "given")


def _row(row: LabelledRow, critique: _Critique, settings: CritiqueSettings) -> dict[str, Any]:
    steps = row.trace.steps[: critique.position + 1]
    answer = critique.text.strip()
    if settings.with_verdict and critique.verdict:
        answer += f"\n\nVerdict: {critique.verdict}"
    return {
        "messages": [
            {"role": "user", "content": _question(row.trace.problem_text, steps)},
            {"role": "assistant", "content": answer},
        ],
        "trace": row.trace.trace,
        "step": critique.position,
        "by": critique.by,
    }


def _question(problem: str, steps: Sequence[StepRow]) -> str:
    told = "\n\n".join(f"Step {number}: {step.body}" for number, step in enumerate(steps, start=1))
    return f"{ASK.format(number=len(steps))}\n\nProblem:\n{problem}\n\nSolution:\n{told}"


def limits(settings: CritiqueSettings) -> tuple[str, ...]:
    return (
        "Critiques are one person's words; nobody else need have read them.",
        "Verdicts behind them are that person's own, and for given critiques the one most people gave.",
        "Free text may hold anything its writer put there, names too.",
    )


CRITIQUE_SFT = Format(
    name="critique_sft",
    version=1,
    title="Critiques as conversations, for fine-tuning (JSON lines)",
    settings=CritiqueSettings,
    check=check,
    write=write,
    task="text-generation",
    limits=limits,
    reads="labels",
)
