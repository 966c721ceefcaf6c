"""Readers made up by a stated model that is not the fitted one, for traces whose machines are real.

A reader sees an error with a probability that falls with a hidden difficulty of the trace, and then names a place off
by rounded Student noise of two degrees of freedom; whoever misses it finds no error. A sound trace is cleared, or an
error is imagined at any step. Difficulty is greater where fresh attempts at the question fail.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tests.benchmarks.real.signals import Heard


@dataclass(frozen=True, slots=True)
class Reader:
    name: str
    seen: float = 0.93
    spread: float = 0.3
    clears: float = 0.95
    share: float = 0.1


PEOPLE = tuple(Reader(f"person-{i}") for i in range(1, 5))


def read(reader: Reader, traces: Sequence[Heard], rng: np.random.Generator) -> dict[int, int]:
    """By trace index: the place of the first error as the reader sees it, −1 for none; those they were given alone."""
    found = {}
    for one in traces:
        hits, tries = one.rollouts[0]
        hidden = rng.normal(0, 1) - 1.5 * ((hits + 1) / (tries + 2) - 0.7)
        given, sees, noise, imagined = rng.random(), rng.random(), rng.standard_t(2), rng.integers(one.length)
        if given >= reader.share:
            continue
        able = reader.clears if one.truth < 0 else reader.seen
        ability = np.log(able / (1 - able))
        sharp = sees < 1 / (1 + np.exp(-(ability - 0.6 * hidden)))
        if one.truth < 0:
            found[one.index] = -1 if sharp else int(imagined)
        elif sharp:
            found[one.index] = int(
                np.clip(abs(one.truth + np.rint(noise * reader.spread)), 0, one.length - 1)
            )
        else:
            found[one.index] = -1
    return found
