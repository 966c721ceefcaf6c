"""Projects whose rubric asks more than the usual one, and strategies that say what a test wants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from annotate.enums import CriterionKind, Scope
from annotate.ingest.founding import create_rubric, use_rubric
from annotate.ingest.presets import CriterionPreset, LevelPreset
from annotate.models import Project, Trace
from annotate.prelabel.contracts import Finding, Message, Request, Strategy, Task
from annotate.prelabel.entries import StrategyEntry
from tests.factories import a_project, a_trace


def _levels(*keys: str) -> list[LevelPreset]:
    return [LevelPreset(key, key.title(), f"It is {key}.", "", float(i)) for i, key in enumerate(keys)]


def a_rich_project() -> Project:
    """Two questions about steps, one about the trace, one for a text, one about pairs."""
    project = a_project()
    criteria = (
        CriterionPreset("verdict", "Verdict", "Is it right?", _levels("bad", "good")),
        CriterionPreset("useful", "Useful", "Does it help?", _levels("no", "yes")),
        CriterionPreset("whole", "Whole", "And all of it?", _levels("poor", "fine"), scope=Scope.TRACE),
        CriterionPreset("note", "Note", "Say why.", (), kind=CriterionKind.TEXT),
        CriterionPreset("preference", "Preference", "Which?", _levels("left", "right"), scope=Scope.PAIR),
    )
    use_rubric(project, create_rubric(project, name="Rich", criteria=criteria))
    return project


def traces_of(project: Project, n_problems: int, n_each: int) -> list[Trace]:
    """``n_each`` traces of each problem; no two problems and no two traces say the same."""
    made: list[Trace] = []
    for i in range(n_problems):
        first = a_trace(project, texts=[f"Problem {i}, way 0.\n", "So.\n", "Answer: 42"])
        first.problem.text = f"What is {i} times seven?"
        first.problem.save()
        made.append(first)
        made += [
            a_trace(
                project, texts=[f"Problem {i}, way {way}.\n", "So.\n", "Answer: 42"], problem=first.problem
            )
            for way in range(1, n_each)
        ]
    return made


@dataclass(frozen=True, slots=True)
class TableSettings:
    """``helper`` is the address of a second model."""

    helper: str = ""
    hint_rater: str = ""
    bad: str = "bad"


def asking(task: Task, settings: TableSettings) -> Strategy:
    """Ask the main backend and every player the test's entry has, and say what came back."""
    text = task.problem
    own, helped = yield [
        Request((Message("user", text),)),
        Request((Message("user", text),), player="helper"),
    ]
    return Finding(summary={"own": own[0].text, "helped": helped[0].text})


def an_entry(task: Literal["trace", "pair"] = "trace", **facts: Any) -> StrategyEntry:
    facts = {"factory": asking, "players": {"helper": "helper"}} | facts
    return StrategyEntry("judge/table", "judge", "Table", TableSettings, task=task, **facts)
