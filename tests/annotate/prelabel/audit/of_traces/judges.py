"""Judges written by hand, that ask a model nothing it could not answer from the step itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from annotate.prelabel.audit.strategy import AuditSettings, audit
from annotate.prelabel.contracts import (
    Completion,
    CriterionTask,
    Finding,
    LevelTask,
    Message,
    Opinion,
    Request,
    Silence,
    StepTask,
    Strategy,
    TraceTask,
)
from annotate.prelabel.entries import StrategyEntry
from tests.annotate.prelabel.answering import run, said

Answer = Callable[[str], str]

BUS = "A bus leaves with 10 people. 3 people get off and 7 get on. How many people are on the bus now?"
VERDICT = CriterionTask(
    "verdict",
    "Verdict",
    levels=(
        LevelTask("good", "Good", score=1.0),
        LevelTask("neutral", "Neutral", score=0.0),
        LevelTask("bad", "Bad", score=-1.0),
        LevelTask("unsure", "Unsure"),
    ),
)
SOLUTION = ("3 people get off, so 10 - 3 = 7.\n", "7 get on, so 7 + 7 = 14.\n", "Answer: 14\n")


@dataclass(frozen=True, slots=True)
class JudgeSettings:
    seed: int = 0
    temperature: float = 1.0
    good: str = "good"
    bad: str = "bad"


@dataclass(frozen=True, slots=True)
class OrderedSettings(JudgeSettings):
    orders: int = 1


def per_step(task: TraceTask, settings: JudgeSettings) -> Strategy:
    """One request for each step; the answer is the level, anything else is a silence."""
    answers = yield [
        Request(
            (Message("user", task.problem), Message("user", step.text)),
            purpose=f"{settings.seed} {task.criterion.levels[0].key if task.criterion else ''}",
        )
        for step in task.steps
    ]
    opinions, silences = [], []
    for step, (answer,) in zip(task.steps, answers, strict=True):
        if answer.text in ("good", "neutral", "bad", "unsure"):
            opinions.append(Opinion(step.position, answer.text))
        else:
            silences.append(Silence(step.position, answer.text or "nothing said"))
    return Finding(tuple(opinions), tuple(silences))


PER_STEP = StrategyEntry("judge/by_hand", "judge", "By hand", JudgeSettings, per_step)
ORDERED = StrategyEntry("judge/by_hand", "judge", "By hand, in an order", OrderedSettings, per_step)


def trace(
    *texts: str,
    problem: str = BUS,
    first_error: int | None = None,
    outcome: str | None = None,
    solution: str | None = None,
) -> TraceTask:
    steps = tuple(StepTask(position, text) for position, text in enumerate(texts or SOLUTION))
    return TraceTask(problem, steps, "14", solution, outcome, VERDICT, first_error_hint=first_error)


def audited(
    task: TraceTask,
    answer: Callable[[Request], str],
    *,
    judge: StrategyEntry = PER_STEP,
    settings: Mapping[str, Any] | None = None,
    votes: int = 4,
) -> dict[str, Any]:
    """The families' counts for one trace, of a judge whose model answers like this."""

    def reply(request: Request, sample: int) -> Completion:
        return said(answer(request))

    chosen = AuditSettings(judge.name, {**asdict(judge.settings_class()), **(settings or {})}, votes)
    finding, _ = run(audit(task, chosen, judge), reply)
    assert (finding.opinions, finding.silences) == ((), ()), "an audit labels nothing"
    counts: dict[str, Any] = finding.summary["families"]
    return counts


def step_of(request: Request) -> str:
    return request.messages[-1].content


def rate(counts: Mapping[str, Any]) -> tuple[int, int]:
    return counts["held"], counts["held"] + counts["failed"]


def whole(entry: StrategyEntry) -> StrategyEntry:
    """The judge with a single verdict on the trace: wrong if any step is."""

    def judge(task: TraceTask, settings: JudgeSettings) -> Strategy:
        finding = yield from per_step(task, settings)
        if finding.silences:
            return Finding(silences=(Silence(None, "it left a step open"),))
        values = [opinion.value for opinion in finding.opinions]
        return Finding((Opinion(None, "bad" if "bad" in values else "good"),))

    return replace(entry, name="judge/whole", factory=judge)
