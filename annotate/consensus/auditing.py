"""A few traces drawn by lot are read by people whatever a run decided of them; they say how wrong what it kept is."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import QuerySet
from django.utils.crypto import salted_hmac

from annotate.assign.manage.actions import read_also
from annotate.consensus.evidence import question_of
from annotate.consensus.gathering import first_error
from annotate.consensus.rulings import REVIEWED
from annotate.enums import Action, AssignmentState, Purpose, RaterKind, Verdict
from annotate.models import Audited, Consensus, Label, Run, Trace
from annotate.stats.locate.audit import AuditEstimate, audit_sample, audited_error

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Audit:
    """``n_drawn`` traces, of which people have read ``n_read`` since.

    ``estimate`` is of the steps that the run kept by itself, ``n_kept`` in all, and says of how many of those that
    were read the readers could not tell. Those read so far are taken for a random part of those drawn.
    """

    share: float
    n_drawn: int
    n_read: int
    n_kept: int
    estimate: AuditEstimate

    def as_json(self) -> dict[str, Any]:
        found = self.estimate
        return {
            "share": self.share,
            "n_drawn": self.n_drawn,
            "n_read": self.n_read,
            "n_kept": self.n_kept,
            "n_steps": found.n_steps,
            "n_open": found.n_open,
            "error": found.error,
            "low": found.low,
            "high": found.high,
            "least": found.least,
            "most": found.most,
            "reason": found.reason,
        }


def draw_audit(run: Run, share: float) -> dict[str, object]:
    """Draw traces of the ordinary queue and have them read; what to note of it. Call it in the run's transaction.

    The seed is the site's secret of the run: the same again, and nobody can work out which traces it will be. To be
    called once the run's decisions are written.
    """
    if not run.criterion.is_asked:
        return {"share": share, "n": 0, "reason": "people are not asked about this criterion"}
    seed = int.from_bytes(salted_hmac("annotate.consensus.audit", str(run.pk)).digest()[:4])
    ids = np.array(_able(run), dtype=np.int64)
    drawn = ids[audit_sample(len(ids), share=share, seed=seed)].tolist()
    Audited.objects.bulk_create(Audited(run=run, trace_id=trace) for trace in drawn)
    read_also(run.project, drawn)
    n_kept = _kept(run).exclude(step__trace__turn__use__in=_APART).count()
    return {"share": share, "n": len(drawn), "n_kept": n_kept}


def audit_of(run: Run) -> Audit | None:
    """What the audit says so far; None for runs without one. The first reading since the draw counts."""
    noted = run.summary.get("audit")
    if not noted or not noted.get("n"):
        return None
    traces = list(Audited.objects.filter(run=run).values_list("trace_id", flat=True))
    n_kept = int(noted["n_kept"])
    readings = _readings(run, traces)
    owner: list[int] = []
    wrong: list[bool | None] = []
    is_verdict = {Verdict.GOOD, Verdict.BAD} <= set(question_of(run.criterion).levels)
    is_located = is_verdict and run.settings.get("stops_at_first_error", True)
    decided = _kept(run).filter(step__trace__in=readings).order_by("step__trace", "step__position")
    lengths = dict(Trace.objects.filter(pk__in=readings).values_list("pk", "n_steps"))
    for trace, place, value in decided.values_list("step__trace_id", "step__position", "value"):
        owner.append(trace)
        wrong.append(_is_wrong(readings[trace], place, value, lengths[trace], is_located=is_located))
    estimate = (
        audited_error(
            np.array(owner, dtype=np.int64),
            np.array([one is True for one in wrong], dtype=np.bool_),
            np.array([one is None for one in wrong], dtype=np.bool_),
        )
        if readings
        else AuditEstimate(None, None, None, 0, 0, "no drawn trace has been read yet")
    )
    return Audit(float(noted["share"]), len(traces), len(readings), n_kept, estimate)


_APART = (Purpose.GOLD, Purpose.EXAM, Purpose.DEMO, Purpose.WITHDRAWN)


def _able(run: Run) -> list[int]:
    traces = Trace.objects.filter(project=run.project_id).exclude(turn__use__in=_APART)
    return list(traces.order_by("pk").values_list("pk", flat=True))


def _kept(run: Run) -> QuerySet[Consensus]:
    return Consensus.objects.filter(run=run, action=Action.KEEP, step__retired_in=None).exclude(
        reason=REVIEWED.key
    )


def _readings(run: Run, traces: list[int]) -> dict[int, dict[int, str]]:
    """By trace: the levels by place of the first reading that was submitted since the draw."""
    said: dict[int, dict[int, dict[int, str]]] = defaultdict(lambda: defaultdict(dict))
    order: dict[int, list[int]] = defaultdict(list)
    for start in range(0, len(traces), _AT_ONCE):
        labels = Label.objects.counted().filter(
            criterion=run.criterion_id,
            rater__kind=RaterKind.PERSON,
            step__trace__in=traces[start : start + _AT_ONCE],
            step__retired_in=None,
            assignment__purpose=Purpose.WORK,
            assignment__state=AssignmentState.SUBMITTED,
            assignment__finished_at__gt=run.finished_at,
        )
        rows = labels.order_by("assignment__finished_at", "assignment").values_list(
            "step__trace_id", "assignment_id", "step__position", "value"
        )
        for trace, reading, place, value in rows:
            if reading not in order[trace]:
                order[trace].append(reading)
            said[trace][reading][place] = "" if value == Verdict.UNSURE else value
    return {trace: said[trace][readings[0]] for trace, readings in order.items()}


def _is_wrong(
    levels: dict[int, str], place: int, value: str, length: int, *, is_located: bool
) -> bool | None:
    """None where the reader left it open."""
    if not is_located:
        return levels[place] != value if levels.get(place) else None
    error = first_error(levels, length)
    if error is None:
        # They left a step open: what they said of this one still holds, if no error comes before it.
        level = levels.get(place)
        return (level == Verdict.BAD) != (value == Verdict.BAD) if level else None
    is_error = place == error
    is_behind = 0 <= error < place
    return is_behind or is_error != (value == Verdict.BAD)
