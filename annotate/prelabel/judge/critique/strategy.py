"""Judge steps by a written critique.

Two dialects. ``equation`` is for a small judge trained on it: one request per step, answered by the value the
step should have and the value found, which are compared here; models of that size learn to write both numbers
long before they learn to compare them. ``paragraph`` is for general models: the whole solution in numbered
tags, read in one pass that stops at the first error (the critic of ProcessBench, arXiv 2412.06559, and of
arXiv 2501.07301).

Where ours departs: the published evaluation counts an unreadable critique as a wrong one and its label
builders read it as "no error"; here it is a silence. Paragraph numbers start at 1 in the prompt, and a box
that contradicts the analyses is not believed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from annotate.prelabel import prompts
from annotate.prelabel.contracts import (
    Completion,
    Finding,
    Message,
    Opinion,
    Request,
    Sampling,
    Silence,
    StepTask,
    Strategy,
    TraceTask,
)
from annotate.prelabel.judge.critique.answers import Location, Unreadable, read_equation, read_location
from annotate.settings import require

_PROMPTS = {"equation": "critique-equation@v1", "paragraph": "critique-paragraph@v1"}


@dataclass(frozen=True, slots=True)
class CritiqueSettings:
    """``prompt`` empty means the newest of the dialect."""

    dialect: Literal["equation", "paragraph"] = "paragraph"
    prompt: str = ""
    system: str = ""
    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    max_tokens: int = 4096
    seed: int = 0
    good: str = "good"
    bad: str = "bad"

    def __post_init__(self) -> None:
        require(self.dialect in _PROMPTS, "dialect", f"must be one of {', '.join(_PROMPTS)}.")
        family = f"critique-{self.dialect}@"
        require(not self.prompt or self.prompt.startswith(family), "prompt", f"must start with {family}.")
        require(self.temperature >= 0, "temperature", "must not be negative.")
        require(0 < self.top_p <= 1, "top_p", "must lie in (0, 1].")
        require(self.top_k >= 0, "top_k", "must not be negative.")
        require(self.max_tokens >= 1, "max_tokens", "must be at least 1.")
        require(self.good != self.bad, "bad", "must differ from good.")
        prompts.load(self.prompt_name)

    @property
    def prompt_name(self) -> str:
        return self.prompt or _PROMPTS[self.dialect]

    @property
    def sampling(self) -> Sampling:
        return Sampling(self.temperature, self.top_p, self.top_k, self.max_tokens, (), self.seed)


def judge_critique(task: TraceTask, settings: CritiqueSettings) -> Strategy:
    """Judge one trace in the dialect of the settings."""
    if not task.steps:
        return Finding(silences=(Silence(None, "the trace has no steps"),))
    if settings.dialect == "equation":
        return (yield from _judge_equations(task, settings))
    return (yield from _judge_paragraphs(task, settings))


def _judge_equations(task: TraceTask, settings: CritiqueSettings) -> Strategy:
    prompt = prompts.load(settings.prompt_name)
    requests = []
    for index, step in enumerate(task.steps):
        prefix = "".join(earlier.text for earlier in task.steps[:index])
        content = prompt.render(problem=task.problem, prefix=prefix, step=step.text.rstrip())
        requests.append(_request(content, settings, step.position))
    answers = yield requests
    opinions: list[Opinion] = []
    silences: list[Silence] = []
    for step, completions in zip(task.steps, answers, strict=True):
        verdict = _equation_verdict(step, completions, settings)
        if isinstance(verdict, Opinion):
            opinions.append(verdict)
        else:
            silences.append(verdict)
    bad = [opinion.position for opinion in opinions if opinion.value == settings.bad]
    summary = {"first_error": bad[0] if bad else None, "judged": len(opinions), "prompt": prompt.name}
    return Finding(tuple(opinions), tuple(silences), summary)


def _equation_verdict(
    step: StepTask, completions: Sequence[Completion], settings: CritiqueSettings
) -> Opinion | Silence:
    reason = _unfinished(completions)
    if reason:
        return Silence(step.position, reason, {"text": completions[0].text} if completions else {})
    text = completions[0].text.strip()
    try:
        check = read_equation(text)
    except Unreadable as error:
        return Silence(step.position, str(error), {"text": text})
    value = settings.good if check.is_met else settings.bad
    evidence = {"expected": str(check.expected), "found": str(check.found), "model": completions[0].model}
    return Opinion(step.position, value, text=text, evidence=evidence)


def _judge_paragraphs(task: TraceTask, settings: CritiqueSettings) -> Strategy:
    prompt = prompts.load(settings.prompt_name)
    paragraphs = "\n".join(
        f"<paragraph_{number}>\n{step.text.strip()}\n</paragraph_{number}>"
        for number, step in enumerate(task.steps, 1)
    )
    content = prompt.render(problem=task.problem, count=str(len(task.steps)), paragraphs=paragraphs)
    (completions,) = yield [_request(content, settings, None)]
    reason = _unfinished(completions)
    if reason:
        return Finding(silences=(Silence(None, reason),), summary={"prompt": prompt.name})
    text = completions[0].text
    try:
        location = read_location(text, len(task.steps))
    except Unreadable as error:
        return Finding(silences=(Silence(None, str(error), {"text": text}),), summary={"prompt": prompt.name})
    return _located(task, location, completions[0], settings)


def _located(
    task: TraceTask, location: Location, completion: Completion, settings: CritiqueSettings
) -> Finding:
    end = len(task.steps) if location.index is None else location.index
    evidence = {"model": completion.model}
    opinions = [
        Opinion(step.position, settings.good, text=location.analyses.get(index, ""), evidence=evidence)
        for index, step in enumerate(task.steps[:end])
    ]
    silences: list[Silence] = []
    if location.index is not None:
        analysis = location.analyses.get(location.index, "") or completion.text.strip()
        opinions.append(Opinion(task.steps[end].position, settings.bad, text=analysis, evidence=evidence))
        silences = [Silence(step.position, "after the first error") for step in task.steps[end + 1 :]]
    first_error = None if location.index is None else task.steps[location.index].position
    summary = {"first_error": first_error, "judged": len(opinions), "prompt": settings.prompt_name}
    return Finding(tuple(opinions), tuple(silences), summary)


def _request(content: str, settings: CritiqueSettings, about: int | None) -> Request:
    system = (Message("system", settings.system),) if settings.system else ()
    messages = (*system, Message("user", content))
    return Request(messages, 1, settings.sampling, about=about, purpose="critique")


def _unfinished(completions: Sequence[Completion]) -> str:
    if not completions:
        return "the backend returned no critique"
    completion = completions[0]
    if completion.finish_reason == "length":
        return "the critique was cut off"
    if completion.finish_reason != "stop":
        return completion.error or f"the critique ended with {completion.finish_reason}"
    return ""
