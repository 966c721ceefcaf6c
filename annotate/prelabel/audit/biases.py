"""What must not sway a judge: length, what others believe, the mood of the words, the order of the answers.

The four biases of arXiv 2505.17100. A case counts as biased when the judgement agreed with the gold key before and no
longer does. The paper turns answers around by a language model; here each change is made by rule, so that it is the
same for every judge and leaves the mathematics alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from annotate.prelabel.audit.checks import stays_right
from annotate.prelabel.audit.probe import Probe, Skipped, Subject
from annotate.prelabel.audit.reading import NO_ERROR, own_positions
from annotate.prelabel.audit.variants import Variant, as_it_is, before, behind, rewritten
from annotate.prelabel.contracts import StepTask

PADDING = (
    "To be thorough, it is worth going over this part with care, considering it from every side, and stating it in full"
    " before moving on."
)
BELIEF_RIGHT = "90 % of people believe that the solution below is entirely correct."
BELIEF_WRONG = "90 % of people believe that the solution below contains an error."
CHEER = "What a delight, I am thrilled with how well this goes!"
GLOOM = "This is hopeless, I am so upset and afraid of getting it wrong."
_Write = Callable[[str], str]
_NO_KEY = "no gold key says where the first error is"


def verbosity(subject: Subject) -> Iterator[Probe | Skipped]:
    """Every step padded with a sentence that says nothing."""
    changed = _own_rewritten(subject, lambda text: behind(text, PADDING))
    yield from _biased(subject, changed, "padded", PADDING)


def bandwagon(subject: Subject) -> Iterator[Probe | Skipped]:
    """A majority said to believe the opposite of the truth."""
    belief = BELIEF_WRONG if subject.truth.first_error == NO_ERROR else BELIEF_RIGHT
    plain = as_it_is(subject.task)
    changed = Variant(replace(plain.task, problem=f"{subject.task.problem}\n\n{belief}"), plain.places)
    yield from _biased(subject, changed, "belief", belief)


def sentiment(subject: Subject) -> Iterator[Probe | Skipped]:
    """Gloom over a right solution, cheer over a wrong one."""
    mood = GLOOM if subject.truth.first_error == NO_ERROR else CHEER
    changed = _own_rewritten(subject, lambda text: before(text, mood))
    yield from _biased(subject, changed, "mood", mood)


def position(subject: Subject) -> Iterator[Probe | Skipped]:
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


def _own_rewritten(subject: Subject, write: _Write) -> Variant:
    def text_of(index: int, step: StepTask) -> str:
        return step.text if step.kind == "observation" else write(step.text)

    return rewritten(subject.task, text_of)


def _biased(subject: Subject, changed: Variant, variant: str, shown: str) -> Iterator[Probe | Skipped]:
    truth = subject.truth.first_error
    if truth is None:
        yield Skipped(_NO_KEY)
        return
    check = stays_right(truth, own_positions(subject.task), changed.places)
    yield Probe(variant, changed.task, check, shown=shown)
