"""What the traces' meta data says of a pair or lineup: how often it is asked about, and what its reader must know."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from annotate.assign.filling import said_in_meta
from annotate.assign.rules import QueueRules
from annotate.enums import Scope
from annotate.models import Comparison, Entrant, Pair, Project

SIDES = ("left_trace", "right_trace", "left_step__trace", "right_step__trace")
BETWEEN = "\n"


@dataclass(frozen=True, slots=True)
class Traits:
    """``skill`` names every skill that one of the traces asks for; ``overlap`` is the greatest of their strata's."""

    skill: str
    overlap: int


def traits_of(project: Project, rules: QueueRules, scope: Scope, ids: Sequence[int]) -> dict[int, Traits]:
    """By pair or lineup; one query, and none where nothing of the traces is asked."""
    if not rules.skill_key and not rules.overlap_of:
        return dict.fromkeys(ids, Traits("", project.overlap))
    metas = _metas_of_lineups(ids) if scope == Scope.LINEUP else _metas_of_pairs(ids)
    return {pk: _traits(project, rules, metas.get(pk, ())) for pk in ids}


def skills_met(project: Project, skills: Sequence[str] | None) -> list[str] | None:
    """Of what comparisons of the project ask for, what somebody with these skills meets; None: nothing is asked."""
    if skills is None:
        return None
    own = {"", *skills}
    known = Comparison.objects.filter(project=project).order_by().values_list("skill", flat=True).distinct()
    return [one for one in known if own.issuperset(one.split(BETWEEN))]


def _traits(project: Project, rules: QueueRules, metas: Iterable[Any]) -> Traits:
    found = list(metas)
    skills = {said_in_meta(meta, rules.skill_key) for meta in found} - {""}
    strata = (said_in_meta(meta, rules.stratum_key) for meta in found)
    overlaps = [rules.overlap_for(stratum, project.overlap) for stratum in strata]
    return Traits(BETWEEN.join(sorted(skills)), max(overlaps, default=project.overlap))


def _metas_of_pairs(ids: Sequence[int]) -> Mapping[int, Sequence[Any]]:
    rows = Pair.objects.filter(pk__in=ids).values_list("pk", *(f"{side}__meta" for side in SIDES))
    return {pk: [meta for meta in metas if meta is not None] for pk, *metas in rows}


def _metas_of_lineups(ids: Sequence[int]) -> Mapping[int, Sequence[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for pk, meta in Entrant.objects.filter(lineup__in=ids).values_list("lineup", "trace__meta"):
        found[pk].append(meta)
    return found
