"""What measuring reads: the labels that count as one long table, and the estimates made from them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, F, Max, Q, QuerySet
from django.db.models.functions import Coalesce

from annotate.enums import AssignmentState, CriterionKind, RaterKind, RunKind, RunState
from annotate.models import Assignment, Criterion, Estimate, Label, Project, Ruler, Run
from annotate.prelabel.audit.entry import AUDIT
from annotate.stats.table import LongTable

# By judge: (item, trace, probability by level) of each label that came with probabilities.
Forecasts = Mapping[int, Sequence[tuple[int, int, Mapping[str, float]]]]

# A text has no levels to agree on, and tags are sets: neither alpha nor accuracy is defined for them here.
MEASURED_KINDS = (CriterionKind.VERDICT, CriterionKind.ORDINAL, CriterionKind.BINARY, CriterionKind.CHOICE)
# How the estimates that an audit leaves are called, and the one that holds a judge's curve.
AUDIT_PREFIX = "audit/"
CALIBRATION = "calibration"
# Probes rank steps and judge none: their labels are no opinion to agree with.
MACHINES = (RaterKind.JUDGE, RaterKind.ROLLOUT, RaterKind.VERIFIER)


@dataclass(frozen=True, slots=True)
class CriterionLabels:
    """The counted labels of one criterion, in columns of one length.

    ``items`` are keys of steps, traces, pairs or candidates, by the criterion's scope. ``values`` holds None
    where the rater chose a level that is off the number line of an ordered criterion (*unsure*): said, but no
    measurement.
    """

    criterion: Criterion
    levels: tuple[str, ...]
    items: tuple[int, ...]
    clusters: tuple[int, ...]
    raters: tuple[int, ...]
    kinds: tuple[RaterKind, ...]
    values: tuple[str | None, ...]

    def table(self, kinds: Collection[RaterKind]) -> LongTable:
        """The labels by raters of these kinds. Raters come by key; the trace is what a bootstrap draws."""
        rows = [row for row, kind in enumerate(self.kinds) if kind in kinds]
        return LongTable.from_columns(
            item=[self.items[row] for row in rows],
            rater=[self.raters[row] for row in rows],
            value=[self.values[row] for row in rows],
            cluster=[self.clusters[row] for row in rows],
            levels=self.levels,
        )

    @property
    def n_unsure(self) -> dict[int, int]:
        """By rater: labels that count as missing."""
        counts: dict[int, int] = {}
        for rater, value in zip(self.raters, self.values, strict=True):
            if value is None:
                counts[rater] = counts.get(rater, 0) + 1
        return counts

    def gold(self) -> tuple[dict[Hashable, Hashable], int]:
        """The known value per item, and how many items were left out because two keys differ on them."""
        known: dict[int, set[str]] = {}
        for item, kind, value in zip(self.items, self.kinds, self.values, strict=True):
            if kind == RaterKind.GOLD and value is not None:
                known.setdefault(item, set()).add(value)
        agreed: dict[Hashable, Hashable] = {
            item: next(iter(values)) for item, values in known.items() if len(values) == 1
        }
        return agreed, len(known) - len(agreed)


def measured_criteria(project: Project) -> QuerySet[Criterion]:
    return Criterion.objects.filter(rubric=project.rubric, kind__in=MEASURED_KINDS).prefetch_related("levels")


def criterion_labels(criterion: Criterion) -> CriterionLabels:
    """Every label of a criterion that counts as a reading: live, not part of unfinished work, and no decision."""
    scored = [level for level in criterion.levels.all() if level.score is not None]
    levels = sorted(scored, key=lambda level: (level.score or 0.0, level.position))
    if len(levels) < 2:
        # A choice may do without scores; then every level is an answer like any other.
        levels = list(criterion.levels.all())
    keys = tuple(level.key for level in levels)
    rows = (
        Label.objects.counted()
        .independent()
        .filter(criterion=criterion)
        .annotate(
            item=Coalesce("step_id", "trace_id", "pair_id", "candidate_id", "lineup_id"),
            cluster=Coalesce(
                "step__trace_id", "trace_id", "pair_id", "candidate__step__trace_id", "lineup_id"
            ),
        )
        .order_by("pk")
        .values_list("item", "cluster", "rater_id", "rater__kind", "value")
    )
    columns = tuple(zip(*rows.iterator(chunk_size=10_000), strict=True)) or ((), (), (), (), ())
    items, clusters, raters, kinds, values = columns
    return CriterionLabels(
        criterion=criterion,
        levels=keys,
        items=items,
        clusters=clusters,
        raters=raters,
        kinds=tuple(RaterKind(kind) for kind in kinds),
        values=tuple(value if value in keys else None for value in values),
    )


def judge_forecasts(criterion: Criterion) -> Forecasts:
    """What judges gave as probabilities on this criterion, in labels that count."""
    found: dict[int, list[tuple[int, int, Mapping[str, float]]]] = {}
    rows = (
        Label.objects.counted()
        .filter(criterion=criterion, rater__kind=RaterKind.JUDGE, distribution__isnull=False)
        .annotate(
            item=Coalesce("step_id", "trace_id", "pair_id", "candidate_id", "lineup_id"),
            cluster=Coalesce(
                "step__trace_id", "trace_id", "pair_id", "candidate__step__trace_id", "lineup_id"
            ),
        )
        .order_by("pk")
        .values_list("rater_id", "item", "cluster", "distribution")
    )
    for rater, item, cluster, distribution in rows.iterator(chunk_size=10_000):
        found.setdefault(rater, []).append((item, cluster, distribution or {}))
    return found


def audit_runs(project: Project) -> QuerySet[Run]:
    """The audits of the project's judges, newest first, with what their pages show."""
    return (
        Run.objects.filter(project=project, kind=RunKind.PRELABEL, name=AUDIT)
        .select_related("rater", "criterion")
        .order_by("-pk")
    )


