"""Made-up raters with known habits over steps with known levels, for the policies that learn of their raters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotate.consensus.contracts import TraceEvidence, Voter
from annotate.enums import RaterKind
from tests.annotate.consensus.policies.evidence import a_corpus_of

_VERDICT = frozenset({"verdict"})
LETTERS = "bng"


@dataclass(frozen=True, slots=True)
class Crowd:
    """``voters`` come in this order: fair, strict, guessing, flipped, then two more that are fair."""

    traces: list[TraceEvidence]
    voters: tuple[Voter, ...]
    truth: str


def a_crowd(*, seed: int, n: int = 400) -> Crowd:
    """Levels follow a smooth quality; every rater sees it with noise and cuts it at their own marks."""
    rng = np.random.default_rng(seed)
    quality = rng.normal(0, 1.5, n)
    truth = _cut(quality, 0.0)
    names = ("fair", "strict", "guessing", "flipped", "sound", "steady")
    voters = tuple(Voter(20 + i, name, RaterKind.PERSON, _VERDICT) for i, name in enumerate(names))
    said = {
        "fair": _cut(quality + rng.normal(0, 0.5, n), 0.0),
        "strict": _cut(quality + rng.normal(0, 0.5, n), -0.7),
        "guessing": "".join(LETTERS[i] for i in rng.integers(0, 3, n)),
        "flipped": _cut(-quality + rng.normal(0, 0.5, n), 0.0),
        "sound": _cut(quality + rng.normal(0, 0.5, n), 0.0),
        "steady": _cut(quality + rng.normal(0, 0.5, n), 0.0),
    }
    traces = a_corpus_of({voter: said[voter.name] for voter in voters})
    return Crowd(traces, voters, truth)


def _cut(quality: np.ndarray, shift: float) -> str:
    return "".join(LETTERS[i] for i in np.digitize(quality + shift, (-0.6, 0.6)))
