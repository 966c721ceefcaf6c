"""What verifiers share: claims that were checked, and the verdict on a step that they add up to.

Three-valued. One refuted claim makes the step bad; support makes it good only where nothing was refuted; a step without
a claim that could be checked is *not applicable*, which is silence and never support. A refutation is strong evidence,
support is weak: a true statement can serve a wrong plan. What could not be decided (a timeout, a doubt) is *unclear*.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from annotate.prelabel.contracts import Finding, Opinion, Silence, StepTask
from annotate.settings import require

Status = Literal["supported", "refuted", "unclear"]

NOT_APPLICABLE = "not applicable"
MAX_SHOWN = 20
MAX_SHOWN_CHARACTERS = 400


@dataclass(frozen=True, slots=True)
class VerifierSettings:
    """``speaks_good`` False keeps only the refutations; ``good`` and ``bad`` are level keys of the criterion."""

    speaks_good: bool = True
    good: str = "good"
    bad: str = "bad"

    def __post_init__(self) -> None:
        require(self.good != self.bad, "bad", "must differ from good.")


@dataclass(frozen=True, slots=True)
class Claim:
    """Something a step says, with what was found when it was checked. ``reason`` says why, in a sentence's part."""

    text: str
    status: Status
    found: str = ""
    expected: str = ""
    reason: str = ""

    def evidence(self) -> dict[str, str]:
        parts = {"found": self.found, "expected": self.expected, "reason": self.reason}
        shown = {
            "claim": self.text,
            "status": self.status,
            **{key: part for key, part in parts.items() if part},
        }
        return {key: shortened(value) for key, value in shown.items()}

    def __str__(self) -> str:
        return shortened(f"{self.text}: {self.reason}" if self.reason else self.text)


@dataclass(slots=True)
class Verdicts:
    """The verdicts of one trace, gathered step by step; each step is judged once."""

    settings: VerifierSettings
    opinions: list[Opinion] = field(default_factory=list)
    silences: list[Silence] = field(default_factory=list)

    def judge(self, step: StepTask, claims: Sequence[Claim], why_silent: str = "", **evidence: Any) -> None:
        """Take note of what was checked in a step; ``why_silent`` is the reason where that decides nothing."""
        if claims:
            evidence = {"claims": [claim.evidence() for claim in claims[:MAX_SHOWN]], **evidence}
        refuted = [claim for claim in claims if claim.status == "refuted"]
        supported = [claim for claim in claims if claim.status == "supported"]
        unclear = [claim for claim in claims if claim.status == "unclear"]
        if refuted:
            text = "; ".join(str(claim) for claim in refuted[:MAX_SHOWN])
            evidence = {**evidence, "strength": "strong"}
            self.opinions.append(Opinion(step.position, self.settings.bad, text=text, evidence=evidence))
        elif supported and self.settings.speaks_good:
            evidence = {**evidence, "strength": "weak"}
            self.opinions.append(Opinion(step.position, self.settings.good, evidence=evidence))
        else:
            reason = why_silent or next((claim.reason for claim in unclear if claim.reason), NOT_APPLICABLE)
            self.silences.append(Silence(step.position, reason, evidence))

    def pass_over(self, step: StepTask, reason: str = NOT_APPLICABLE, **evidence: Any) -> None:
        self.silences.append(Silence(step.position, reason, evidence))

    def finding(self, **summary: Any) -> Finding:
        refuted = [opinion.position for opinion in self.opinions if opinion.value == self.settings.bad]
        totals = {
            "refuted": len(refuted),
            "first_refuted": refuted[0] if refuted else None,
            "judged": len(self.opinions),
        }
        return Finding(tuple(self.opinions), tuple(self.silences), {**totals, **summary})


def not_applicable(reason: str) -> Finding:
    """The finding on a trace this verifier has nothing to hold against."""
    return Finding(
        silences=(Silence(None, reason),), summary={"refuted": 0, "first_refuted": None, "judged": 0}
    )


def shortened(text: str) -> str:
    """Evidence is read by people and stored with every label."""
    return text if len(text) <= MAX_SHOWN_CHARACTERS else text[: MAX_SHOWN_CHARACTERS - 1] + "…"
