"""What people prefer, as TRL's preference trainers read it: prompt, chosen, rejected, one JSON line per preference.

The format of https://huggingface.co/docs/trl/dataset_formats#preference, with an explicit prompt. Only what more than
half of the people who answered prefer, or a reviewer decided, is written there. Everything compared, with ties and
disputes and who said what, is in a second table, so that no disagreement is lost by turning it into a winner.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from django.utils.translation import gettext

from annotate.consensus.preferences import Verdict, comparing_criterion, decide, labels_by_people
from annotate.errors import Conflict, Rejected
from annotate.export.contracts import ComparedRow, ComparedSource, Format, SplitSettings, Written
from annotate.export.shards import json_shards
from annotate.models import Project

PATH, VOTES = "data/train.jsonl", "votes/train.jsonl"
_SIGNS = {1: "left", 0: "tie", -1: "right", None: "unsure"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferenceSettings(SplitSettings):
    """``criterion`` is the question's key, empty the only one there is. ``min_votes`` people must have preferred
    something; a winner needs ``min_share`` of them, and more than half in any case. ``upto`` is the newest label that
    is read, 0 all there are now: with it the same release can be made again later.
    """

    criterion: str = ""
    min_votes: int = 1
    min_share: float = 0.5
    upto: int = 0

    def __post_init__(self) -> None:
        SplitSettings.__post_init__(self)
        if self.min_votes < 1:
            raise Rejected(gettext("must be at least 1."), field="min_votes")
        if not 0.5 <= self.min_share <= 1:
            raise Rejected(gettext("must be from 0.5 to 1."), field="min_share")
        if self.upto < 0:
            raise Rejected(gettext("must be a label's number, or 0."), field="upto")


def check(project: Project, settings: PreferenceSettings) -> None:
    criterion = comparing_criterion(project, settings.criterion)
    if not labels_by_people(criterion, settings.upto or None).exists():
        raise Conflict(
            gettext("Nobody has answered %(criterion)s yet, so there is no preference to write.")
            % {"criterion": criterion}
        )


def write(source: ComparedSource, folder: Path, settings: PreferenceSettings) -> Written:
    counts: Counter[str] = Counter()
    n_decided = 0
    with (
        json_shards(folder) as train,
        json_shards(folder, config="votes", name="votes", is_default=False) as votes,
    ):
        for row in source.rows():
            verdict = row.ruling or decide(
                row.votes, min_votes=settings.min_votes, min_share=settings.min_share
            )
            n_decided += row.ruling is not None
            counts[verdict] += 1
            votes.write(_with_votes(row, verdict), row.split)
            if verdict in (Verdict.LEFT, Verdict.RIGHT):
                train.write(_preference(row, verdict), row.split)
    written = counts[Verdict.LEFT] + counts[Verdict.RIGHT]
    return Written(
        splits=(*train.splits, *votes.splits),
        rows=written,
        counts={
            "compared": counts.total(),
            "preferences_written": written,
            "ties": counts[Verdict.TIE],
            "disputed": counts[Verdict.DISPUTED],
            "too_few_votes": counts[Verdict.TOO_FEW],
            "only_unsure": counts[Verdict.UNSURE],
            "decided_by_reviewers": n_decided,
        },
    )


def _preference(row: ComparedRow, verdict: Verdict) -> dict[str, str]:
    chosen, rejected = (row.left, row.right) if verdict == Verdict.LEFT else (row.right, row.left)
    return {"prompt": row.prompt, "chosen": chosen, "rejected": rejected}


def _with_votes(row: ComparedRow, verdict: Verdict) -> dict[str, object]:
    return {
        "id": row.name,
        "source": row.source,
        "problem": row.problem,
        "prompt": row.prompt,
        "left": row.left,
        "right": row.right,
        "verdict": verdict.value,
        "is_decided": row.ruling is not None,
        "votes": asdict(row.votes),
        "by": [{"rater": rater.name, "said": _SIGNS[sign]} for rater, sign in row.said],
    }


def limits(settings: PreferenceSettings) -> tuple[str, ...]:
    return (
        "A preference stands only where more than half of the people who preferred something, or called it a tie, chose"
        " the same side, or where a reviewer decided (is_decided in the table votes). Ties and disputes are in that"
        " table and in no preference.",
        "Preferences that come from an order of several stand one by one: together they may go in a circle.",
        "What is better was judged on the text alone, without the model's name or the grading of its answer.",
    )


PREFERENCE = Format(
    name="preference",
    version=2,
    title="Preferences of people, as TRL reads them (JSON lines)",
    settings=PreferenceSettings,
    check=check,
    write=write,
    task="text-generation",
    limits=limits,
    reads="comparisons",
)
