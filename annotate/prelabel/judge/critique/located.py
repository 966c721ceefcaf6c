"""The paragraph dialect: whole-solution critiques, each of which names the first mistake it sees.

A critique calls every step before that place good and the place bad, and says nothing of what follows. Step by step,
the rule of the settings decides over all readable critiques; the first step it calls bad is the first error. Where
neither "bad" nor "good" has the votes it takes, the first error has no certain place from there on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from annotate.prelabel import prompts
from annotate.prelabel.asking.judging import found, silent
from annotate.prelabel.asking.paragraphs import Paragraphs
from annotate.prelabel.asking.votes import Vote, decide, read_votes
from annotate.prelabel.continuations.rollouts import AFTER_ERROR
from annotate.prelabel.contracts import Completion, Finding, Opinion, Silence, Strategy, TraceTask
from annotate.prelabel.judge.critique.answers import Location, read_location
from annotate.prelabel.judge.critique.settings import CritiqueSettings

_SPLIT = "the critiques disagree about this step"
_AFTER_SPLIT = "after a step that the critiques disagree about"


def judge_paragraphs(task: TraceTask, settings: CritiqueSettings) -> Strategy:
    """One request for the whole trace."""
    prompt = prompts.load(settings.prompt_name)
    paragraphs = Paragraphs.of(task)
    if "${mark}" not in prompt.text:
        paragraphs = replace(paragraphs, mark="")
    reason = paragraphs.lacks(settings.show_reference)
    if not reason and not paragraphs.own:
        reason = "the trace has no steps of its own"
    if reason:
        return silent(reason)
    content = prompt.render(
        problem=task.problem,
        count=str(len(task.steps)),
        paragraphs=paragraphs.steps(),
        reference=paragraphs.reference(settings.show_reference),
        mark=paragraphs.mark,
    )
    (completions,) = yield [settings.request(content, n=settings.votes, purpose="critique")]
    return _Merged(paragraphs, completions, settings).finding()


class _Merged:
    def __init__(
        self, paragraphs: Paragraphs, completions: Sequence[Completion], settings: CritiqueSettings
    ) -> None:
        read = partial(
            read_location,
            count=len(paragraphs.task.steps),
            mark=paragraphs.mark,
            observed=paragraphs.observed,
        )
        self._ballots = read_votes(completions, read)
        self._votes = self._ballots.counted(settings.merge).votes
        self._alone = completions[0].text if len(completions) == 1 else None
        self._steps = paragraphs.task.steps
        self._own = paragraphs.own
        self._settings = settings

    def finding(self) -> Finding:
        settings = self._settings
        reason = self._ballots.shortfall(settings.least)
        if reason:
            alone = {} if self._alone is None else {"text": self._alone}
            finding = silent(reason, **alone, **self._evidence())
            return replace(finding, summary={"prompt": settings.prompt_name})
        said: list[Opinion | Silence] = []
        over = ""
        for index in self._own:
            if over:
                said.append(Silence(self._steps[index].position, over))
                continue
            one, over = self._said(index)
            said.append(one)
        outcome = {"": "no error", AFTER_ERROR: "located"}.get(over, "unplaced")
        return found(said, settings.bad, outcome=outcome, votes=len(self._votes), prompt=settings.prompt_name)

    def _said(self, index: int) -> tuple[Opinion | Silence, str]:
        """What is said about one step, and why nothing is said of the steps after it."""
        settings, votes = self._settings, self._votes
        for_it = [vote for vote in votes if vote.said.index is None or vote.said.index > index]
        against = [vote for vote in votes if vote.said.index == index]
        position = self._steps[index].position
        decision = decide(len(for_it), len(against), len(votes), settings.merge)
        if decision == "split":
            return Silence(position, _SPLIT, self._evidence()), _AFTER_SPLIT
        is_bad = decision == "bad"
        speaker = against[0] if is_bad else for_it[0]
        text = speaker.said.analyses.get(index, "")
        opinion = Opinion(
            position,
            settings.bad if is_bad else settings.good,
            distribution=None if settings.votes == 1 else self._shares(len(for_it), len(against)),
            text=text or (speaker.text.strip() if is_bad else ""),
            evidence={"model": speaker.model, **self._evidence()},
        )
        return opinion, AFTER_ERROR if is_bad else ""

    def _shares(self, for_it: int, against: int) -> dict[str, float]:
        speaking = for_it + against
        return {self._settings.good: for_it / speaking, self._settings.bad: against / speaking}

    def _evidence(self) -> dict[str, object]:
        if self._settings.votes == 1:
            return {}
        votes = [{"sample": vote.sample, "first_error": self._place(vote)} for vote in self._votes]
        return {"merge": self._settings.merge, "votes": [*votes, *self._ballots.unread_evidence()]}

    def _place(self, vote: Vote[Location]) -> int | None:
        return None if vote.said.index is None else self._steps[vote.said.index].position
