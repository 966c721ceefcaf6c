"""Check the identities and solutions a step states, by computing both sides.

Steps are read in order, because what was said of a variable decides whether a rewriting can be refuted; otherwise each
step is judged by itself. After the tool check of GroundedPRM (arXiv 2510.14942) and GenPRM (arXiv 2504.00891), with
points instead of a symbolic engine: a point at which two sides differ is a proof that anybody can repeat, it costs
microseconds, and hostile input cannot make it run away. The price: sides that agree at six points in general position
are called equal, and functions beyond roots are not read.

On the GSM8K and MATH parts of ProcessBench (arXiv 2412.06559), up to the first labelled error, all 8 refuted steps were
that error: the guards against false refutation were made while looking at these traces, so 0 false is no estimate. Of
268 supported steps 35 were the labelled error all the same: 87 % right, as of all steps.
"""

from __future__ import annotations

from annotate.prelabel.checking.verdicts import Verdicts, VerifierSettings
from annotate.prelabel.contracts import Strategy, TraceTask
from annotate.prelabel.verifiers.algebra.claims import Known, claims


def verify_algebra(task: TraceTask, settings: VerifierSettings) -> Strategy:
    """Check every step of one trace; asks nobody."""
    yield from ()
    verdicts = Verdicts(settings)
    known = Known()
    known.read(task.problem)
    for step in task.steps:
        verdicts.judge(step, claims(step.text, known))
    return verdicts.finding()
