"""What the numbers of a rater come to, as flags that pages turn into sentences.

A flag is a small JSON object: ``code`` and what goes into its sentence. Nothing here is a verdict about a person: each
says what was seen, and the page says beside it how sure that is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from annotate.measure.ruler.cells import Cell

FEW = 10
"""Shared labels below which nothing is said of a rater."""
SURE = 1.96
VERY_SURE = 3.0
NOTABLE = 0.25
"""Levels by which a rater must be off for it to be worth saying."""
NOISY, TAME = 1.3, 0.7
"""Mean squares between which a rater is as consistent as raters are."""
UNIFORM = 0.98

Flag = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Fit:
    """Infit with its z; None where it is undefined."""

    infit: float | None
    z: float | None

    @property
    def is_random(self) -> bool:
        return self.infit is not None and self.z is not None and self.infit > NOISY and self.z > VERY_SURE

    @property
    def is_consistent(self) -> bool:
        return self.infit is not None and (self.infit <= NOISY or (self.z or 0.0) < SURE)


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of one rater when flags are made. ``by`` levels it answers higher than a rater of average severity.

    ``questions`` are (title, fit, cell) of each question with enough labels; ``windows`` its drift.
    """

    n: int
    n_shared: int
    severity: float | None
    se: float | None
    by: float
    fit: Fit
    uniform: float
    expected_uniform: float
    questions: Sequence[tuple[str, Fit]]
    windows: Sequence[Cell]


def flags_of(seen: Seen) -> list[Flag]:
    """In the order in which they should be read."""
    if seen.n_shared < FEW or seen.severity is None or seen.se is None:
        return [{"code": "few", "n": seen.n_shared}]
    found: list[Flag] = []
    random = [title for title, fit in seen.questions if fit.is_random]
    if seen.fit.is_random and len(random) in (0, len(seen.questions)):
        found.append({"code": "random"})
    else:
        found += [{"code": "random_on", "question": title} for title in random]
    if seen.uniform >= UNIFORM and seen.n >= 3 * FEW and seen.expected_uniform < UNIFORM - 0.05:
        found.append({"code": "uniform", "share": round(seen.uniform, 3)})
    if abs(seen.by) >= NOTABLE and seen.se > 0 and abs(seen.severity / seen.se) >= SURE:
        code = "strict" if seen.by < 0 else "lenient"
        found.append({"code": code, "by": round(abs(seen.by), 2), "is_consistent": seen.fit.is_consistent})
    if (drift := _drift(seen.windows)) is not None:
        found.append(drift)
    tame = seen.fit.infit is not None and seen.fit.infit < TAME and (seen.fit.z or 0.0) < -VERY_SURE
    if tame and not found:
        found.append({"code": "tame"})
    return found or [{"code": "fine"}]


def _drift(windows: Sequence[Cell]) -> Flag | None:
    """From the first stretch to the last, where that is more than chance and enough to matter."""
    if len(windows) < 2:
        return None
    first, last = windows[0], windows[-1]
    moved = last.shift - first.shift
    error = (first.se**2 + last.se**2) ** 0.5
    if abs(moved) < NOTABLE or not error or abs(moved / error) < VERY_SURE:
        return None
    return {"code": "milder" if moved > 0 else "stricter", "by": round(abs(moved), 2)}
