"""What the audit page shows of the project's judges, and of one of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet

from annotate.enums import RaterKind, RunState, UnitState
from annotate.measure.audit import Trust, trust_of
from annotate.measure.queries import AUDIT_PREFIX, CALIBRATION, audit_runs
from annotate.models import Criterion, Estimate, Project, Rater, Run
from annotate.prelabel.audit.family import FamilyEntry
from annotate.prelabel.audit.kinds import TRACES, AuditKind, kind_asked_about


@dataclass(frozen=True, slots=True)
class Rate:
    """One family's estimate beside what the gate wants of it (None: nothing)."""

    family: FamilyEntry
    estimate: Estimate
    wanted: float | None

    @property
    def is_missed(self) -> bool:
        rate, wanted = self.estimate.value, self.wanted
        if rate is None or wanted is None:
            return False
        return rate > wanted if self.family.is_bias else rate < wanted

    @property
    def worst(self) -> list[tuple[str, int, int]]:
        """The questions that failed, the most often failed first: (question, failed, asked)."""
        counts = self.estimate.detail.get("variants", {}).items()
        failed = [(name, bad, held + bad) for name, (held, bad) in counts if bad]
        return sorted(failed, key=lambda row: (-row[1], row[0]))


@dataclass(frozen=True, slots=True)
class JudgeReport:
    """``run`` is the newest audit, with ``n_done`` of ``n_units`` settled; ``rates`` are of the newest finished one.

    ``noun`` is what the judge is asked about: traces or pairs.
    """

    rater: Rater
    noun: str
    trust: Trust
    rates: tuple[Rate, ...]
    calibrations: tuple[Estimate, ...]
    run: Run | None = None
    n_units: int = 0
    n_done: int = 0

    @property
    def is_running(self) -> bool:
        return self.run is not None and not self.run.is_over

    @property
    def is_waiting(self) -> bool:
        """Whether the audit is open and no worker has taken it up."""
        return self.run is not None and self.run.state == RunState.QUEUED

    @property
    def can_run(self) -> bool:
        """Whether the judge is one that runs here: labels from a file bring no judge to ask."""
        return {"strategy", "backend", "settings"} <= self.rater.config.keys()

    @property
    def is_cut_short(self) -> bool:
        return self.run is not None and self.run.state in (RunState.FAILED, RunState.CANCELLED)

    @property
    def groups(self) -> list[tuple[str, list[Rate]]]:
        """The rates by kind of question, in the report's order."""
        by_group: dict[str, list[Rate]] = {}
        for rate in self.rates:
            by_group.setdefault(rate.family.group, []).append(rate)
        return list(by_group.items())


def judge_reports(project: Project) -> list[JudgeReport]:
    """Every judge of the project, by name."""
    return list(_reports(project, project.raters.filter(kind=RaterKind.JUDGE)))


def judge_report(rater: Rater) -> JudgeReport:
    return next(_reports(rater.project, Rater.objects.filter(pk=rater.pk)))


def audited_criterion(rater: Rater) -> Criterion | None:
    """The question the judge labels: that of its newest run."""
    run = rater.runs.select_related("criterion__rubric").order_by("-pk").first()
    return run.criterion if run else None


def _reports(project: Project, raters: QuerySet[Rater]) -> Iterator[JudgeReport]:
    measured: dict[int, list[Estimate]] = defaultdict(list)
    wanted = Q(name__startswith=AUDIT_PREFIX) | Q(name=CALIBRATION)
    for estimate in Estimate.objects.filter(wanted, rater__in=raters).select_related("criterion"):
        assert estimate.rater_id is not None
        measured[estimate.rater_id].append(estimate)
    newest: dict[int | None, Any] = {}
    settled = Count("units", filter=~Q(units__state__in=(UnitState.PENDING, UnitState.RUNNING)))
    runs = audit_runs(project).filter(rater__in=raters).annotate(n_units=Count("units"), n_done=settled)
    for run in runs:
        newest.setdefault(run.rater_id, run)
    for rater in raters.order_by("name"):
        estimates, newest_run = measured[rater.pk], newest.get(rater.pk)
        kind = _kind(newest_run, estimates)
        yield JudgeReport(
            rater,
            kind.noun,
            trust_of(estimates, project.judge_gate),
            tuple(_rates(kind, estimates, project.judge_gate)),
            tuple(one for one in estimates if one.name == CALIBRATION),
            newest_run,
            newest_run.n_units if newest_run else 0,
            newest_run.n_done if newest_run else 0,
        )


def _kind(run: Run | None, estimates: list[Estimate]) -> AuditKind:
    asked = [run.criterion] if run else [estimate.criterion for estimate in estimates]
    return kind_asked_about(asked[0].scope) if asked else TRACES


def _rates(kind: AuditKind, estimates: list[Estimate], gate: dict[str, float]) -> Iterator[Rate]:
    held = {
        one.name.removeprefix(AUDIT_PREFIX): one for one in estimates if one.name.startswith(AUDIT_PREFIX)
    }
    for name, family in kind.families.items():
        if name in held:
            yield Rate(family, held[name], gate.get(name))
