"""A small project with a finished consensus, as every export test wants one."""

from __future__ import annotations

from dataclasses import dataclass

from annotate.consensus.actions import run_consensus
from annotate.enums import Outcome, RaterKind
from annotate.models import Project, Rater, Run, Trace
from tests.factories import a_label, a_project, a_rater, a_trace

LEVELS = {"g": "good", "n": "neutral", "b": "bad", "u": "unsure"}


@dataclass(frozen=True, slots=True)
class Decided:
    project: Project
    run: Run
    traces: dict[str, Trace]
    ann: Rater
    ben: Rater


def say(rater: Rater, trace: Trace, values: str) -> None:
    for step, letter in zip(trace.steps.all(), values, strict=True):
        if letter != "-":
            a_label(rater, step, LEVELS[letter])


def a_decided_project(**stories: tuple[str, str]) -> Decided:
    """``whole=("gg", "gg")`` is a trace of that name with what Ann and the simulated Ben say about its steps."""
    project = a_project(slug="sums")
    ann = a_rater(project, name="Ann Archer")
    ben = a_rater(project, name="Ben Bot", is_simulated=True)
    a_rater(project, RaterKind.JUDGE, "judge/silent@v1")
    traces: dict[str, Trace] = {}
    for name, (first, second) in stories.items():
        trace = a_trace(project, n_steps=len(first), external_id=name, outcome=Outcome.WRONG)
        say(ann, trace, first)
        say(ben, trace, second)
        traces[name] = trace
    run = run_consensus(project, policy="majority")
    return Decided(project, run, traces, ann, ben)