def finished_audits(project: Project) -> QuerySet[Run]:
    """The newest finished audit of each judge and criterion: what an audit cut short says is not used."""
    done = Run.objects.filter(project=project, kind=RunKind.PRELABEL, name=AUDIT, state=RunState.DONE)
    newest = done.values("rater", "criterion").annotate(newest=Max("pk")).order_by().values("newest")
    return Run.objects.filter(pk__in=newest).select_related("rater", "criterion").order_by("pk")


def data_version_of(project: Project) -> str:
    """A digest that changes with every reading, revision, withdrawal, submission and rubric version."""
    labels = Label.objects.independent().filter(rater__project=project)
    seen = labels.aggregate(
        newest=Max("pk"), count=Count("pk"), superseded=Count("pk", filter=Q(is_live=False))
    )
    counted = Label.objects.counted().independent().filter(rater__project=project).count()
    facts = (project.rubric_id, seen["newest"], seen["count"], seen["superseded"], counted)
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def newest_label(project: Project) -> int:
    """Key of the newest label of the project, whether it counts or not."""
    return Label.objects.filter(rater__project=project).aggregate(newest=Max("pk"))["newest"] or 0


def agreement_of(project: Project) -> QuerySet[Estimate]:
    """The stored estimates about raters together, by criterion."""
    return (
        Estimate.objects.filter(project=project, rater=None)
        .select_related("criterion")
        .order_by("criterion__position", "name")
    )


def rater_quality(project: Project) -> QuerySet[Estimate]:
    """The stored accuracies of single raters, by criterion, the most measured first; audits have their own page."""
    return (
        Estimate.objects.filter(project=project, rater__isnull=False)
        .exclude(name__startswith=AUDIT_PREFIX)
        .exclude(name=CALIBRATION)
        .select_related("criterion", "rater__person")
        .order_by("criterion__position", "name", F("n").desc(), "rater__name")
    )


def is_stale(project: Project) -> bool | None:
    """Whether labels have changed since the last measuring; None when nothing has been measured."""
    # An audit asks questions of its own and says nothing of the labels, whenever it ends.
    newest = (
        Estimate.objects.filter(project=project)
        .exclude(name__startswith=AUDIT_PREFIX)
        .order_by("-pk")
        .values_list("data_version", flat=True)
        .first()
    )
    if newest is None:
        return None
    ruler = Ruler.objects.filter(project=project, is_current=True, data_version=newest).first()
    return newest != data_version_of(project) if ruler is None else _is_behind(ruler)


def _is_behind(ruler: Ruler) -> bool:
    """Whether there is anything newer than a ruler that was fitted along: told by two indexes, not by all labels."""
    newer = Label.objects.independent().filter(pk__gt=ruler.newest_label, rater__project=ruler.project_id)
    submitted = Assignment.objects.filter(
        project=ruler.project_id, state=AssignmentState.SUBMITTED, finished_at__gt=ruler.fitted_at
    )
    asked = [question["criterion"] for question in ruler.detail.get("questions", [])]
    asks_otherwise = not Criterion.objects.filter(
        pk__in=asked, rubric__in=Project.objects.filter(pk=ruler.project_id).values("rubric")
    ).exists()
    return newer.exists() or submitted.exists() or asks_otherwise
