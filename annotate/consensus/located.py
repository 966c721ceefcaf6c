"""A fitted posterior over first errors, and whose labels it reads (pure)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from annotate.consensus.base_models import Origin
from annotate.consensus.contracts import TraceEvidence, Voter
from annotate.consensus.gathering import Gathered
from annotate.enums import RaterKind
from annotate.stats.codes import BoolArray
from annotate.stats.locate.evidence import JUDGE, PERSON, VERIFIER, Evidence, Raters
from annotate.stats.locate.fit import LocationFit
from annotate.stats.locate.newcomers import joined_by
from annotate.stats.locate.result import LocationPosterior

KINDS = {RaterKind.PERSON: PERSON, RaterKind.JUDGE: JUDGE, RaterKind.VERIFIER: VERIFIER}
# Raters that every fit holds without a reading of theirs, so that it knows what to take a newcomer of the kind for.
SOMEBODY = {RaterKind.PERSON: -1, RaterKind.JUDGE: -2, RaterKind.VERIFIER: -3}


@dataclass(frozen=True)
class Located:
    """``raters`` are the fit's in its order, ids of rows and of `SOMEBODY`; ``levels`` those of the question.

    ``is_learned`` is False where every table is the one assumed: then it is good for showing, not for keeping.
    """

    fit: LocationFit
    raters: tuple[int, ...]
    levels: tuple[str, ...]
    rollout_criterion: str
    with_machines: bool = True
    origins: Mapping[int, Origin] = field(default_factory=dict)

    @property
    def is_learned(self) -> bool:
        return self.fit.n_gold + self.fit.n_others > 0

    @cached_property
    def codes(self) -> dict[int, int]:
        return {rater: code for code, rater in enumerate(self.raters)}

    def heard(self, traces: Iterable[TraceEvidence]) -> Gathered:
        found = Gathered(self.codes, self.levels, self.rollout_criterion, self.with_machines)
        for trace in traces:
            found.add(trace)
        return found

    def believed(self, traces: Iterable[TraceEvidence]) -> Believed:
        """What is believed of these traces, from the labels they hold and what reviewers have decided."""
        gathered = self.heard(traces)
        evidence = gathered.evidence(self.fit.model.raters).without_gold()
        posterior = self.fit.posterior(evidence)
        return Believed(evidence, conditioned(posterior, gathered.ruled_out(posterior.layout)), gathered)

    def strangers(self, kinds: Mapping[int, RaterKind]) -> dict[int, RaterKind]:
        """Those among these raters that the fit would hear and does not know."""
        return {rater: kind for rater, kind in kinds.items() if kind in SOMEBODY and rater not in self.codes}

    def met(self, kinds: Mapping[int, RaterKind], origins: Mapping[int, Origin]) -> Located:
        """With the raters among these that the fit does not know; ``origins`` are those of the machines among them.

        The same machine drawn again is taken for the one that the fit knows, and for more votes of it. Everybody else
        is taken for an average one of their kind, machines in the family of their base model.
        """
        new = self.strangers(kinds)
        if not new:
            return self
        machines: dict[str, int] = {}
        families: dict[str, int] = {}
        for rater, code in self.codes.items():
            origin = self.origins.get(rater, Origin())
            machines.setdefault(origin.machine, code)
            families.setdefault(origin.family, code)
        like, family = [], []
        for number, (rater, kind) in enumerate(new.items(), len(self.raters)):
            origin = origins.get(rater, Origin())
            known = machines.get(origin.machine) if origin.machine else None
            relative = families.setdefault(origin.family, number) if origin.family else number
            like.append(self.codes[SOMEBODY[kind]] if known is None else known)
            family.append(known if known is not None else relative if relative != number else -1)
        fit = joined_by(self.fit, like, family)
        return replace(self, fit=fit, raters=(*self.raters, *new), origins={**self.origins, **origins})


@dataclass(frozen=True, slots=True)
class Believed:
    evidence: Evidence
    posterior: LocationPosterior
    gathered: Gathered

    @property
    def has_signal(self) -> BoolArray:
        """(n_traces,) Whether anybody, or any rollout, speaks of the trace."""
        found = np.zeros(self.evidence.n_traces, dtype=np.bool_)
        for name in self.evidence.SOURCES:
            found[getattr(self.evidence, name).trace] = True
        return found


def conditioned(posterior: LocationPosterior, is_out: BoolArray) -> LocationPosterior:
    """Without the places that are ruled out; unchanged where that would leave nothing of a trace."""
    if not is_out.any():
        return posterior
    layout = posterior.layout
    left = np.where(is_out, 0.0, posterior.probability)
    total = layout.total(left)
    has = (total > 0)[layout.trace]
    scaled = left / np.where(total > 0, total, 1.0)[layout.trace]
    return LocationPosterior(layout, np.where(has, scaled, posterior.probability))


def heard_voters(voters: Sequence[Voter], criterion: str, *, with_machines: bool) -> list[Voter]:
    """Whose labels place errors: people, judges and verifiers who labelled by the criterion."""
    kinds: Collection[RaterKind] = KINDS if with_machines else (RaterKind.PERSON,)
    return [v for v in voters if v.kind in kinds and criterion in v.criteria]


def raters_of(voters: Sequence[Voter]) -> tuple[tuple[int, ...], Raters]:
    """The ids in order, `SOMEBODY` of each kind behind them, and kinds and families for the fit."""
    ids = (*(v.rater for v in voters), *SOMEBODY.values())
    kinds = [KINDS[v.kind] for v in voters] + [KINDS[kind] for kind in SOMEBODY]
    numbers: dict[str, int] = {}
    families = [numbers.setdefault(v.family or f"={v.rater}", len(numbers)) for v in voters]
    families += [len(numbers) + i for i in range(len(SOMEBODY))]
    return ids, Raters.of(kinds, families)
