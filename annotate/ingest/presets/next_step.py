"""Each alternative against the step that was taken: better, as good, or worse."""

from __future__ import annotations

from annotate.enums import CandidateKind, CriterionKind, Scope

from .contracts import CriterionPreset, LevelPreset, RubricPreset
from .parts import PREFERENCE_OF_PEOPLE

PRESET = RubricPreset(
    key="next-step",
    title="Pairwise next step",
    description="Is each alternative better than the step taken, as good, or worse? And which of two ways to go on is?",
    criteria=(
        CriterionPreset(
            "comparison",
            "Compared with the step taken",
            "Which is the better next step, this one or the one in the trace?",
            (
                LevelPreset("better", "This one", "It would bring the solution further.", "1", 1.0),
                LevelPreset("same", "As good", "It makes no difference.", "2", 0.0),
                LevelPreset("worse", "The one taken", "This one is wrong, or leads away.", "3", -1.0),
                LevelPreset("unsure", "Unsure", "You cannot tell.", "4", None),
            ),
            scope=Scope.CANDIDATE,
            kind=CriterionKind.ORDINAL,
            candidate_kind=CandidateKind.ALTERNATIVE,
        ),
        PREFERENCE_OF_PEOPLE,
    ),
    guidelines="""Read the steps before as if you had to go on yourself. Then compare each alternative with the step
that was taken, not with the other alternatives. Where two ways to go on are put side by side, the same holds.

A right step that is short beats a right step that is long only if both say the same. A wrong step beats nothing: two
wrong ones are *as good*. Steps without alternatives are only read.
""",
)
