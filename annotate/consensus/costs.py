"""What an answer of a machine costs, by what the project's own runs have recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Sum
from django.utils.translation import gettext

from annotate.enums import RaterKind
from annotate.models import Completion, ConsensusFit, Project, Rater, Run
from annotate.prelabel.strategies import STRATEGIES
from annotate.settings import require

MILLION = 1e6


@dataclass(frozen=True, slots=True)
class Prices:
    """In dollars: an hour of a person's time, and a million tokens (read and written alike) where a run has recorded
    no cost of its own. Both are assumptions until somebody states their own.
    """

    person_hour: float = 30.0
    million_tokens: float = 1.0

    def __post_init__(self) -> None:
        require(0 < self.person_hour <= 1e6, "person_hour", "must be above 0.")
        require(0 < self.million_tokens <= 1e6, "million_tokens", "must be above 0.")


@dataclass(frozen=True, slots=True)
class AnswerCost:
    """One answer of one machine: ``tokens`` and ``dollars`` on average over ``n`` recorded ones.

    ``is_recorded``: the dollars stand in the runs; else they are the tokens at the stated price.
    """

    rater: int
    name: str
    tokens: float
    dollars: float
    is_recorded: bool
    n: int


def rollout_cost(project: Project, prices: Prices) -> tuple[AnswerCost | None, tuple[str, ...]]:
    """Of the rollouts of the project's newest run that has any; None, and why, where there is none."""
    rows = Rater.objects.filter(project=project, kind=RaterKind.ROLLOUT, runs__completions__isnull=False)
    rater = rows.order_by("-runs__pk").first()
    found = _cost(rater, prices) if rater is not None and _is_of(rater, "rollout") else None
    return (found, ()) if found else (None, (gettext("No run has recorded what a rollout costs."),))


def vote_costs(project: Project, run: Run, prices: Prices) -> tuple[tuple[AnswerCost, ...], tuple[str, ...]]:
    """Of every judge that the run's fit knows and that can be asked for another vote."""
    known = ConsensusFit.objects.filter(run=run).values_list("raters", flat=True).first() or ()
    judges = Rater.objects.filter(project=project, kind=RaterKind.JUDGE, pk__in=known).order_by("name")
    found, missing = [], []
    for judge in judges:
        cost = _cost(judge, prices) if can_vote_again(judge) else None
        if cost is not None:
            found.append(cost)
        else:
            missing.append(
                gettext(
                    "%(name)s cannot be asked again: it gives one answer, or no run of it has recorded what one costs."
                )
                % {"name": judge.name}
            )
    return tuple(found), tuple(missing)


def can_vote_again(judge: Rater) -> bool:
    """Whether the judge's strategy draws votes that differ."""
    if not _is_of(judge, "judge"):
        return False
    settings = STRATEGIES[judge.config["strategy"]].settings(judge.config["settings"])
    return hasattr(settings, "votes")


def _is_of(rater: Rater, kind: str) -> bool:
    """Whether the machine was made here, by a strategy there still is; labels can come with a file."""
    config = rater.config or {}
    entry = STRATEGIES.get(config.get("strategy", ""))
    return entry is not None and entry.rater_kind == kind and bool(config.get("backend"))


def _cost(rater: Rater, prices: Prices) -> AnswerCost | None:
    """Over everything that the machine was ever asked here, the tokens of its prompts included."""
    sums = Completion.objects.filter(run__rater=rater).aggregate(
        n=Count("pk"),
        prompt=Sum("prompt_tokens"),
        written=Sum("completion_tokens"),
        dollars=Sum("cost"),
        priced=Count("cost"),
    )
    tokens = (sums["prompt"] or 0) + (sums["written"] or 0)
    if not sums["n"] or not (tokens or sums["dollars"]):
        return None
    if sums["dollars"]:
        return AnswerCost(
            rater.pk, rater.name, tokens / sums["n"], sums["dollars"] / sums["priced"], True, sums["n"]
        )
    each = tokens / sums["n"]
    return AnswerCost(rater.pk, rater.name, each, each * prices.million_tokens / MILLION, False, sums["n"])


def names_of(costs: Sequence[AnswerCost]) -> dict[int, str]:
    return {one.rater: one.name for one in costs}
