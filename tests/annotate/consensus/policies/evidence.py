"""Write evidence the way one says it: one letter per step and source.

``g`` good, ``n`` neutral, ``b`` bad, ``u`` unsure, ``-`` no label.
"""

from __future__ import annotations

from annotate.consensus.contracts import SetAside, StepEvidence, TraceEvidence, Vote, Voter
from annotate.enums import Outcome, RaterKind

LEVELS = {"g": "good", "n": "neutral", "b": "bad", "u": "unsure"}

JUDGE = Voter(1, "judge/one@v1", RaterKind.JUDGE, frozenset({"verdict"}))
OTHER_JUDGE = Voter(2, "judge/two@v1", RaterKind.JUDGE, frozenset({"verdict"}))
ROLLOUT = Voter(3, "rollout/scan@v1", RaterKind.ROLLOUT, frozenset({"recoverable"}))
OTHER_ROLLOUT = Voter(4, "rollout/scan@v2", RaterKind.ROLLOUT, frozenset({"recoverable"}))
ANN = Voter(5, "ann", RaterKind.PERSON, frozenset({"verdict"}))
BEN = Voter(6, "ben", RaterKind.PERSON, frozenset({"verdict"}))
CLO = Voter(7, "clo", RaterKind.PERSON, frozenset({"verdict"}))
GOLD = Voter(8, "gold/key", RaterKind.GOLD, frozenset({"verdict"}))
PROBE = Voter(9, "probe/answer_gain@v1", RaterKind.PROBE, frozenset({"verdict"}))


def a_trace_of(
    *said: tuple[Voter, str], outcome: Outcome | None = None, aside: Voter | None = None
) -> TraceEvidence:
    """``a_trace_of((JUDGE, "ggb"), (ROLLOUT, "gb-"))``. Label ids are ``100 * rater + position``.

    ``aside`` had a label on every step, which is set aside.
    """
    (length,) = {len(letters) for _, letters in said}
    steps = tuple(
        StepEvidence(
            step=position,
            votes=tuple(
                Vote(
                    100 * voter.rater + position,
                    voter.rater,
                    voter.kind,
                    *voter.criteria,
                    LEVELS[letters[position]],
                )
                for voter, letters in said
                if letters[position] != "-"
            ),
            set_aside=(
                (
                    SetAside(
                        100 * aside.rater + position,
                        aside.rater,
                        aside.name,
                        aside.kind,
                        "verdict",
                        "too low",
                    ),
                )
                if aside
                else ()
            ),
        )
        for position in range(length)
    )
    return TraceEvidence(trace=1, criterion="verdict", steps=steps, outcome=outcome)
