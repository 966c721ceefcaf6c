"""Texts given about steps, to be rated: alternatives to a step, and critiques of it. The only writer of candidates."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction

from annotate.enums import CandidateKind
from annotate.errors import Rejected
from annotate.ingest.drafts import CandidateDraft
from annotate.models import Candidate, Rater, Step, Trace

LONGEST = 200_000


@dataclass(frozen=True, slots=True)
class Added:
    created: int
    unchanged: int


@transaction.atomic
def add_candidates(trace: Trace, drafts: Sequence[CandidateDraft]) -> Added:
    """Add texts to the steps of a trace; the same text about the same step is once, whoever it comes from.

    All or nothing: raises Rejected with the row (from 1) and field of the first that cannot be taken.
    """
    # Two that add at once would both count on from one position, and steps may be split or merged: the trace's row lets
    # one of them wait.
    Trace.objects.select_for_update(no_key=True).get(pk=trace.pk)
    steps = dict(Step.objects.filter(trace=trace).values_list("position", "pk"))
    raters = {rater.name: rater for rater in Rater.objects.filter(project=trace.project_id)}
    for row, draft in enumerate(drafts, start=1):
        _check(draft, row, steps, raters)
    created = enter_candidates([(steps[draft.position], draft) for draft in drafts], raters)
    return Added(created, len(drafts) - created)


def enter_candidates(
    rows: Iterable[tuple[int, CandidateDraft]], raters: dict[str, Rater] | None = None
) -> int:
    """Write those that are not there yet, given with the key of their step; how many. Call it in a transaction."""
    wanted = list(rows)
    known = Candidate.objects.filter(step__in={step for step, _ in wanted})
    hashes: set[tuple[int, str, str]] = set()
    following: dict[tuple[int, str], int] = {}
    for step, kind, digest, position in known.values_list("step", "kind", "text_hash", "position"):
        hashes.add((step, kind, digest))
        following[step, kind] = max(following.get((step, kind), 0), position + 1)
    fresh = []
    for step, draft in wanted:
        digest = hashlib.sha256(draft.text.encode()).hexdigest()
        if (step, draft.kind, digest) in hashes:
            continue
        hashes.add((step, draft.kind, digest))
        place = following.get((step, draft.kind), 0)
        following[step, draft.kind] = place + 1
        fresh.append(
            Candidate(
                step_id=step,
                kind=draft.kind,
                position=place,
                text=draft.text,
                text_hash=digest,
                rater=(raters or {}).get(draft.rater),
                source_model=draft.source_model,
                meta=dict(draft.meta),
            )
        )
    Candidate.objects.bulk_create(fresh, batch_size=500)
    return len(fresh)


def _check(draft: CandidateDraft, row: int, steps: dict[int, int], raters: dict[str, Rater]) -> None:
    if draft.position not in steps:
        raise Rejected(f"the trace has {len(steps)} steps, counted from 0", row=row, field="step")
    if draft.kind not in CandidateKind.values:
        raise Rejected(f"is one of {', '.join(CandidateKind.values)}", row=row, field="kind")
    if not draft.text.strip():
        raise Rejected("is empty", row=row, field="text")
    if len(draft.text) > LONGEST or "\x00" in draft.text:
        raise Rejected(f"has at most {LONGEST} characters and no NUL", row=row, field="text")
    if draft.rater and draft.rater not in raters:
        raise Rejected(f"the project has no rater {draft.rater}", row=row, field="rater")
