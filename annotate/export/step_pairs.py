"""Which of two ways to take a step people prefer, from what they said of the step and of the texts beside it (pure).

Four things say so: a correction beats the step it corrects; an alternative that is called better than the step, or
worse; two ratings on one scale, of the step and of alternatives, by one person (PRM800K's own ratings among them);
and an alternative picked, or written, in the place of a bad step. Equal ratings are ties; what somebody could not
tell is no vote. What a reviewer decided stands in place of what people said.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from annotate.consensus.preferences import Votes
from annotate.enums import CandidateKind, CriterionKind, Scope, Verdict
from annotate.export.contracts import LabelledRow, RaterRow, SaidRow, StepRow
from annotate.export.settled import decided_in, settled
from annotate.models import Criterion

CORRECTION, COMPARISON, RATING, PICK = "correction", "comparison", "rating", "pick"
ORIGINS = (CORRECTION, COMPARISON, RATING, PICK)
PRM800K = "prm800k"
_RATINGS = {1: 1.0, 0: 0.0, -1: -1.0}


@dataclass(slots=True)
class StepPair:
    """Two texts for the step at ``position``, and by rater which is better: 1 the left, -1 the right, 0 neither."""

    position: int
    left: str
    right: str
    said: dict[RaterRow, int] = field(default_factory=dict)
    origins: set[str] = field(default_factory=set)

    @property
    def votes(self) -> Votes:
        signs = Counter(self.said.values())
        return Votes(signs[1], signs[0], signs[-1])


class _Pairs:
    def __init__(self) -> None:
        self.found: dict[tuple[int, str, str], StepPair] = {}

    def say(self, rater: RaterRow, position: int, one: str, other: str, sign: int, origin: str) -> None:
        """``sign`` is 1 where ``one`` is better. The same text is no alternative to itself."""
        if one.strip() == other.strip():
            return
        left, right = sorted((one, other))
        pair = self.found.setdefault((position, left, right), StepPair(position, left, right))
        # A person who says it in two ways has one vote, the first.
        pair.said.setdefault(rater, sign if left == one else -sign)
        pair.origins.add(origin)


def step_pairs(row: LabelledRow, levels: Mapping[int, Mapping[str, float | None]]) -> list[StepPair]:
    """The pairs of a trace, in the order of its steps. ``levels`` are each criterion's levels with their scores."""
    pairs = _Pairs()
    texts = {one.pk: one for one in row.candidates if one.kind == CandidateKind.ALTERNATIVE}
    at: dict[int, dict[int, str]] = defaultdict(dict)
    for one in texts.values():
        at[one.position][one.number] = one.text
    verdicts: dict[tuple[RaterRow, int], float] = {}
    ratings: dict[tuple[RaterRow, int], dict[str, float]] = defaultdict(dict)
    people = settled(row.said)
    for said in people:
        if (position := said.position) is None:
            continue
        step = row.trace.steps[position]
        score = levels[said.criterion.pk].get(said.value)
        if said.criterion.scope == Scope.STEP and said.criterion.kind == CriterionKind.VERDICT:
            if score is not None and rates(levels[said.criterion.pk]):
                verdicts.setdefault((said.rater, position), score)
        elif said.criterion.scope == Scope.CANDIDATE and said.candidate in texts and score is not None:
            text = texts[said.candidate].text
            if rates(levels[said.criterion.pk]):
                ratings[said.rater, position][text] = score
            elif _compares(said.criterion, levels):
                pairs.say(said.rater, position, text, step.body, (score > 0) - (score < 0), COMPARISON)
        elif said.criterion.kind == CriterionKind.CORRECTION and said.text.strip():
            pairs.say(said.rater, position, said.text, step.body, 1, CORRECTION)
    ruled = {
        (said.position, texts[said.candidate].text): score
        for said in decided_in(row.said).values()
        if said.candidate in texts and rates(levels[said.criterion.pk])
        if (score := levels[said.criterion.pk].get(said.value)) is not None
    }
    _brought_along(row, ratings, {said.rater for said in people}, ruled)
    _from_ratings(row, pairs, verdicts, ratings)
    for said in people:
        if said.criterion.kind == CriterionKind.PICK and said.position is not None:
            _from_pick(said, row.trace.steps[said.position], at[said.position], verdicts, pairs)
    return sorted(pairs.found.values(), key=lambda pair: pair.position)


def rates(levels: Mapping[str, float | None]) -> bool:
    """Whether these are the levels of a verdict, so that a step and an alternative to it stand on one scale."""
    return {Verdict.GOOD.value, Verdict.BAD.value} <= set(levels)


def _compares(criterion: Criterion, levels: Mapping[int, Mapping[str, float | None]]) -> bool:
    """Whether an answer says which of the two is better: some levels are above 0, some below."""
    known = [score for score in levels[criterion.pk].values() if score is not None]
    return bool(known) and min(known) < 0 < max(known)


def _brought_along(
    row: LabelledRow,
    ratings: dict[tuple[RaterRow, int], dict[str, float]],
    raters: set[RaterRow],
    ruled: Mapping[tuple[int | None, str], float],
) -> None:
    """The ratings of proposals that PRM800K keeps in the steps' meta, by labeler; what was decided wins."""
    by_name = {rater.own_name: rater for rater in raters}
    for step in row.trace.steps:
        kept = step.meta.get(PRM800K)
        for labeler, told in kept.items() if isinstance(kept, Mapping) else ():
            rater = by_name.get(f"{PRM800K}/{labeler}")
            if rater is None or not isinstance(told, Mapping):
                continue
            for text, rating in _proposals(told.get("alternatives")):
                ratings[rater, step.position].setdefault(text, ruled.get((step.position, text), rating))


def _proposals(kept: Any) -> Iterator[tuple[str, float]]:
    for one in kept if isinstance(kept, list) else ():
        if isinstance(one, Mapping) and isinstance(one.get("text"), str):
            rating = one.get("rating")
            if isinstance(rating, int) and not isinstance(rating, bool) and rating in _RATINGS:
                yield one["text"], _RATINGS[rating]


def _from_ratings(
    row: LabelledRow,
    pairs: _Pairs,
    verdicts: Mapping[tuple[RaterRow, int], float],
    ratings: Mapping[tuple[RaterRow, int], Mapping[str, float]],
) -> None:
    for (rater, position), rated in ratings.items():
        own = verdicts.get((rater, position))
        known = list(rated.items())
        if own is not None:
            known.append((row.trace.steps[position].body, own))
        for (one, score), (other, theirs) in combinations(known, 2):
            pairs.say(rater, position, one, other, (score > theirs) - (score < theirs), RATING)


def _from_pick(
    said: SaidRow,
    step: StepRow,
    alternatives: Mapping[int, str],
    verdicts: Mapping[tuple[RaterRow, int], float],
    pairs: _Pairs,
) -> None:
    """What was picked is better than the other alternatives, and than the step where that is bad."""
    written = said.text if not said.value else ""
    picked = written or alternatives.get(int(said.value) if said.value.isdecimal() else -1, "")
    if not picked.strip():
        return
    for text in alternatives.values():
        pairs.say(said.rater, step.position, picked, text, 1, PICK)
    if verdicts.get((said.rater, step.position), 0) < 0:
        pairs.say(said.rater, step.position, picked, step.body, 1, PICK)
