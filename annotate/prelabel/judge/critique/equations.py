"""The equation dialect: every step is asked about on its own."""

from __future__ import annotations

from collections.abc import Sequence

from annotate.prelabel import prompts
from annotate.prelabel.asking.judging import found
from annotate.prelabel.asking.votes import Ballots, decide, read_votes
from annotate.prelabel.contracts import Completion, Opinion, Silence, StepTask, Strategy, TraceTask
from annotate.prelabel.judge.critique.answers import Equation, read_equation
from annotate.prelabel.judge.critique.settings import CritiqueSettings


def judge_equations(task: TraceTask, settings: CritiqueSettings) -> Strategy:
    """One request per step, all in one batch. Observations are read as part of what came before."""
    prompt = prompts.load(settings.prompt_name)
    own = [index for index, step in enumerate(task.steps) if step.kind != "observation"]
    requests = []
    for index in own:
        step = task.steps[index]
        prefix = "".join(earlier.text for earlier in task.steps[:index])
        content = prompt.render(problem=task.problem, prefix=prefix, step=step.text.rstrip())
        requests.append(settings.request(content, n=settings.votes, about=step.position, purpose="critique"))
    if not requests:
        return found((Silence(None, "the trace has no steps of its own"),), settings.bad)
    answers = yield requests
    said = [
        _said(task.steps[index], completions, settings)
        for index, completions in zip(own, answers, strict=True)
    ]
    return found(said, settings.bad, prompt=prompt.name)


def _said(step: StepTask, completions: Sequence[Completion], settings: CritiqueSettings) -> Opinion | Silence:
    ballots = read_votes(completions, read_equation)
    reason = ballots.shortfall(settings.least)
    if reason:
        alone = {"text": completions[0].text} if len(completions) == 1 else {}
        return Silence(step.position, reason, {**alone, **_evidence(ballots, settings)})
    ballots = ballots.counted(settings.merge)
    good = sum(vote.said.is_met for vote in ballots.votes)
    bad = len(ballots.votes) - good
    decision = decide(good, bad, len(ballots.votes), settings.merge)
    evidence = _evidence(ballots, settings)
    if decision == "split":
        return Silence(step.position, "the critiques disagree about this step", evidence)
    speaker = next(vote for vote in ballots.votes if vote.said.is_met == (decision == "good"))
    return Opinion(
        step.position,
        settings.good if decision == "good" else settings.bad,
        distribution=None
        if settings.votes == 1
        else {settings.good: good / (good + bad), settings.bad: bad / (good + bad)},
        text=speaker.text.strip(),
        evidence={
            "expected": str(speaker.said.expected),
            "found": str(speaker.said.found),
            "model": speaker.model,
            **evidence,
        },
    )


def _evidence(ballots: Ballots[Equation], settings: CritiqueSettings) -> dict[str, object]:
    if settings.votes == 1:
        return {}
    votes: list[dict[str, object]] = [
        {"sample": vote.sample, "says": settings.good if vote.said.is_met else settings.bad}
        for vote in ballots.votes
    ]
    return {"merge": settings.merge, "votes": votes + ballots.unread_evidence()}
