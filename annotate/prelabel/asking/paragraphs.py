"""A trace as numbered paragraphs between tags that nothing in it can imitate.

Steps are written by models and people who may want a good mark: one may hold ``</paragraph_3>``, a ready-made verdict
or instructions to the judge. Every tag therefore ends in a mark, a piece of a digest of the texts that does not occur
in any of them, and a judge states its verdict between tags with the same mark: what it merely quotes is then never
read as its own word. The mark follows from the trace alone, so a question asked twice is the same question.

A mark keeps data and instructions apart for the reader of the answer. It cannot keep a judge from being persuaded.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from annotate.prelabel import prompts
from annotate.prelabel.contracts import StepTask, TraceTask

Shown = Literal["none", "answer", "solution"]

# Eight hexadecimal digits: no text is long enough to hold every one of them.
_MARK_LENGTH = 8
_SHOWN_PROMPTS = {"answer": "shown-answer@v1", "solution": "shown-solution@v1"}


def mark_for(texts: Sequence[str]) -> str:
    """The first eight digits of the texts' digest that occur in none of them, in either case."""
    folded = [text.casefold() for text in texts]
    return next(mark for mark in _candidates(texts) if not any(mark in text for text in folded))


def _candidates(texts: Sequence[str]) -> Iterator[str]:
    # Lengths go in, or moving the border between two texts would keep the mark.
    digest = hashlib.sha256()
    for text in texts:
        encoded = text.encode(errors="surrogatepass")
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    while True:
        yield digest.hexdigest()[:_MARK_LENGTH]
        digest.update(b"again")


def numbered_parts(text: str, name: str, mark: str) -> list[tuple[int, str]]:
    """(number, content) of every ``<NAME_NUMBER_MARK>`` pair of tags in an answer, in order."""
    # Nobody means a longer number, and int() refuses very long ones.
    tag = rf"{name}_(\d{{1,9}})" + (f"_{mark}" if mark else "")
    closing = rf"{name}_\1" + (f"_{mark}" if mark else "")
    parts = re.findall(rf"<{tag}>(.*?)</{closing}>", text, re.DOTALL)
    return [(int(number), body.strip()) for number, body in parts]


@dataclass(frozen=True, slots=True)
class Paragraphs:
    """Everything of a trace that a prompt may show. Without a ``mark`` the tags are plain, as old prompts have them.

    Paragraph ``number`` is index + 1 of a step. Observations are the environment's: they are numbered and shown, and
    never judged.
    """

    task: TraceTask
    mark: str

    @classmethod
    def of(cls, task: TraceTask) -> Paragraphs:
        shown = (task.problem, task.reference_answer or "", task.reference_solution or "")
        return cls(task, mark_for([*shown, *(step.text for step in task.steps)]))

    @property
    def own(self) -> tuple[int, ...]:
        """Indices of the steps that can be judged."""
        return tuple(index for index, step in enumerate(self.task.steps) if step.kind != "observation")

    @property
    def observed(self) -> frozenset[int]:
        """Indices of the others."""
        return frozenset(range(len(self.task.steps))) - frozenset(self.own)

    def fenced(self, name: str, text: str) -> str:
        """``text`` whole, but for line breaks around it, between the tags of that name."""
        tag = f"{name}_{self.mark}" if self.mark else name
        body = text.strip("\r\n")
        return f"<{tag}>\n{body}\n</{tag}>"

    def steps(self, count: int | None = None) -> str:
        """The first ``count`` steps, all by default: a shorter run is the beginning of a longer one."""
        chosen = self.task.steps[:count]
        return "\n".join(self._step(number, step) for number, step in enumerate(chosen, 1))

    def reference(self, shown: Shown) -> str:
        """The block that shows the reference, led by an empty line; empty for ``none``. See ``lacks``."""
        if shown == "none":
            return ""
        text = self.task.reference_answer if shown == "answer" else self.task.reference_solution
        prompt = prompts.load(_SHOWN_PROMPTS[shown])
        return "\n\n" + prompt.render(reference=self.fenced(f"reference_{shown}", text or ""))

    def lacks(self, shown: Shown) -> str:
        """Why ``reference`` has nothing to show, empty where it has."""
        if shown == "answer" and not (self.task.reference_answer or "").strip():
            return "no reference answer"
        if shown == "solution" and not (self.task.reference_solution or "").strip():
            return "no reference solution"
        return ""

    def _step(self, number: int, step: StepTask) -> str:
        name = "observation" if step.kind == "observation" else "paragraph"
        return self.fenced(f"{name}_{number}", step.text)
