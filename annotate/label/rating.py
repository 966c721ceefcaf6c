"""The texts about a trace's steps that people are asked about, and when they are done with them.

For completeness a question about candidates is one place at its step: answered once every text of its kind there is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from annotate.enums import CandidateKind, CriterionKind, Scope
from annotate.models import Candidate, Criterion

from .completeness import Answer, Place

# Criterion and candidate.
Rated = tuple[int, int]


@dataclass(frozen=True)
class Texts:
    """The candidates of one trace, and the positions of its steps by their keys."""

    candidates: Sequence[Candidate] = ()
    position_of: Mapping[int, int] | None = None

    @cached_property
    def by_place(self) -> dict[tuple[int, str], list[Candidate]]:
        """By step position and kind, in their order."""
        found: dict[tuple[int, str], list[Candidate]] = {}
        for one in self.candidates:
            found.setdefault((self.position(one), one.kind), []).append(one)
        return found

    def position(self, candidate: Candidate) -> int:
        """Of the candidate's step."""
        assert self.position_of is not None
        return self.position_of[candidate.step_id]

    def at(self, position: int, kind: str) -> list[Candidate]:
        return self.by_place.get((position, kind), [])

    def places_of(self, criterion: Criterion) -> frozenset[int] | None:
        """Where there is something to rate or to pick from; None: the question is about every step."""
        kind = CandidateKind.ALTERNATIVE if criterion.kind == CriterionKind.PICK else criterion.candidate_kind
        return frozenset(at for at, at_kind in self.by_place if at_kind == kind) if kind else None

    def unrated(
        self, criterion: Criterion, position: int | None, rated: Mapping[Rated, Answer]
    ) -> list[Candidate]:
        """What still needs a rating, or the words that its level asks for."""
        if criterion.scope != Scope.CANDIDATE or position is None:
            return []
        texts = self.at(position, criterion.candidate_kind)
        wordy = {level.key for level in criterion.levels.all() if level.needs_text}
        return [one for one in texts if not _is_done(rated.get((criterion.pk, one.pk)), wordy)]

    def together(
        self, criteria: Iterable[Criterion], answers: Mapping[Place, Answer], rated: Mapping[Rated, Answer]
    ) -> dict[Place, Answer]:
        """The answers, with one for every step whose candidates are all rated."""
        together = dict(answers)
        for criterion in criteria:
            if criterion.scope != Scope.CANDIDATE:
                continue
            for position in self.places_of(criterion) or ():
                if not self.unrated(criterion, position, rated):
                    together[criterion.pk, position] = Answer("", "")
        return together


def _is_done(said: Answer | None, needs_text: Collection[str]) -> bool:
    return said is not None and (bool(said.text) or said.value not in needs_text)


def candidates_for(
    trace_id: int, criteria: Iterable[Criterion], *, with_texts: bool = True
) -> tuple[Candidate, ...]:
    """The texts about the trace's steps that people are asked about; no query where they are not.

    Who only writes ratings needs to know that they are there, and not what they say.
    """
    asked = [one for one in criteria if one.is_asked]
    kinds = {one.candidate_kind for one in asked if one.scope == Scope.CANDIDATE}
    if any(one.kind == CriterionKind.PICK for one in asked):
        kinds.add(CandidateKind.ALTERNATIVE)
    if not kinds:
        return ()
    found = Candidate.objects.filter(step__trace_id=trace_id, step__retired_in=None, kind__in=kinds)
    if not with_texts:
        found = found.defer("text", "meta")
    return tuple(found.order_by("step", "kind", "position"))
