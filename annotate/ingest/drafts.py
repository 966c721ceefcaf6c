"""What a reader makes of one row, before the database has seen it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from annotate.enums import Outcome, RaterKind, StepKind
from annotate.ingest.album import Flaw
from annotate.ingest.image_drafts import ImageDraft
from annotate.ingest.image_entries import shown_images

Meta: TypeAlias = Mapping[str, Any]
NO_META: Meta = MappingProxyType({})


class StepDraft(NamedTuple):
    """Exactly what the model emitted; ``tail`` counts the separator characters that end it.

    A tuple, since there are many of them: a frozen dataclass takes four times as long to make.
    """

    text: str
    tail: int = 0
    kind: StepKind = StepKind.THOUGHT
    meta: Meta = NO_META


# A row's own drafts are not frozen: freezing them would take four times as long to make them.
@dataclass(slots=True)
class ProblemDraft:
    """A problem is known by its text; ``external_id`` is only its name and may be empty."""

    text: str
    external_id: str = ""
    reference_answer: str | None = None
    reference_solution: str | None = None
    meta: Meta = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RaterDraft:
    """``is_simulated`` None says nothing: a rater that is known keeps what it is."""

    name: str
    kind: RaterKind = RaterKind.PERSON
    is_simulated: bool | None = None


@dataclass(frozen=True, slots=True)
class LabelDraft:
    """What ``rater`` says about the step at ``position``, or with None about the whole trace.

    ``origin`` is where in the row it stands ("labels[2]"), for error messages. ``is_optional``: where the rubric has no
    such question the label is left out and counted, rather than the row refused. ``score`` is a machine's own number
    behind the value, ``distribution`` how likely it held each level; None where there are none.
    """

    rater: RaterDraft
    criterion: str
    position: int | None
    value: str
    text: str = ""
    seconds: float | None = None
    evidence: Meta = field(default_factory=dict)
    origin: str = ""
    is_optional: bool = False
    score: float | None = None
    distribution: Meta | None = None

    def place(self, name: str) -> str:
        """The path of one of its fields inside the row."""
        return f"{self.origin}.{name}" if self.origin else name


@dataclass(frozen=True, slots=True)
class CandidateDraft:
    """A text about the step at ``position``; ``rater`` is the name of one of the project's, or empty."""

    position: int
    kind: str
    text: str
    source_model: str = ""
    rater: str = ""
    meta: Meta = field(default_factory=dict)


class Fingerprint(NamedTuple):
    """What a trace is known by: SHA-256 of its problem, of its text, and of both with the boundaries; and its size.

    ``n_bytes`` is about what its texts and images take.
    """

    problem: str
    text: str
    content: str
    n_bytes: int


@dataclass(slots=True)
class TraceDraft:
    external_id: str
    problem: ProblemDraft
    steps: tuple[StepDraft, ...]
    source_model: str = ""
    outcome: Outcome | None = None
    meta: Meta = field(default_factory=dict)
    labels: tuple[LabelDraft, ...] = ()
    candidates: tuple[CandidateDraft, ...] = ()
    # The bytes that the meta of the problem and the steps name.
    images: tuple[ImageDraft, ...] = ()
    # Images that are no good, where whoever brings the file in would rather have the trace without them.
    flaws: tuple[Flaw, ...] = ()
    # Where it has been taken already.
    fingerprint: Fingerprint | None = None


@dataclass(frozen=True, slots=True)
class LabelLine:
    """A label on a trace that is in the project already."""

    trace: str
    label: LabelDraft


@dataclass(frozen=True, slots=True)
class LabelSheet:
    """Labels on one trace that is in the project already: all of them are entered or none.

    ``by_message``: their positions count the messages of a conversation, as the steps' meta has them. ``may_revise``:
    a label that stands is revised by one that differs; False where the file may mean somebody else of that name.
    """

    trace: str
    labels: tuple[LabelDraft, ...]
    by_message: bool = False
    may_revise: bool = True


@dataclass(frozen=True, slots=True)
class PairDraft:
    """Two traces of one problem, and which of them is the better one: ``label`` answers a question about pairs.

    Its value is ``left`` where the first is preferred, ``right`` for the second; where they stand on the page is as
    good as drawn, and the value follows. ``name`` is the pair's id in the file, where that gives one.
    """

    first: TraceDraft
    second: TraceDraft
    label: LabelDraft | None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class LineupDraft:
    """Some traces of one problem, and in which order raters have put them: ``labels`` answer a question about lineups.

    A value is a ranking by the letters of the traces as they stand here (:mod:`annotate.ingest.rankings`); where they
    stand on the page is as good as drawn, and the value follows.
    """

    traces: tuple[TraceDraft, ...]
    labels: tuple[LabelDraft, ...]


Draft: TypeAlias = TraceDraft | LabelLine | LabelSheet | PairDraft | LineupDraft


@dataclass(slots=True)
class Row:
    """One row that could be read; ``line`` is the 1-based line of the file on which it starts."""

    line: int
    draft: Draft


@dataclass(frozen=True, slots=True)
class BadRow:
    """One row that cannot be taken: where, which field (None: the row as a whole) and why."""

    line: int
    field: str | None
    reason: str
    # Where several files come in together.
    file: str = ""


def fingerprint_of(draft: TraceDraft) -> Fingerprint:
    problem = problem_hash(draft.problem)
    n_bytes = len(draft.problem.text) + sum([len(text) for text, _, _, _ in draft.steps])
    if draft.images:
        n_bytes += sum([len(image.data) for image in draft.images])
    return Fingerprint(problem, text_hash(draft.steps), content_hash(problem, draft.steps), n_bytes)


def problem_hash(problem: ProblemDraft) -> str:
    """The problem's identity: SHA-256 of its text and images, so that a later reference answer finds it again."""
    pictures = _pictures(problem.meta, problem.text) if problem.meta else ""
    return hashlib.sha256(f"{problem.text}{pictures}".encode()).hexdigest()


def text_hash(steps: tuple[StepDraft, ...]) -> str:
    """SHA-256 of the trace's text."""
    return hashlib.sha256("".join([step.text for step in steps]).encode()).hexdigest()


def content_hash(problem: str, steps: tuple[StepDraft, ...]) -> str:
    """A trace's identity: its problem's hash and its steps, boundaries and kinds included."""
    # Lengths go first: the steps "ab", "c" and "a", "bc" are two ways to cut one text, and two contents.
    shape = "".join(
        [
            # A kind is a string already, and quicker so than by its value.
            f"\n{len(text)} {tail} " + kind + "\n" + text + (_pictures(meta, text) if meta else "")
            for text, tail, kind, meta in steps
        ]
    )
    return hashlib.sha256(f"{problem}{shape}".encode()).hexdigest()


def _pictures(meta: Meta, text: str) -> str:
    """What images add to an identity: nothing where there are none.

    One that lies elsewhere counts by its address, fetched or not, and the text may hold that already.
    """
    added = []
    for one in shown_images(meta):
        if one.address:
            added.append("" if f"({one.address})" in text else f"\naddress:{one.address}")
        elif one.digest:
            added.append(f"\nimage:{one.digest}")
    return "".join(added)


def named_by_content(prefix: str, problem: ProblemDraft, steps: tuple[StepDraft, ...]) -> str:
    """An id for a trace whose file gives none: the same problem and steps are the same trace."""
    return f"{prefix}-{content_hash(problem_hash(problem), steps)[:24]}"
