"""One annotator's answers to one task of another tool, gathered until each question at each place has one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from annotate.ingest.drafts import LabelDraft, RaterDraft
from annotate.ingest.fields import clean_text
from annotate.ingest.label_fields import VERDICT
from annotate.ingest.levels import level_of
from annotate.ingest.options import ReadOptions

_VERDICT_NAMES = ("verdict", "label", "step_label")
# ``map verdict.text=reason``: a question in words whose answers are the reasons of another's.
_WORDS = ".text"
_Place = tuple[str, int | None]


def criterion_of(name: str, options: ReadOptions, step_free: str = "") -> str:
    """The criterion that answers to a tool's question are about; ``step_free`` is its name less the step's number."""
    for said in filter(None, (name, step_free)):
        for criterion, column in options.columns.items():
            if column == said:
                return criterion
    name = step_free or name
    return VERDICT if name in _VERDICT_NAMES else name


@dataclass(slots=True)
class _Answer:
    origin: str
    levels: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    evidence: dict[str, Any] = field(default_factory=dict)
    # Whether its texts are reasons of a label, and nothing by themselves.
    is_reason: bool = False


class Voice:
    """The options' ``values`` say which levels the tool's words stand for.

    A question that nobody has mapped is left out where the rubric does not ask it.
    """

    def __init__(self, rater: RaterDraft, options: ReadOptions) -> None:
        self._rater = rater
        self._values = options.values
        self._mapped = frozenset(name.removesuffix(_WORDS) for name in options.columns)
        self._answers: dict[_Place, _Answer] = {}

    def choose(
        self,
        criterion: str,
        position: int | None,
        given: Any,
        path: str,
        evidence: Mapping[str, Any] | None = None,
    ) -> None:
        """One level, or several: choices within choices come as paths, of which the last word counts."""
        answer = self._answers.setdefault((criterion, position), _Answer(path))
        for entry in given if isinstance(given, list) else [given]:
            word = entry[-1] if isinstance(entry, list) and entry else entry
            level = level_of(word, criterion, self._values, path)
            if level is not None and level not in answer.levels:
                answer.levels.append(level)
        if evidence:
            answer.evidence.setdefault("spans", []).append(dict(evidence))

    def answer(
        self, criterion: str, position: int | None, given: Any, path: str, evidence: Mapping[str, Any]
    ) -> None:
        """A level, or words where ``values`` and the verdict's own words know no level of that name.

        A question for words is told by its answer alone: what has a space in it is no level's key.
        """
        words = given if isinstance(given, list) else [given]
        if criterion.endswith(_WORDS) or any(
            isinstance(word, str) and " " in word.strip() and word not in self._values for word in words
        ):
            self.say(criterion, position, given, path)
        else:
            self.choose(criterion, position, given, path)
        if evidence:
            self._answers[criterion.removesuffix(_WORDS), position].evidence.update(evidence)

    def say(self, criterion: str, position: int | None, given: Any, path: str) -> None:
        is_reason = criterion.endswith(_WORDS)
        criterion = criterion.removesuffix(_WORDS)
        answer = self._answers.setdefault((criterion, position), _Answer(path))
        answer.is_reason |= is_reason
        for entry in given if isinstance(given, list) else [given]:
            text = clean_text(entry, path)
            if text.strip():
                answer.texts.append(text)

    def labels(self, seconds: float | None = None) -> Iterator[LabelDraft]:
        for (criterion, position), answer in self._answers.items():
            # A reason without its label answers no question: it is left out and counted.
            is_alone = answer.is_reason and not answer.levels
            if answer.levels or answer.texts:
                yield LabelDraft(
                    self._rater,
                    f"{criterion}{_WORDS}" if is_alone else criterion,
                    position,
                    # Several levels are tags, which a question for one level refuses.
                    " ".join(sorted(answer.levels)),
                    "\n".join(answer.texts),
                    seconds,
                    answer.evidence,
                    answer.origin,
                    is_optional=is_alone or criterion not in self._mapped,
                )
