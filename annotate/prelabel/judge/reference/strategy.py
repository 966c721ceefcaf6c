"""Judge steps by aligning them with a worked reference solution, in one structured answer.

For every step the judge names what it compared, the earlier steps it builds on, the parts of the reference it
corresponds to, the kinds of error in it, and a verdict (SPARE, arXiv 2506.15498). It needs a worked solution, not only
an answer: a trace without one is passed over.

Known weakness: a valid route that the reference does not take tends to be called wrong; the paper's verdicts are ±1
and leave no other word for it. Ours may be "different route", which becomes a silence. That catches the cases the
judge itself notices, not all of them.

Also ours: the answer counts as a whole or not at all, and steps after the first wrong one are silent unless
``after_error`` is ``label``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from annotate.prelabel import prompts
from annotate.prelabel.asking.judging import JudgeSettings, found, silent, until_first_bad
from annotate.prelabel.asking.paragraphs import Paragraphs
from annotate.prelabel.asking.votes import read_votes
from annotate.prelabel.contracts import Completion, Finding, Opinion, Silence, Strategy, TraceTask
from annotate.prelabel.judge.reference.answers import Aligned, read_alignment
from annotate.settings import require

DIFFERENT_ROUTE = "takes another route than the reference"


@dataclass(frozen=True, slots=True)
class ReferenceSettings(JudgeSettings):
    """``after_error``: whether steps after the first wrong one are passed over or labelled as the judge says."""

    prompt: str = "reference@v1"
    after_error: Literal["silence", "label"] = "silence"

    def __post_init__(self) -> None:
        JudgeSettings.__post_init__(self)
        require(self.prompt.startswith("reference@"), "prompt", "must start with reference@.")
        require(self.after_error in ("silence", "label"), "after_error", "must be silence or label.")
        prompts.load(self.prompt)


def judge_reference(task: TraceTask, settings: ReferenceSettings) -> Strategy:
    """Judge one trace against its reference solution."""
    if not task.steps:
        return silent("the trace has no steps")
    paragraphs = Paragraphs.of(task)
    reason = paragraphs.lacks("solution") or ("" if paragraphs.own else "the trace has no steps of its own")
    if reason:
        return silent(reason)
    parts = reference_parts(task.reference_solution or "")
    content = prompts.load(settings.prompt).render(
        mark=paragraphs.mark,
        problem=task.problem.strip("\r\n"),
        reference_count=str(len(parts)),
        reference="\n".join(
            paragraphs.fenced(f"part_{number}", part) for number, part in enumerate(parts, 1)
        ),
        count=str(len(task.steps)),
        paragraphs=paragraphs.steps(),
    )
    (completions,) = yield [settings.request(content, purpose="alignment")]
    return _finding(paragraphs, parts, completions, settings)


def reference_parts(solution: str) -> tuple[str, ...]:
    """The solution cut at its empty lines or, where it has none, at its line breaks."""
    for border in (r"\n[ \t\r]*\n", r"\n"):
        parts = tuple(part.strip() for part in re.split(border, solution) if part.strip())
        if len(parts) > 1:
            return parts
    return (solution.strip(),)


def _finding(
    paragraphs: Paragraphs,
    parts: Sequence[str],
    completions: Sequence[Completion],
    settings: ReferenceSettings,
) -> Finding:
    read = partial(read_alignment, mark=paragraphs.mark, own=paragraphs.own, parts=len(parts))
    ballots = read_votes(completions, read, "alignment")
    reason = ballots.shortfall(1)
    if reason:
        finding = silent(reason, **({"text": completions[0].text} if completions else {}))
        return replace(finding, summary={"prompt": settings.prompt})
    vote = ballots.votes[0]
    said = [_said(paragraphs.task, parts, aligned, vote.model, settings) for aligned in vote.said]
    if settings.after_error == "silence":
        said = until_first_bad(said, settings.bad)
    routes = sum(aligned.verdict == "different route" for aligned in vote.said)
    return found(said, settings.bad, different_route=routes, prompt=settings.prompt)


def _said(
    task: TraceTask, parts: Sequence[str], aligned: Aligned, model: str, settings: ReferenceSettings
) -> Opinion | Silence:
    position = task.steps[aligned.index].position
    evidence = {
        "model": model,
        "verdict": aligned.verdict,
        "context": aligned.context,
        "earlier": [task.steps[index].position for index in aligned.earlier],
        "reference": [{"part": index, "text": parts[index]} for index in aligned.reference],
        "errors": list(aligned.errors),
    }
    if aligned.verdict == "different route":
        return Silence(position, DIFFERENT_ROUTE, {**evidence, "explanation": aligned.explanation})
    value = settings.good if aligned.verdict == "right" else settings.bad
    return Opinion(position, value, text=aligned.explanation, evidence=evidence)
