"""A tree of yes-or-no questions about the whole trace, with weights and one flaw that outweighs them all."""

from __future__ import annotations

from annotate.enums import CriterionKind, Scope

from .contracts import CriterionPreset, LevelPreset, RubricPreset


def _group(key: str, title: str, *, weight: float = 1.0, parent: str = "") -> CriterionPreset:
    return CriterionPreset(
        key, title, "", (), scope=Scope.TRACE, kind=CriterionKind.GROUP, weight=weight, parent=parent
    )


def _item(
    parent: str, key: str, title: str, question: str, *, weight: float = 1.0, is_fatal: bool = False
) -> CriterionPreset:
    return CriterionPreset(
        key,
        title,
        question,
        (
            LevelPreset("yes", "Yes", "", "1", 1.0),
            LevelPreset("no", "No", "", "2", 0.0, is_fatal=is_fatal),
            LevelPreset("unsure", "Unsure", "Left out of the sum.", "3", None),
        ),
        scope=Scope.TRACE,
        kind=CriterionKind.BINARY,
        weight=weight,
        parent=parent,
    )


PRESET = RubricPreset(
    key="checklist",
    title="Checklist",
    description="Yes-or-no questions about the whole trace in weighted groups, with their sum.",
    criteria=(
        _group("quality", "Quality"),
        _group("correctness", "Correctness", weight=3.0, parent="quality"),
        _item("correctness", "answer-right", "The answer is right", "Is the final answer right?", weight=2.0),
        _item(
            "correctness", "steps-sound", "Every step is sound", "Does each step follow from those before it?"
        ),
        _item(
            "correctness",
            "not-fabricated",
            "Nothing is made up",
            "Are all facts, sources and tool results real? A made-up one is fatal.",
            is_fatal=True,
        ),
        _group("completeness", "Completeness", weight=2.0, parent="quality"),
        _item(
            "completeness",
            "question-answered",
            "It answers the question",
            "Is what was asked answered, all of it?",
        ),
        _item(
            "completeness", "cases-covered", "No case is missing", "Are all cases treated that could occur?"
        ),
        _group("clarity", "Clarity", parent="quality"),
        _item(
            "clarity",
            "can-be-followed",
            "It can be followed",
            "Could a reader check each step without guessing?",
        ),
        _item(
            "clarity",
            "no-detours",
            "No detours",
            "Is there nothing that the solution could do without?",
            weight=0.5,
        ),
    ),
    guidelines="""Answer every question by itself; the sum below them is made from your answers. *Unsure* is left out of
the sum and named there. A fatal *no* brings the whole down to its lowest score, whatever else is good.
""",
)
