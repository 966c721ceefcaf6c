"""Ask about every step on its own which level of the criterion holds, and read how probable each answer is.

The answers are the levels' own words, asked for in several orders and averaged, because models lean towards what
stands first. The distribution over the levels is the label's; its likeliest level is the label and the mean of the
levels' scores its score. Probabilities come from the server's own question call, from next-token log-probabilities, or,
where neither is to be had, from counting texts (see ``annotate.prelabel.asking.choices``).

Everything that questions of one trace have in common stands at the beginning of the prompt, so that a server's prefix
cache pays: problem, reference, the paragraphs up to the one in question, and only then the question.

A step is judged given the steps before it, also after a bad one. The probabilities are the model's, not yet those of
being right: calibrate them on gold labels before they are believed. A word of several tokens cannot be read from
next-token probabilities; ``labels`` gives such a level a shorter one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from annotate.prelabel import prompts
from annotate.prelabel.asking.choices import Unread, averaged, label_orders, order_gap, read_choices
from annotate.prelabel.asking.judging import silent
from annotate.prelabel.asking.paragraphs import Paragraphs
from annotate.prelabel.asking.questions import (
    QuestionSettings,
    asked_criterion,
    choice_request,
    expected_score,
    places_of,
    require_mass,
    scored_levels,
)
from annotate.prelabel.contracts import (
    Completion,
    CriterionTask,
    Finding,
    LevelTask,
    Opinion,
    Request,
    Silence,
    Strategy,
    TraceTask,
)
from annotate.prelabel.entries import StrategyEntry
from annotate.settings import require


@dataclass(frozen=True, slots=True)
class PerStepSettings(QuestionSettings):
    """``through``: the judge sees the steps up to the one in question, or the whole solution.

    ``labels`` are ``KEY=WORD`` pairs, the word to answer with for a level; other levels go by their title, or by
    their key where the title is more than one word. With ``show_reference`` a trace without a reference is passed
    over.
    """

    through: Literal["prefix", "whole"] = "prefix"
    labels: tuple[str, ...] = ()
    prompt: str = "per-step@v1"

    def __post_init__(self) -> None:
        QuestionSettings.__post_init__(self)
        require(self.through in ("prefix", "whole"), "through", "must be prefix or whole.")
        require(self.prompt.startswith("per-step@"), "prompt", "must start with per-step@.")
        prompts.load(self.prompt)
        pairs = [label.partition("=") for label in self.labels]
        require(all(key and word.strip() for key, _, word in pairs), "labels", "must be KEY=WORD pairs.")
        require(len({key for key, _, _ in pairs}) == len(pairs), "labels", "must name each level once.")

    @property
    def words(self) -> dict[str, str]:
        return {key: word.strip() for key, _, word in (label.partition("=") for label in self.labels)}


def judge_per_step(task: TraceTask, settings: PerStepSettings) -> Strategy:
    """Ask about every own step of one trace, all in one batch."""
    if not task.steps:
        return silent("the trace has no steps")
    criterion = asked_criterion(task)
    require(criterion.scope == "step", "criterion", "must be one that is asked about steps.")
    judge = _StepJudge(task, criterion, settings)
    reason = judge.paragraphs.lacks(settings.show_reference)
    if reason:
        return silent(reason)
    places, empty = places_of(task, "step")
    indices = [place for place in places if place is not None]
    answers = (yield judge.requests(indices)) if indices else []
    size = len(judge.orders)
    said = [
        judge.said(index, answers[place * size : (place + 1) * size]) for place, index in enumerate(indices)
    ]
    opinions = tuple(one for one in said if isinstance(one, Opinion))
    silences = tuple(one for one in said if isinstance(one, Silence))
    return Finding(opinions, (*silences, *empty), {"judged": len(opinions), "prompt": settings.prompt})


class _StepJudge:
    def __init__(self, task: TraceTask, criterion: CriterionTask, settings: PerStepSettings) -> None:
        self.paragraphs = Paragraphs.of(task)
        self._task = task
        self._settings = settings
        self._prompt = prompts.load(settings.prompt)
        self._criterion = criterion
        self._levels = scored_levels(criterion)
        self._words = _words(self._levels, settings.words)
        self.orders = label_orders([level.key for level in self._levels], settings.orders)

    def requests(self, indices: Sequence[int]) -> list[Request]:
        return [self._request(index, order) for index in indices for order in self.orders]

    def said(self, index: int, answers: Sequence[Sequence[Completion]]) -> Opinion | Silence:
        """What the answers in all orders come to."""
        position = self._task.steps[index].position
        words = list(self._words.values())
        evidence: dict[str, object] = {}
        try:
            readings = [read_choices(completions, words) for completions in answers]
            mean = averaged(readings)
            evidence = {**mean.evidence(), "order_gap": round(order_gap(readings), 6)}
            require_mass(mean, self._settings.min_mass)
            if mean.best is None:
                raise Unread("two levels are equally likely")
        except Unread as reason:
            return Silence(position, str(reason), evidence)
        shares = {key: mean.probabilities[word] for key, word in self._words.items()}
        value = next(key for key, word in self._words.items() if word == mean.best)
        return Opinion(position, value, expected_score(self._levels, shares), shares, evidence=evidence)

    def _request(self, index: int, order: Sequence[str]) -> Request:
        settings, paragraphs = self._settings, self.paragraphs
        text = self._prompt.render(
            mark=paragraphs.mark,
            problem=self._task.problem.strip("\r\n"),
            reference=paragraphs.reference(settings.show_reference),
            paragraphs=paragraphs.steps(None if settings.through == "whole" else index + 1),
            number=str(index + 1),
            title=self._criterion.title,
            description=self._criterion.description,
            answers="\n".join(self._line(key) for key in order),
            words=", ".join(self._words[key] for key in order),
        )
        # In the order shown: a server that lays the question out itself goes by the order of the choices.
        choices = tuple(self._words[key] for key in order)
        return choice_request(text, choices, settings, self._task.steps[index].position, "verdict")

    def _line(self, key: str) -> str:
        level = next(level for level in self._levels if level.key == key)
        meaning = level.description or level.title
        return f"{self._words[key]}: {meaning}"


def _words(levels: Sequence[LevelTask], given: Mapping[str, str]) -> dict[str, str]:
    """By level key, the word to answer with. Raises Rejected for levels that are not there or look alike."""
    unknown = sorted(given.keys() - {level.key for level in levels})
    require(not unknown, "labels", f"name no level with a score: {', '.join(unknown)}.")
    words = {
        level.key: given.get(level.key) or (level.title if len(level.title.split()) == 1 else level.key)
        for level in levels
    }
    folded = {word.casefold().rstrip(".!?,;: ") for word in words.values()}
    require(len(folded) == len(words) and "" not in folded, "labels", "must differ by more than case.")
    return words


STRATEGY = StrategyEntry(
    "judge/per_step",
    "judge",
    "Judge step by step",
    PerStepSettings,
    judge_per_step,
    summary="Asks about each step which level holds and keeps how probable every level is.",
)
