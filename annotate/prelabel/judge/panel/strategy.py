"""Judge steps by many verifications of the whole solution and a vote on each step.

Every verification gives every step a verdict; per step the majority of those that commit themselves decides, without
any reference answer (the step-level vote of SPARK, arXiv 2512.03244). The judge may also review a verification and
revise it (the paper's meta-critique), alone or after the vote.

The votes are of one judge and not independent: what it does not know, it does not know sixteen times. The shares are
agreement, not probabilities of being right.

Where ours departs: a tie or an unsure vote is never resolved by chance; what comes after the first bad step is silent
unless ``after_error`` is ``label``; and the hybrid is of our own making. It reviews the verification nearest to the
vote, and a step that vote and review see differently is silent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from annotate.prelabel import prompts
from annotate.prelabel.asking.judging import found, silent, until_first_bad
from annotate.prelabel.asking.paragraphs import Paragraphs
from annotate.prelabel.asking.votes import Ballots, Decision, Vote, read_votes, strict_majority
from annotate.prelabel.contracts import Completion, Finding, Opinion, Request, Silence, Strategy, TraceTask
from annotate.prelabel.judge.panel.answers import Verdict, Verification, read_verification
from annotate.prelabel.judge.panel.settings import PanelSettings

_VERDICTS: dict[Decision, Verdict] = {"good": "right", "bad": "wrong", "split": "unsure"}


def judge_panel(task: TraceTask, settings: PanelSettings) -> Strategy:
    """Judge one trace: the verifications in one batch, the review, if any, in a second."""
    if not task.steps:
        return silent("the trace has no steps")
    panel = _Panel(task, settings)
    reason = panel.unusable()
    if reason:
        return silent(reason)
    (completions,) = yield [panel.verification()]
    ballots = panel.read(completions)
    reason = ballots.shortfall(settings.least)
    if reason:
        return panel.unread(reason, ballots)
    votes = {index: _StepVotes.of(ballots.votes, index) for index in panel.own}
    if settings.meta == "none":
        return panel.finding([panel.voted(index, votes[index], ballots) for index in panel.own])
    chosen = _nearest(ballots.votes, votes)
    (completions,) = yield [panel.review(chosen)]
    reviews = panel.read(completions)
    reason = reviews.shortfall(1)
    if reason:
        return panel.unread(f"the review: {reason}", reviews)
    said = [panel.reviewed(index, votes[index], ballots, chosen, reviews.votes[0]) for index in panel.own]
    return panel.finding(said)


@dataclass(frozen=True, slots=True)
class _StepVotes:
    """Who says what about one step; those that are unsure say nothing."""

    good: tuple[Vote[Verification], ...]
    bad: tuple[Vote[Verification], ...]

    @classmethod
    def of(cls, votes: Sequence[Vote[Verification]], index: int) -> _StepVotes:
        good, bad = (
            tuple(vote for vote in votes if vote.said.verdicts[index] == word) for word in ("right", "wrong")
        )
        return cls(good, bad)

    @property
    def speaking(self) -> int:
        return len(self.good) + len(self.bad)

    @property
    def verdict(self) -> Verdict:
        return _VERDICTS[strict_majority(len(self.good), len(self.bad))]


class _Panel:
    def __init__(self, task: TraceTask, settings: PanelSettings) -> None:
        self._task = task
        self._settings = settings
        self._paragraphs = Paragraphs.of(task)
        self.own = self._paragraphs.own

    def unusable(self) -> str:
        if not self.own:
            return "the trace has no steps of its own"
        return self._paragraphs.lacks(self._settings.show_reference)

    def verification(self) -> Request:
        return self._settings.request(self._question(), n=self._settings.drawn, purpose="verification")

    def review(self, vote: Vote[Verification]) -> Request:
        review = prompts.load(self._settings.review_prompt).render(mark=self._paragraphs.mark)
        return self._settings.request(self._question(), vote.text, review, purpose="review")

    def read(self, completions: Sequence[Completion]) -> Ballots[Verification]:
        read = partial(read_verification, mark=self._paragraphs.mark, own=self.own)
        return read_votes(completions, read, "verification")

    def unread(self, reason: str, ballots: Ballots[Verification]) -> Finding:
        votes = [{"sample": vote.sample} for vote in ballots.votes]
        finding = silent(reason, votes=[*votes, *ballots.unread_evidence()])
        return replace(finding, summary={"prompt": self._settings.prompt})

    def finding(self, said: list[Opinion | Silence]) -> Finding:
        settings = self._settings
        if settings.after_error == "silence":
            said = until_first_bad(said, settings.bad)
        return found(said, settings.bad, prompt=settings.prompt, meta=settings.meta)

    def voted(self, index: int, votes: _StepVotes, ballots: Ballots[Verification]) -> Opinion | Silence:
        """What the vote alone comes to."""
        evidence = self._evidence(index, ballots)
        reason = self._unsettled(votes)
        if reason:
            return Silence(self._task.steps[index].position, reason, evidence)
        speaker = (votes.good if votes.verdict == "right" else votes.bad)[0]
        return self._opinion(index, votes.verdict, votes, speaker, evidence)

    def reviewed(
        self,
        index: int,
        votes: _StepVotes,
        ballots: Ballots[Verification],
        chosen: Vote[Verification],
        review: Vote[Verification],
    ) -> Opinion | Silence:
        """What the review says or, for the hybrid, what it and the vote agree on."""
        verdict = review.said.verdicts[index]
        before = chosen.said.verdicts[index]
        evidence = {**self._evidence(index, ballots), "reviewed_sample": chosen.sample}
        evidence |= {"before_review": before, "after_review": verdict}
        reason = "the review leaves this step unsure" if verdict == "unsure" else ""
        if self._settings.meta == "hybrid":
            reason = self._unsettled(votes) or reason
            reason = reason or ("" if votes.verdict == verdict else "the vote and the review disagree")
        if reason:
            return Silence(self._task.steps[index].position, reason, evidence)
        return self._opinion(index, verdict, votes, review, evidence)

    def _unsettled(self, votes: _StepVotes) -> str:
        if votes.speaking < self._settings.least:
            return f"{votes.speaking} of {self._settings.drawn} verifications commit themselves on this step"
        return "the verifications are tied on this step" if votes.verdict == "unsure" else ""

    def _opinion(
        self,
        index: int,
        verdict: Verdict,
        votes: _StepVotes,
        speaker: Vote[Verification],
        evidence: dict[str, object],
    ) -> Opinion:
        settings = self._settings
        shares = {settings.good: len(votes.good), settings.bad: len(votes.bad)}
        return Opinion(
            self._task.steps[index].position,
            settings.good if verdict == "right" else settings.bad,
            distribution=None
            if settings.drawn == 1
            else {level: count / votes.speaking for level, count in shares.items()},
            text=speaker.said.analyses.get(index, ""),
            evidence={"model": speaker.model, **evidence},
        )

    def _evidence(self, index: int, ballots: Ballots[Verification]) -> dict[str, object]:
        votes = [{"sample": vote.sample, "says": vote.said.verdicts[index]} for vote in ballots.votes]
        return {"votes": [*votes, *ballots.unread_evidence()]}

    def _question(self) -> str:
        settings, paragraphs = self._settings, self._paragraphs
        return prompts.load(settings.prompt).render(
            mark=paragraphs.mark,
            problem=self._task.problem.strip("\r\n"),
            reference=paragraphs.reference(settings.show_reference),
            count=str(len(self._task.steps)),
            paragraphs=paragraphs.steps(),
        )


def _nearest(votes: Sequence[Vote[Verification]], merged: dict[int, _StepVotes]) -> Vote[Verification]:
    """The verification that agrees with the vote on most steps, the first drawn of several."""

    def agreement(vote: Vote[Verification]) -> int:
        return sum(vote.said.verdicts[index] == step.verdict for index, step in merged.items())

    return max(votes, key=agreement)
