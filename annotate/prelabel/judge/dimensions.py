"""Judge three sides of each step: confidence, relevance and coherence.

A step can be right and beside the point, or to the point and unfounded; one verdict hides which. The three are criteria
of the project's own rubric, each asked by itself with its levels in several orders, so that an answer to one does not
colour the next. A rubric without one of them is an error that names it: nothing is labelled half.

What the words mean is the criterion's description; where the project wrote none, the ready-made one is asked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from annotate.errors import Rejected
from annotate.ingest.presets import DIMENSIONS
from annotate.prelabel import prompts
from annotate.prelabel.asking.questionnaire import Questionnaire
from annotate.prelabel.asking.questions import (
    QuestionSettings,
    places_of,
)
from annotate.prelabel.contracts import (
    CriterionTask,
    Finding,
    Opinion,
    Silence,
    Strategy,
    TraceTask,
)
from annotate.prelabel.entries import StrategyEntry
from annotate.settings import require

MEANINGS = {preset.key: preset.description for preset in DIMENSIONS}


@dataclass(frozen=True, slots=True)
class DimensionsSettings(QuestionSettings):
    """The keys of the three criteria in the project's rubric; all are asked about steps.

    ``confidence``, ``relevance`` and ``coherence`` are such keys.
    """

    confidence: str = "confidence"
    relevance: str = "relevance"
    coherence: str = "coherence"
    prompt: str = "level-question@v1"

    def __post_init__(self) -> None:
        QuestionSettings.__post_init__(self)
        keys = (self.confidence, self.relevance, self.coherence)
        require(len(set(keys)) == len(keys), "coherence", "the three must be different criteria.")
        prompts.load(self.prompt)


def judge_dimensions(task: TraceTask, settings: DimensionsSettings) -> Strategy:
    """Ask all three about every own step, in one batch."""
    if not task.steps:
        return Finding(silences=(Silence(None, "the trace has no steps"),))
    criteria = dimensions_of(task, settings)
    form = Questionnaire(task, criteria, settings.prompt, settings)
    places, silences = places_of(task, "step")
    answers = (yield form.requests(places)) if places else []
    opinions: list[Opinion] = []
    for sheet in form.sheets(places, answers):
        opinions += form.opinions(sheet)
        silences += (silence,) if (silence := sheet.silence()) else ()
    return Finding(tuple(opinions), silences, {"dimensions": [criterion.key for criterion in criteria]})


def dimensions_of(task: TraceTask, settings: DimensionsSettings) -> list[CriterionTask]:
    """The three criteria. Raises Rejected that names the missing one."""
    known = {criterion.key: criterion for criterion in task.criteria if criterion.scope == "step"}
    found = []
    for name, meaning in MEANINGS.items():
        key = getattr(settings, name)
        if key not in known:
            raise Rejected(f"the rubric has no criterion {key!r} that is asked about a step.", field=name)
        found.append(replace(known[key], description=known[key].description or meaning))
    return found


STRATEGY = StrategyEntry(
    "judge/dimensions",
    "judge",
    "Judge of confidence, relevance and coherence",
    DimensionsSettings,
    judge_dimensions,
    summary="Asks three questions about each step. The rubric must have a criterion for each of them.",
    usual_criterion="coherence",
)
