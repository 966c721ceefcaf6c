"""Read what a rollout or a judge's label was made of from the evidence stored with it (pure).

What is stored comes from strategies of several versions and from files: whatever does not have the known form is read
as nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard

from annotate.consensus.contracts import Critique, Tally
from annotate.consensus.readings import NO_ERROR
from annotate.enums import Verdict

_LEVELS = {"right": Verdict.GOOD.value, "wrong": Verdict.BAD.value, "unsure": ""}


def tally_in(evidence: Mapping[str, Any]) -> Tally | None:
    """The counts of a rollout label; None where its evidence holds none."""
    hits, misses = evidence.get("hits"), evidence.get("misses")
    share, n = evidence.get("self_confidence"), evidence.get("self_confidence_n")
    passes = (0, 0)
    if isinstance(share, int | float) and _is_count(n) and 0 <= share <= 1:
        passes = (round(share * n), n)
    if _is_count(hits) and _is_count(misses):
        return Tally(hits, hits + misses, *passes)
    return Tally(0, 0, *passes) if passes[1] else None


def critiques_in(evidence: Mapping[str, Any]) -> tuple[Critique, ...]:
    """The answers that a judge's label was merged from, those that could be read.

    Empty where the steps have been cut anew since: the places they name are no longer those of the trace.
    """
    votes = evidence.get("votes")
    if not isinstance(votes, list) or "recut" in evidence:
        return ()
    return tuple(one for one in map(_critique, votes) if one is not None)


def _critique(vote: Any) -> Critique | None:
    if not isinstance(vote, Mapping) or not _is_count(vote.get("sample")) or "unread" in vote:
        return None
    if "first_error" in vote:
        where = vote["first_error"]
        if where is None:
            return Critique(vote["sample"], first_error=NO_ERROR)
        return Critique(vote["sample"], first_error=where) if _is_count(where) else None
    says = vote.get("says")
    return Critique(vote["sample"], says=_LEVELS.get(says, says)) if isinstance(says, str) else None


def _is_count(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
