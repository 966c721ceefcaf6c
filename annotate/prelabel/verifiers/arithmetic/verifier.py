"""Check the calculations a step writes out.

Three-valued: a step with a refuted equation is bad, one whose equations were all supported is good, and one
without a checkable equation gets no label, because *not applicable* is not support. Each step is checked by itself: a
wrong value carried on faithfully is fine here. The idea is the tool check of GroundedPRM (arXiv 2510.14942)
and GenPRM (arXiv 2504.00891), without a model writing the check and without running any code.

A refutation is strong evidence, support hardly any, since right arithmetic can serve a wrong plan. On the GSM8K
part of ProcessBench (arXiv 2412.06559), up to the first labelled error, all 14 refuted steps were that error,
and of 789 supported steps 85 % were right, no more than of all steps (87 %). ``speaks_good`` False keeps support
out of the labels.
"""

from __future__ import annotations

from dataclasses import dataclass

from annotate.prelabel.contracts import Finding, Opinion, Silence, StepTask, Strategy, TraceTask
from annotate.prelabel.verifiers.arithmetic.equations import Equation, equations
from annotate.settings import require

MAX_SHOWN = 20


@dataclass(frozen=True, slots=True)
class ArithmeticSettings:
    """``speaks_good`` False keeps only the refutations; ``good`` and ``bad`` are level keys of the criterion."""

    speaks_good: bool = True
    good: str = "good"
    bad: str = "bad"

    def __post_init__(self) -> None:
        require(self.good != self.bad, "bad", "must differ from good.")


def verify_arithmetic(task: TraceTask, settings: ArithmeticSettings) -> Strategy:
    """Check every step of one trace; asks nobody."""
    yield from ()
    verdicts = [_verdict(step, settings) for step in task.steps]
    opinions = tuple(verdict for verdict in verdicts if isinstance(verdict, Opinion))
    silences = tuple(verdict for verdict in verdicts if isinstance(verdict, Silence))
    refuted = [opinion.position for opinion in opinions if opinion.value == settings.bad]
    summary = {
        "refuted": len(refuted),
        "first_refuted": refuted[0] if refuted else None,
        "judged": len(opinions),
    }
    return Finding(opinions, silences, summary)


def _verdict(step: StepTask, settings: ArithmeticSettings) -> Opinion | Silence:
    found = equations(step.text)
    evidence = {"equations": [_evidence(equation) for equation in found[:MAX_SHOWN]]}
    refuted = [equation for equation in found if equation.status == "refuted"]
    if refuted:
        text = "; ".join(
            f"{equation.text}: the left side is {_spoken(equation.expected)}" for equation in refuted
        )
        return Opinion(step.position, settings.bad, text=text, evidence=evidence)
    if settings.speaks_good and any(equation.status == "supported" for equation in found):
        return Opinion(step.position, settings.good, evidence=evidence)
    return Silence(step.position, "not applicable", evidence if found else {})


def _evidence(equation: Equation) -> dict[str, str]:
    return {
        "equation": equation.text,
        "found": _spoken(equation.found),
        "expected": _spoken(equation.expected),
        "status": equation.status,
    }


def _spoken(value: object) -> str:
    return str(value)
