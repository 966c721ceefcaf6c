"""Write evidence the way one says it: one letter per step and source.

``g`` good, ``n`` neutral, ``b`` bad, ``u`` unsure, ``-`` no label.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from annotate.consensus.contracts import (
    Critique,
    Decision,
    GoldReading,
    Material,
    Question,
    Ruling,
    SetAside,
    StepEvidence,
    Tally,
    TraceEvidence,
    Vote,
    Voter,
)
from annotate.enums import Action, Outcome, RaterKind

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
DOT = Voter(10, "dot", RaterKind.PERSON, frozenset({"verdict"}))
EVE = Voter(11, "eve", RaterKind.PERSON, frozenset({"verdict"}))
FAY = Voter(12, "fay", RaterKind.PERSON, frozenset({"verdict"}))
TOOL = Voter(13, "verifier/arithmetic@v1", RaterKind.VERIFIER, frozenset({"verdict"}))
OTHER_TOOL = Voter(14, "verifier/algebra@v1", RaterKind.VERIFIER, frozenset({"verdict"}))
VERDICT = Question("verdict", ("bad", "neutral", "good"), ordered=True)


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


def told_with(
    evidence: TraceEvidence, voter: Voter, counts: Sequence[str], passes: str = "0/0"
) -> TraceEvidence:
    """The voter's labels with rollout counts: ``told_with(trace, ROLLOUT, ["8/8", "2/8", "-"], passes="15/16")``."""
    pass_hits, pass_known = map(int, passes.split("/"))

    def tally(count: str) -> Tally:
        hits, known = (0, 0) if count == "-" else map(int, count.split("/"))
        return Tally(hits, known, pass_hits, pass_known)

    return _revoted(evidence, voter, lambda place, vote: replace(vote, tally=tally(counts[place])))


def merged_from(evidence: TraceEvidence, voter: Voter, *critiques: int | str) -> TraceEvidence:
    """The voter's labels as merged from critiques: first errors as numbers (-1: none), or letters per step."""

    def at(place: int) -> tuple[Critique, ...]:
        return tuple(
            Critique(sample, first_error=one)
            if isinstance(one, int)
            else Critique(sample, says="" if one[place] in "u-" else LEVELS[one[place]])
            for sample, one in enumerate(critiques)
        )

    return _revoted(evidence, voter, lambda place, vote: replace(vote, critiques=at(place)))


def _revoted(evidence, voter, change):
    steps = (
        replace(
            step,
            votes=tuple(change(place, v) if v.rater == voter.rater else v for v in step.votes),
        )
        for place, step in enumerate(evidence.steps)
    )
    return replace(evidence, steps=tuple(steps))


def ruled_at(evidence: TraceEvidence, place: int, level: str) -> TraceEvidence:
    """With a reviewer's decision about one step."""
    steps = list(evidence.steps)
    steps[place] = replace(steps[place], ruling=Ruling(900 + place, level))
    return replace(evidence, steps=tuple(steps))


def a_corpus_of(
    said: dict[Voter, str], length: int = 1, outcome: Outcome | None = None
) -> list[TraceEvidence]:
    """Many traces: each rater's letters for all steps in a row, cut into traces of ``length``; steps count on."""
    (n,) = {len(letters) for letters in said.values()}
    found = []
    for start in range(0, n, length):
        trace = a_trace_of(
            *((voter, letters[start : start + length]) for voter, letters in said.items()), outcome=outcome
        )
        steps = tuple(
            StepEvidence(start + place, step.votes, step.set_aside) for place, step in enumerate(trace.steps)
        )
        found.append(replace(trace, trace=start, steps=steps))
    return found


def material_of(
    traces: Sequence[TraceEvidence],
    voters: Iterable[Voter],
    gold: Iterable[GoldReading] = (),
    question: Question = VERDICT,
) -> Material:
    return Material(question, tuple(voters), tuple(gold), lambda: iter(traces))


def gold_of(voter: Voter, said: str, right: str, first: int = 10_000) -> list[GoldReading]:
    """What a rater said of gold steps, and the right levels, letter by letter."""
    return [
        GoldReading(voter.rater, first + place, LEVELS.get(one, ""), LEVELS[key])
        for place, (one, key) in enumerate(zip(said, right, strict=True))
    ]


def spelled(decisions: Sequence[Decision]) -> str:
    """``g``, ``n`` or ``b`` for a kept step, ``.`` for a dropped one, ``?`` for one to ask about."""
    marks = {Action.DROP: ".", Action.ASK: "?"}
    return "".join(marks.get(d.action, d.value[:1]) for d in decisions)
