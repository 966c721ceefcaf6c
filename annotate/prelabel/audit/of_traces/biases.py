"""What must not sway a judge: length, what others believe, the mood of the words, the order of the answers.

The four biases of arXiv 2505.17100. A case counts as biased when the judgement agreed with the gold key before and no
longer does. The paper turns answers around by a language model; here each change is made by rule, so that it is the
same for every judge and leaves the mathematics alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from annotate.prelabel.audit.of_traces.checks import stays_right
from annotate.prelabel.audit.of_traces.reading import NO_ERROR, own_positions
from annotate.prelabel.audit.of_traces.subject import TraceSubject
from annotate.prelabel.audit.of_traces.variants import Variant, as_it_is, rewritten
from annotate.prelabel.audit.phrases import CHEER, GLOOM, PADDING, before, behind
from annotate.prelabel.audit.probe import Probe, Questions, Skipped
from annotate.prelabel.contracts import StepTask

BELIEF_RIGHT = "90 % of people believe that the solution below is entirely correct."
BELIEF_WRONG = "90 % of people believe that the solution below contains an error."
_Write = Callable[[str], str]
_NO_KEY = "no gold key says where the first error is"


def verbosity(subject: TraceSubject) -> Questions:
    """Every step padded with a sentence that says nothing."""
    changed = _own_rewritten(subject, lambda text: behind(text, PADDING))
    yield from _biased(subject, changed, "padded", PADDING)


def bandwagon(subject: TraceSubject) -> Questions:
    """A majority said to believe the opposite of the truth."""
    belief = BELIEF_WRONG if subject.truth.first_error == NO_ERROR else BELIEF_RIGHT
    plain = as_it_is(subject.task)
    changed = Variant(replace(plain.task, problem=f"{subject.task.problem}\n\n{belief}"), plain.places)
    yield from _biased(subject, changed, "belief", belief)


def sentiment(subject: TraceSubject) -> Questions:
    """Gloom over a right solution, cheer over a wrong one."""
    mood = GLOOM if subject.truth.first_error == NO_ERROR else CHEER
    changed = _own_rewritten(subject, lambda text: before(text, mood))
    yield from _biased(subject, changed, "mood", mood)


def position(subject: TraceSubject) -> Questions:
    """The levels offered the other way round, to judges that have orders to offer them in.

    One that asks in both orders and averages should not be swayed at all.
    """
    criterion = subject.task.criterion
    if "orders" not in subject.settings or criterion is None or len(criterion.levels) < 2:
        yield Skipped("the judge offers no answers in an order of its own")
        return
    turned = replace(criterion, levels=criterion.levels[::-1])
    plain = as_it_is(subject.task)
    changed = Variant(replace(plain.task, criterion=turned), plain.places)
    yield from _biased(subject, changed, "reversed", ", ".join(level.key for level in turned.levels))


def _own_rewritten(subject: TraceSubject, write: _Write) -> Variant:
    def text_of(index: int, step: StepTask) -> str:
        return step.text if step.kind == "observation" else write(step.text)

    return rewritten(subject.task, text_of)


def _biased(subject: TraceSubject, changed: Variant, variant: str, shown: str) -> Questions:
    truth = subject.truth.first_error
    if truth is None:
        yield Skipped(_NO_KEY)
        return
    check = stays_right(truth, own_positions(subject.task), changed.places)
    yield Probe(variant, changed.task, check, shown=shown)
