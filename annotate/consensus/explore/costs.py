"""What the labels behind a run have cost so far: tokens of machines, seconds of people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.db.models import Count, Q, Sum

from annotate.enums import RaterKind, RunKind
from annotate.models import Criterion, Label, Project, Rater, Run
from annotate.prelabel.runs.totals import completion_sums

_PEOPLE = (RaterKind.PERSON, RaterKind.REVIEW)


@dataclass(slots=True)
class Cost:
    """A machine, or all people, or all reviewers.

    ``labels`` are its labels of steps that stand; ``dollars`` is what is known of its price, None where nothing is;
    ``untimed`` labels have no seconds.
    """

    name: str
    kind: str
    labels: int = 0
    completions: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    dollars: float | None = None
    unpriced: int = 0
    seconds: float = 0.0
    untimed: int = 0


@dataclass(frozen=True, slots=True)
class Costs:
    """``pace`` is the mean of a person's seconds for a label of the decided question, None where none is timed."""

    rows: tuple[Cost, ...] = ()
    pace: float | None = None
    n_timed: int = 0

    @property
    def tokens(self) -> int:
        return sum(one.prompt_tokens + one.completion_tokens for one in self.rows)

    @property
    def seconds(self) -> float:
        return sum(one.seconds for one in self.rows)

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"tokens": self.tokens, "seconds": self.seconds}


def costs_of(project: Project, criterion: Criterion, raters: Mapping[int, Rater]) -> Costs:
    """Everything the project has spent on labels of steps: all runs, audits and failures too, and all revisions.

    ``raters`` are all of the project.
    """
    machines: dict[int, Cost] = {}
    people: dict[str, Cost] = {}
    seconds, n_timed = 0.0, 0
    for row in _labels_by_rater(project, criterion):
        rater = raters[row["rater_id"]]
        if rater.kind == RaterKind.PERSON:
            seconds, n_timed = seconds + (row["here_seconds"] or 0.0), n_timed + row["here_timed"]
        if rater.kind in _PEOPLE:
            cost = people.setdefault(rater.kind, Cost("", rater.kind))
            cost.seconds += row["seconds"] or 0.0
            cost.untimed += row["given"] - row["timed"]
        elif rater.kind == RaterKind.GOLD:
            continue
        else:
            cost = machines.setdefault(rater.pk, Cost(rater.name, rater.kind))
        cost.labels += row["standing"]
    for pk, runs in _runs_by_rater(project).items():
        _add_runs(machines.setdefault(pk, Cost(raters[pk].name, raters[pk].kind)), runs)
    ordered = sorted(machines.values(), key=lambda one: -(one.prompt_tokens + one.completion_tokens))
    return Costs((*people.values(), *ordered), seconds / n_timed if n_timed else None, n_timed)


def _labels_by_rater(project: Project, criterion: Criterion) -> Iterable[Mapping[str, Any]]:
    """``here`` are those by the criterion."""
    is_here = Q(criterion=criterion)
    labels = Label.objects.filter(rater__project=project, step__isnull=False).order_by()
    return labels.values("rater_id").annotate(
        standing=Count("pk", filter=Q(is_live=True)),
        given=Count("pk"),
        timed=Count("seconds"),
        here_timed=Count("seconds", filter=is_here),
        here_seconds=Sum("seconds", filter=is_here),
        # Last, for the name is the field's, which the others read.
        seconds=Sum("seconds"),
    )


def _runs_by_rater(project: Project) -> dict[int, list[Run]]:
    found: dict[int, list[Run]] = defaultdict(list)
    for run in Run.objects.filter(project=project, kind=RunKind.PRELABEL, rater__isnull=False).order_by("pk"):
        assert run.rater_id is not None
        found[run.rater_id].append(run)
    return found


def _add_runs(cost: Cost, runs: Iterable[Run]) -> None:
    for run in runs:
        told = run.summary if run.is_over and "prompt_tokens" in run.summary else _summed(run)
        cost.completions += sum(told["completions"].values())
        cost.prompt_tokens += told["prompt_tokens"]
        cost.completion_tokens += told["completion_tokens"]
        cost.unpriced += told["unpriced"]
        if told["cost"] is not None:
            cost.dollars = (cost.dollars or 0.0) + told["cost"]


def _summed(run: Run) -> dict[str, Any]:
    """The same of a run that is not over: its rows are counted."""
    sums = completion_sums(run)
    return {
        "completions": {"all": sums.completions},
        "prompt_tokens": sums.prompt_tokens,
        "completion_tokens": sums.completion_tokens,
        "cost": sums.cost,
        "unpriced": sums.unpriced,
    }
