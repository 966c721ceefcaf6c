"""The first phase of PRM800K (arXiv 2305.20050): rate every proposal for a step, and pick one or write a better one."""

from __future__ import annotations

from annotate.enums import CandidateKind, CriterionKind, Scope

from .contracts import CriterionPreset, RubricPreset
from .parts import RECOVERABLE, VERDICT, VERDICTS

PRESET = RubricPreset(
    key="prm800k-walk",
    title="PRM800K, phase 1",
    description="Rate every step and every other proposal for it, and pick the one to go on with or write your own.",
    criteria=(
        VERDICT,
        RECOVERABLE,
        CriterionPreset(
            "alternative-verdict",
            "Alternatives",
            "Is this proposal right, given the steps before it?",
            VERDICTS,
            scope=Scope.CANDIDATE,
            candidate_kind=CandidateKind.ALTERNATIVE,
        ),
        CriterionPreset(
            "pick",
            "Go on with",
            "Which alternative would you go on with? If none is good, write the step as it should be.",
            (),
            kind=CriterionKind.PICK,
            condition="verdict",
            condition_levels=("bad",),
        ),
    ),
    guidelines="""Rate the step, then every alternative that is given for it. Where the step is bad, pick the one
that you would go on with; if none of them is good, write a good one yourself. Steps without alternatives need a rating
alone.
""",
)
