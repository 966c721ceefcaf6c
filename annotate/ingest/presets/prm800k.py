"""The second phase of PRM800K (arXiv 2305.20050): rate up to the first error, say how far it got, criticise, mend."""

from __future__ import annotations

from dataclasses import replace

from annotate.enums import CandidateKind, CriterionKind, Scope

from .contracts import CriterionPreset, LevelPreset, RubricPreset
from .parts import RECOVERABLE, VERDICT, VERDICTS

_PROGRESS = (
    ("none", "None", "Nothing that a right solution could use."),
    ("some", "Some", "A sound beginning."),
    ("half", "Half", "About half of the way."),
    ("most", "Most", "Nearly there."),
    ("all", "All", "It reaches the answer."),
)

PRESET = RubricPreset(
    key="prm800k",
    title="PRM800K, phase 2",
    description="Rate steps up to the first error, criticise it, rewrite it if you like; then say how the solution"
    " ended and how far it got.",
    criteria=(
        replace(VERDICT, stops_at_first_error=True),
        RECOVERABLE,
        CriterionPreset(
            "critique-rating",
            "Given critiques",
            "Does this critique say what is wrong?",
            (
                LevelPreset("right", "Right", "It names the error.", "1", 1.0),
                LevelPreset(
                    "partly", "Partly", "Beside a true remark something is wrong or missing.", "2", 0.5
                ),
                LevelPreset("wrong", "Wrong", "It misses the error, or finds one where none is.", "3", 0.0),
            ),
            scope=Scope.CANDIDATE,
            kind=CriterionKind.ORDINAL,
            candidate_kind=CandidateKind.CRITIQUE,
            condition="verdict",
            condition_levels=("bad",),
        ),
        CriterionPreset(
            "critique",
            "Critique",
            "What exactly is wrong with this step?",
            (),
            kind=CriterionKind.TEXT,
            condition="verdict",
            condition_levels=("bad",),
        ),
        CriterionPreset(
            "alternative-verdict",
            "Alternatives",
            "Is this step right in the place of the bad one?",
            VERDICTS,
            scope=Scope.CANDIDATE,
            candidate_kind=CandidateKind.ALTERNATIVE,
            condition="verdict",
            condition_levels=("bad",),
        ),
        CriterionPreset(
            "correction",
            "Correction",
            "The step as it should have been, so that the solution could go on from it.",
            (),
            kind=CriterionKind.CORRECTION,
            is_optional=True,
            condition="verdict",
            condition_levels=("bad",),
        ),
        CriterionPreset(
            "exit",
            "How it ended",
            "Why do you stop here?",
            (
                LevelPreset("found-error", "Found an error", "A step is wrong; you marked it.", "1"),
                LevelPreset("solution", "Complete", "Every step holds, and the answer is reached.", "2"),
                LevelPreset(
                    "bad-problem",
                    "Bad problem",
                    "The problem cannot be solved as it stands, or the reference is wrong.",
                    "3",
                    ends_trace=True,
                ),
                LevelPreset(
                    "give-up",
                    "Give up",
                    "You cannot judge this one; say why.",
                    "4",
                    ends_trace=True,
                    needs_text=True,
                ),
            ),
            scope=Scope.TRACE,
            kind=CriterionKind.CHOICE,
        ),
        CriterionPreset(
            "progress",
            "Progress",
            "How far had the solution got before the error, or by its end?",
            tuple(
                LevelPreset(key, title, description, str(n + 1), n / (len(_PROGRESS) - 1))
                for n, (key, title, description) in enumerate(_PROGRESS)
            ),
            scope=Scope.TRACE,
            kind=CriterionKind.ORDINAL,
            condition="exit",
            condition_levels=("found-error", "solution"),
        ),
    ),
    guidelines="""Solve the problem, or read the reference, before you judge.

- **Good**: correct, follows from what stands before, and a reader can check it in about half a minute.
- **Neutral**: nothing wrong with it, but it brings the solution no further, or it is too vague to check.
- **Bad**: wrong, unreasonable, or it leads into a dead end that nobody would take.
- **Unsure**: you cannot tell. Use it rarely.

Stop at the first bad step. Where critiques of it or other ways to go on are given, rate each. Say what is wrong with
it in words that would help its author, and rewrite it if you see how.

Then say how the solution ended. *Bad problem* and *give up* need no more ratings; giving up needs a reason.
""",
)
