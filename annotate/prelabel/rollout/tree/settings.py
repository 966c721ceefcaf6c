"""What a tree search may cost and what it prefers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from annotate.prelabel.continuations.rollouts import RolloutSettings
from annotate.prelabel.rollout.tree.nodes import Weights
from annotate.settings import require


@dataclass(frozen=True, slots=True)
class TreeSettings(RolloutSettings):
    """``alpha``, ``beta``, ``length_scale`` (tokens) and ``c_puct`` weigh what is searched next; the paper's values.

    ``searches`` counts the search of the trace itself. The bare problem gets the larger of ``k`` and ``sc_samples``
    rollouts, which are its pass rate too. ``split`` says how rollouts are cut into steps (blank_line, numbered, lines,
    sentence). ``label_implied`` labels the steps that the search skipped before a recoverable one.

    The tree of one problem costs at most ``max_rollouts``.
    """

    alpha: float = 0.5
    beta: float = 0.9
    length_scale: float = 500.0
    c_puct: float = 0.125
    searches: int = 20
    max_rollouts: int = 200
    split: Literal["blank_line", "numbered", "lines", "sentence"] = "blank_line"
    label_implied: bool = True

    def __post_init__(self) -> None:
        RolloutSettings.__post_init__(self)
        require(0 < self.alpha <= 1, "alpha", "must lie in (0, 1].")
        require(0 < self.beta <= 1, "beta", "must lie in (0, 1].")
        require(self.length_scale > 0, "length_scale", "must be above 0.")
        require(self.c_puct >= 0, "c_puct", "must not be negative.")
        require(1 <= self.searches <= 1000, "searches", "must lie between 1 and 1000.")
        at_least = max(self.k, self.sc_samples)
        require(
            self.max_rollouts >= at_least, "max_rollouts", f"must allow for the bare problem's {at_least}."
        )

    @property
    def weights(self) -> Weights:
        return Weights(self.alpha, self.beta, self.length_scale, self.c_puct)
