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
_Place = tuple[str, int | None]


def criterion_of(name: str, options: ReadOptions) -> str:
    """The criterion that answers to a tool's question are about."""
    for criterion, column in options.columns.items():
        if column == name:
            return criterion
    return VERDICT if name in _VERDICT_NAMES else name


@dataclass(slots=True)
class _Answer:
    origin: str
    levels: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    evidence: dict[str, Any] = field(default_factory=dict)


class Voice:
    """``values`` say which levels the tool's words stand for."""

    def __init__(self, rater: RaterDraft, values: Mapping[str, str]) -> None:
        self._rater = rater
        self._values = values
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
        if any(isinstance(word, str) and " " in word.strip() and word not in self._values for word in words):
            self.say(criterion, position, given, path)
        else:
            self.choose(criterion, position, given, path)
        if evidence:
            self._answers[criterion, position].evidence.update(evidence)

    def say(self, criterion: str, position: int | None, given: Any, path: str) -> None:
        answer = self._answers.setdefault((criterion, position), _Answer(path))
        for entry in given if isinstance(given, list) else [given]:
            text = clean_text(entry, path)
            if text.strip():
                answer.texts.append(text)

    def labels(self, seconds: float | None = None) -> Iterator[LabelDraft]:
        for (criterion, position), answer in self._answers.items():
            if answer.levels or answer.texts:
                yield LabelDraft(
                    self._rater,
                    criterion,
                    position,
                    # Several levels are tags, which a question for one level refuses.
                    " ".join(sorted(answer.levels)),
                    "\n".join(answer.texts),
                    seconds,
                    answer.evidence,
                    answer.origin,
                )
