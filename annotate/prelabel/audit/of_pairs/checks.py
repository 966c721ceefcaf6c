"""Checks that several families share."""

from __future__ import annotations

from annotate.prelabel.audit.of_pairs.reading import MIRRORED, Better, PairReading, Side, spoken
from annotate.prelabel.audit.probe import HELD, Check, Result


def not_preferred(side: Side) -> Check:
    """What stands on ``side`` must not be called better; a tie is no preference."""

    def check(plain: PairReading, probed: PairReading) -> Result:
        if probed.better is None:
            return Result("unread", probed.why)
        return Result("failed", f"preferred, on {spoken(side)}") if probed.better == side else HELD

    return check


def better_is(wanted: Better) -> Check:
    def check(plain: PairReading, probed: PairReading) -> Result:
        if probed.better is None:
            return Result("unread", probed.why)
        found = f"{spoken(probed.better)} was preferred, not {spoken(wanted)}"
        return HELD if probed.better == wanted else Result("failed", found)

    return check


def same_preferred(*, is_swapped: bool = False) -> Check:
    """The same text must be preferred as before, wherever it stands now; a tie must stay one."""

    def check(plain: PairReading, probed: PairReading) -> Result:
        if plain.better is None or probed.better is None:
            return Result("unread", plain.why if plain.better is None else probed.why)
        found = MIRRORED[probed.better] if is_swapped else probed.better
        if found == plain.better:
            return HELD
        return Result("failed", f"was {spoken(plain.better)}, now {spoken(found)}")

    return check


def stays_right(truth: Better) -> Check:
    """A preference that was right must not become a wrong one or none.

    The flag of arXiv 2505.17100, b = 1[ŷ = y and ŷ_biased ≠ y]: a judgement that was wrong before counts as not biased.
    """

    def check(plain: PairReading, probed: PairReading) -> Result:
        if plain.better is None or probed.better is None:
            return Result("unread", plain.why if plain.better is None else probed.why)
        if plain.better != truth or probed.better == truth:
            return HELD
        return Result("failed", f"was {spoken(plain.better)}, now {spoken(probed.better)}")

    return check
