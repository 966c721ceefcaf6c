"""How much each step raises the probability of the reference answer (IGPO, arXiv 2510.14967).

``p_t`` is the geometric mean of the probabilities of the answer's tokens when the trace is cut after step ``t`` and
forced to answer; the signal is ``p_t - p_(t-1)``, the bare problem being before the first step. The signals of a trace
add up to the rise from the problem to the end.

Departures: every step gets its gain, where IGPO puts the graded outcome in the last one's place; ``closing`` may be
scored along, so that "3" is not mistaken for the beginning of "36"; steps after the answer was stated are masked.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from annotate.prelabel.asking.choices import Unread
from annotate.prelabel.continuations.answer_probe import (
    Contexts,
    ProbeSettings,
    answer_request,
    mean_logprob,
    ranking,
    ranking_opinion,
    silent_steps,
    unprobed,
)
from annotate.prelabel.contracts import Finding, Opinion, Silence, Strategy, TraceTask
from annotate.prelabel.entries import StrategyEntry
from annotate.prelabel.grading import final_answers
from annotate.settings import require


@dataclass(frozen=True, slots=True)
class AnswerGainSettings(ProbeSettings):
    """``opening`` forces the answer, ``closing`` is what ends it.

    On a line of its own already, the opening goes without its first line breaks.
    """

    opening: str = "\n\nThe answer is: "
    closing: str = ""

    def __post_init__(self) -> None:
        ProbeSettings.__post_init__(self)
        require(bool(self.opening.strip()), "opening", "must hold a word.")


def probe_answer_gain(task: TraceTask, settings: AnswerGainSettings) -> Strategy:
    """Score the answer after every step in one batch; the gains are the labels' scores."""
    if (finding := unprobed(task)) is not None:
        return finding
    answer = final_answers.stated_reference(task.reference_answer or "")
    contexts = Contexts(task, settings)
    batch = [
        answer_request(contexts, cut, settings.opening, answer + settings.closing, "answer gain")
        for cut in contexts.cuts
    ]
    answers = yield batch
    levels: dict[int, float | str] = {}
    for cut, request, completions in zip(contexts.cuts, batch, answers, strict=True):
        try:
            levels[cut] = math.exp(mean_logprob(request, completions))
        except Unread as reason:
            levels[cut] = str(reason)
    return _finding(task, contexts, levels, answer, settings)


def _finding(
    task: TraceTask,
    contexts: Contexts,
    levels: dict[int, float | str],
    answer: str,
    settings: AnswerGainSettings,
) -> Finding:
    quiet = silent_steps(task, contexts, answer)
    opinions: list[Opinion] = []
    silences: list[Silence] = []
    for index in contexts.own:
        position = task.steps[index].position
        before, after = levels[contexts.before[index]], levels[contexts.after[index]]
        if index in quiet:
            silences.append(Silence(position, quiet[index]))
        elif isinstance(before, str) or isinstance(after, str):
            silences.append(Silence(position, after if isinstance(after, str) else str(before)))
        else:
            evidence: dict[str, object] = {"before": round(before, 9), "after": round(after, 9)}
            opinions.append(ranking_opinion(position, after - before, settings, evidence))
    return Finding(tuple(opinions), tuple(silences), {"doubtful_first": ranking(opinions)})


STRATEGY = StrategyEntry(
    "probe/answer_gain",
    "probe",
    "Gain in the answer's probability",
    AnswerGainSettings,
    probe_answer_gain,
    summary="Reads how much each step raises the probability of the reference answer. For ranking only.",
)
