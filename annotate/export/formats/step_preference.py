"""Preferences between two ways to take a step, for DPO and its relatives: prompt, chosen, rejected, one JSON line
each.

The format of https://huggingface.co/docs/trl/dataset_formats#preference with an explicit prompt: the problem, a blank
line, and the steps before. A correction is chosen over the step it corrects, an alternative that people call better
over the one they call worse (:mod:`annotate.export.step_pairs`). Only what more than half of the people prefer is
written; ties, disputes and who said what are in a second table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from django.utils.translation import gettext_lazy

from annotate.consensus.preferences import Verdict, decide
from annotate.enums import CandidateKind, CriterionKind
from annotate.errors import Rejected
from annotate.export.contracts import Format, LabelSource, StepRow, Written, setting
from annotate.export.said import newest_of
from annotate.export.said_settings import SaidSettings, level_scores
from annotate.export.shards import json_shards
from annotate.export.step_pairs import ORIGINS, StepPair, step_pairs
from annotate.models import Criterion, Project


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPreferenceSettings(SaidSettings):
    """``min_votes`` people must have preferred something; a winner needs ``min_share`` of them, and more than half."""

    min_votes: int = setting(1, gettext_lazy("So many people must have preferred something."))
    min_share: float = setting(
        0.5, gettext_lazy("The share of them that a winner needs; more than half in any case.")
    )

    def __post_init__(self) -> None:
        SaidSettings.__post_init__(self)
        if self.min_votes < 1:
            raise Rejected("must be at least 1.", field="min_votes")
        if not 0.5 <= self.min_share <= 1:
            raise Rejected("must be from 0.5 to 1.", field="min_share")


def check(project: Project, settings: StepPreferenceSettings) -> None:
    newest_of(project)
    asked = Criterion.objects.filter(rubric=project.rubric_id)
    kinds = set(asked.values_list("kind", flat=True))
    alternatives = asked.filter(candidate_kind=CandidateKind.ALTERNATIVE).exists()
    if not alternatives and not kinds & {CriterionKind.CORRECTION, CriterionKind.PICK, CriterionKind.VERDICT}:
        raise Rejected(
            "the rubric asks for no correction, pick or rating of alternatives, so no step is preferred.",
            field="format",
        )


def write(source: LabelSource, folder: Path, settings: StepPreferenceSettings) -> Written:
    counts: Counter[str] = Counter()
    levels = level_scores(source)
    with (
        json_shards(folder) as data,
        json_shards(folder, config="votes", name="votes", is_default=False) as votes,
    ):
        for row in source.rows():
            for pair in step_pairs(row, levels):
                verdict = decide(pair.votes, min_votes=settings.min_votes, min_share=settings.min_share)
                counts[verdict] += 1
                prompt = f"{row.trace.problem_text}\n\n{_text(row.trace.steps[: pair.position])}"
                votes.write(_with_votes(row.trace.trace, prompt, pair, verdict), row.trace.split)
                if verdict in (Verdict.LEFT, Verdict.RIGHT):
                    counts.update(f"from_{origin}" for origin in pair.origins)
                    data.write(_preference(prompt, pair, verdict), row.trace.split)
    return Written(
        splits=(*data.splits, *votes.splits),
        rows=data.rows,
        counts={
            "compared": votes.rows,
            "preferences_written": data.rows,
            "ties": counts[Verdict.TIE],
            "disputed": counts[Verdict.DISPUTED],
            "too_few_votes": counts[Verdict.TOO_FEW],
            **{f"written_from_{origin}": counts[f"from_{origin}"] for origin in ORIGINS},
        },
    )


def _preference(prompt: str, pair: StepPair, verdict: Verdict) -> dict[str, str]:
    chosen, rejected = (pair.left, pair.right) if verdict == Verdict.LEFT else (pair.right, pair.left)
    return {"prompt": prompt, "chosen": chosen, "rejected": rejected}


def _with_votes(trace: str, prompt: str, pair: StepPair, verdict: Verdict) -> dict[str, object]:
    signs = {1: "left", 0: "tie", -1: "right"}
    return {
        "trace": trace,
        "step": pair.position,
        "prompt": prompt,
        "left": pair.left,
        "right": pair.right,
        "origins": sorted(pair.origins),
        "verdict": verdict.value,
        "votes": asdict(pair.votes),
        "by": [{"rater": rater.name, "said": signs[sign]} for rater, sign in pair.said.items()],
    }


def _text(steps: Sequence[StepRow]) -> str:
    return "".join(step.text for step in steps)


def limits(settings: StepPreferenceSettings) -> tuple[str, ...]:
    return (
        "A preference stands only where more than half of the people who preferred something, or called it a tie, chose"
        " the same side. Ties and disputes are in the table votes and in no preference.",
        "A correction is taken as better than the step without anybody else having looked at it, unless min_votes says"
        " so.",
        "Preferences of one step stand one by one: together they may go in a circle.",
    )


STEP_PREFERENCE = Format(
    name="step_preference",
    version=1,
    title="Preferences between steps, for DPO (JSON lines)",
    settings=StepPreferenceSettings,
    check=check,
    write=write,
    task="text-generation",
    limits=limits,
    reads="labels",
)
