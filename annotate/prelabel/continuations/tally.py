"""Rollouts of one prefix, counted by what they are evidence of."""

from __future__ import annotations

from dataclasses import dataclass, field

from annotate.prelabel.contracts import Completion
from annotate.prelabel.grading import final_answers

# A uniform prior. The likelihood of waves that stopped on a success is p^hits (1-p)^misses, whatever stopped
# them, so the posterior needs no correction where the plain share would be biased upwards.
PRIOR_HITS, PRIOR_MISSES = 1.0, 1.0
_SHOWN_ERRORS = 3


@dataclass(slots=True)
class Tally:
    """``hits`` reached the reference answer, ``misses`` another one; everything else is unknown and kept apart.

    ``outcomes`` has one letter per rollout, in the order of their sample numbers: r(ight), w(rong), t(runcated),
    u(ngradable), f(ailed).
    """

    hits: int = 0
    misses: int = 0
    truncated: int = 0
    failed: int = 0
    ungradable: int = 0
    tokens: int = 0
    outcomes: str = ""
    reasons: list[str] = field(default_factory=list)

    @property
    def known(self) -> int:
        return self.hits + self.misses

    @property
    def unknown(self) -> int:
        return self.truncated + self.failed + self.ungradable

    @property
    def tried(self) -> int:
        return self.known + self.unknown

    @property
    def share(self) -> float | None:
        """``hits / known``; None before anything is known. Biased upwards where sampling stopped on a success."""
        return self.hits / self.known if self.known else None

    @property
    def posterior_mean(self) -> float:
        return (PRIOR_HITS + self.hits) / (PRIOR_HITS + PRIOR_MISSES + self.known)

    def is_unclear(self, max_unknown: float) -> bool:
        """Whether too many of the rollouts ended without an outcome to say anything."""
        return self.tried == 0 or self.unknown / self.tried > max_unknown

    def add(self, completion: Completion, outcome: final_answers.Outcome) -> None:
        self.tokens += completion.completion_tokens
        is_failed = outcome == "ungradable" and completion.finish_reason != "stop"
        self.outcomes += "f" if is_failed else outcome[0]
        if outcome == "right":
            self.hits += 1
        elif outcome == "wrong":
            self.misses += 1
        elif outcome == "truncated":
            self.truncated += 1
        elif not is_failed:
            self.ungradable += 1
        else:
            self.failed += 1
            if completion.error and completion.error not in self.reasons:
                self.reasons.append(completion.error)

    def evidence(self) -> dict[str, object]:
        counts: dict[str, object] = {
            "hits": self.hits,
            "misses": self.misses,
            "unknown": self.unknown,
            "tried": self.tried,
            "posterior_mean": round(self.posterior_mean, 6),
            "outcomes": self.outcomes,
        }
        kinds = {"truncated": self.truncated, "failed": self.failed, "ungradable": self.ungradable}
        counts.update({kind: count for kind, count in kinds.items() if count})
        if self.reasons:
            counts["errors"] = self.reasons[:_SHOWN_ERRORS]
        return counts
