"""A judge of pairs whose audit is over, with the counts a test wants."""

from __future__ import annotations

from annotate.enums import RunState, UnitState
from annotate.ingest.founding import add_criteria
from annotate.ingest.presets import READY_MADE
from annotate.measure.actions import record_audit
from annotate.models import Project, Rater, Run, Unit
from annotate.prelabel.actions import open_run
from annotate.prelabel.audit.actions import audits_of
from annotate.prelabel.audit.counts import FamilyCounts
from annotate.prelabel.audit.kinds import PAIRS
from annotate.prelabel.audit.probe import HELD, Result
from tests.factories import a_pair, a_trace


def an_audited_judge_of_pairs(project: Project, **families: tuple[int, int]) -> Rater:
    """``families`` say how often each held and failed over one pair; a second one failed."""
    add_criteria(project, READY_MADE["preference"], as_new_version=True)
    for name in ("one", "two"):
        first = a_trace(project, texts=[f"{name}, this way"])
        a_pair(
            first,
            a_trace(project, texts=[f"{name}, that way"], problem=first.problem),
            external_id=f"pair-of-{name}",
        )
    rater = open_run(project, strategy="judge/pairwise", backend="scripted:").rater
    assert rater is not None
    counts = {name: FamilyCounts() for name in PAIRS.families}
    for name, (held, failed) in families.items():
        for result in [HELD] * held + [Result("failed", "moved")] * failed:
            counts[name].add(result, "a question", "what was asked")
    run = audits_of(rater).get()
    Unit.objects.filter(run=run).update(state=UnitState.FAILED)
    told = Unit.objects.filter(run=run, pair__external_id="pair-of-one")
    told.update(
        state=UnitState.DONE,
        findings={"summary": {"families": {name: one.as_json() for name, one in counts.items()}}},
    )
    Run.objects.filter(pk=run.pk).update(state=RunState.DONE)
    run.refresh_from_db()
    record_audit(run)
    return rater
