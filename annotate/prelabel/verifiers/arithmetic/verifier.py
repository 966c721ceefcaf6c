"""Check the calculations a step writes out.

Three-valued: a step with a refuted equation is bad, one whose equations were all supported is good, and one
without a checkable equation gets no label, because *not applicable* is not support. Each step is checked by itself: a
wrong value carried on faithfully is fine here. The idea is the tool check of GroundedPRM (arXiv 2510.14942)
and GenPRM (arXiv 2504.00891), without a model writing the check and without running any code.

A refutation is strong evidence, support hardly any, since right arithmetic can serve a wrong plan. On the GSM8K
part of ProcessBench (arXiv 2412.06559), up to the first labelled error, all 14 refuted steps were that error,
and of 784 supported steps 84 % were right, no more than of all steps (87 %). ``speaks_good`` False keeps support
out of the labels.

Where the problem or a step up to here speaks of remainders or of other bases, nothing is refuted: "5 + 9 = 2" is true
on a clock, and a base is rarely named again in the step that computes in it.
"""

from __future__ import annotations

from annotate.prelabel.checking.verdicts import (
    MAX_SHOWN,
    NOT_APPLICABLE,
    Verdicts,
    VerifierSettings,
    shortened,
)
from annotate.prelabel.contracts import Opinion, Silence, StepTask, Strategy, TraceTask
from annotate.prelabel.verifiers.arithmetic.equations import Equation, equations, is_of_other_arithmetic


def verify_arithmetic(task: TraceTask, settings: VerifierSettings) -> Strategy:
    """Check every step of one trace; asks nobody."""
    yield from ()
    verdicts = Verdicts(settings)
    is_ordinary = not is_of_other_arithmetic(task.problem)
    for step in task.steps:
        is_ordinary = is_ordinary and not is_of_other_arithmetic(step.text)
        _judge(step, equations(step.text, is_ordinary=is_ordinary), verdicts)
    return verdicts.finding()


def _judge(step: StepTask, found: list[Equation], verdicts: Verdicts) -> None:
    """The evidence lists equations, which pages show as such, where other verifiers list claims."""
    settings, statuses = verdicts.settings, {equation.status for equation in found}
    evidence = {"equations": [_evidence(equation) for equation in found[:MAX_SHOWN]]} if found else {}
    if "refuted" in statuses:
        refuted = [equation for equation in found if equation.status == "refuted"][:MAX_SHOWN]
        text = "; ".join(
            shortened(f"{equation.text}: the left side is {equation.expected}") for equation in refuted
        )
        verdicts.opinions.append(Opinion(step.position, settings.bad, text=text, evidence=evidence))
    elif "supported" in statuses and settings.speaks_good:
        verdicts.opinions.append(Opinion(step.position, settings.good, evidence=evidence))
    else:
        verdicts.silences.append(Silence(step.position, NOT_APPLICABLE, evidence))


def _evidence(equation: Equation) -> dict[str, str]:
    return {
        "equation": shortened(equation.text),
        "found": str(equation.found),
        "expected": str(equation.expected),
        "status": equation.status,
    }
