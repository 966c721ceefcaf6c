"""Several solutions of one problem, put in order."""

from __future__ import annotations

from annotate.enums import CriterionKind, Scope

from .contracts import CriterionPreset, RubricPreset

PRESET = RubricPreset(
    key="ranking",
    title="Ranking",
    description="Put three to eight solutions of a problem in order, best first; ties are allowed.",
    criteria=(
        CriterionPreset(
            "ranking",
            "Order",
            "Which solution is best, and in which order do the others follow?",
            (),
            scope=Scope.LINEUP,
            kind=CriterionKind.RANKING,
        ),
        CriterionPreset(
            "reason",
            "Why",
            "What decided between them?",
            (),
            scope=Scope.LINEUP,
            kind=CriterionKind.TEXT,
            is_optional=True,
        ),
    ),
    guidelines="""A right solution stands before every wrong one. Among right ones, those whose steps all hold and help
come first; among wrong ones, those that go wrong later.

Give two the same rank where you find no difference that matters. Length and tone decide nothing.
""",
)
