"""What the explorer's pages read: stored rows, whatever the number of steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet

from annotate.consensus.explore.actions import FORM
from annotate.consensus.explore.columns import Columns, unpacked
from annotate.enums import RunKind, RunState
from annotate.errors import Conflict
from annotate.models import Consensus, Exploration, Label, Project, Run


def exploration_of(run: Run) -> Exploration | None:
    """Without its columns; None where it was never counted, or by an earlier version."""
    found = Exploration.objects.filter(run=run).defer("columns").first()
    return found if found is not None and found.detail.get("form") == FORM else None


def has_later_labels(exploration: Exploration, project: Project) -> bool:
    """Whether something was said in the project since it was counted: only what came since is looked at."""
    return Label.objects.filter(pk__gt=exploration.newest_label, rater__project=project).exists()


def columns_of(run: Run) -> Columns:
    """The decisions of a run, as far as they are compared; raises ``Conflict`` where they were not counted yet."""
    held = Exploration.objects.filter(run=run).values_list("columns", flat=True).first()
    if held is None:
        raise Conflict(f"{run} has not been counted yet.")
    return unpacked(bytes(held), with_beliefs=False)


def runs_beside(run: Run) -> QuerySet[Run]:
    """Finished runs of the same question that can be held against this one, newest first."""
    counted = Exploration.objects.filter(run=OuterRef("pk"))
    return (
        Run.objects.filter(
            project=run.project_id,
            kind=RunKind.CONSENSUS,
            state=RunState.DONE,
            criterion=run.criterion_id,
        )
        .filter(Exists(counted))
        .exclude(pk=run.pk)
        .select_related("criterion")
        .order_by("-pk")
    )


@dataclass(frozen=True, slots=True)
class Parted:
    """A step on which two runs differ, with what each decided."""

    left: Consensus
    right: Consensus


def parted_at(left: Run, right: Run, steps: Sequence[int]) -> list[Parted]:
    """The decisions of both about these steps, in the order of the steps."""
    rows = (
        Consensus.objects.filter(run__in=(left, right), step__in=steps)
        .select_related("step__trace")
        .order_by()
    )
    found = {(one.run_id, one.step_id): one for one in rows}
    return [Parted(found[left.pk, step], found[right.pk, step]) for step in steps]
