"""Verdicts with the kind of every error and how bad it is."""

from __future__ import annotations

from annotate.enums import CriterionKind

from .contracts import CriterionPreset, LevelPreset, RubricPreset
from .parts import RECOVERABLE, VERDICT

_ERRORS = (
    ("arithmetic", "Arithmetic", "A sum is wrong.", "`17 + 25 = 41`"),
    (
        "algebra",
        "Algebra",
        "A transformation is not allowed or done wrong.",
        "From $x^2 = 4$ to $x = 2$ alone.",
    ),
    ("logic", "Logic", "It does not follow, or a case is missing.", "From *if A then B* and *B* to *A*."),
    (
        "misreading",
        "Misreading",
        "The problem says something else.",
        "*At least three* read as *exactly three*.",
    ),
    ("fact", "Fact", "A theorem, formula or number is quoted wrongly.", "The area of a circle as $2\\pi r$."),
    (
        "unjustified",
        "Unjustified",
        "It may be true, but nothing supports it.",
        "*Clearly, the minimum is at 0.*",
    ),
)

PRESET = RubricPreset(
    key="math-errors",
    title="Math verdicts with errors",
    description="Good, neutral, bad or unsure; for every bad step what kind of error it is and how severe.",
    criteria=(
        VERDICT,
        RECOVERABLE,
        CriterionPreset(
            "errors",
            "Errors",
            "What kinds of error, and how bad is each?",
            tuple(
                LevelPreset(key, title, description, str(n + 1), examples=example)
                for n, (key, title, description, example) in enumerate(_ERRORS)
            ),
            kind=CriterionKind.TAGS,
            severities=("minor", "major", "fatal"),
            condition="verdict",
            condition_levels=("bad",),
        ),
        CriterionPreset(
            "remark",
            "Remark",
            "Anything a reader of your labels should know.",
            (),
            kind=CriterionKind.TEXT,
            is_optional=True,
            condition="verdict",
            condition_levels=("bad", "unsure"),
        ),
    ),
    guidelines="""Name every kind of error that a bad step makes.

- **minor**: a slip that changes nothing later on.
- **major**: what follows is wrong because of it, and could be repaired.
- **fatal**: the approach itself cannot lead to the answer.

A step that only repeats an earlier error is bad too; give it the same tag and *minor*.
""",
)
