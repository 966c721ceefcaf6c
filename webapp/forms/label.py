"""The labelling page's forms: every question at its place, and the whole sheet as a plain form sends it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext, gettext_lazy

from annotate.enums import WORDING_KINDS, CandidateKind, CriterionKind, Scope
from annotate.label.answers import Said
from annotate.label.completeness import Answer
from annotate.label.cut_versions import OldAnswer
from annotate.label.queries import Sheet
from annotate.label.revealing import MachineWord
from annotate.models import Candidate, Criterion, CutReport, Level, Step
from annotate.wording import figure, mid

# A step is very long from about two screens on.
LONG_LINES, LONG_TEXT = 60, 5_000
# A trace of more steps than this comes to its page in pieces: first what two screens hold, then more at a time.
LONG_TRACE, FIRST_STEPS, LATER_STEPS = 60, 16, 40
NOT_ANSWERED = Answer("", "")
# The choice of none of the alternatives: its answer is the words beside it.
OWN = "own"


class LabellingForm(forms.Form):
    """What people see beside the steps."""

    shows_reference = forms.BooleanField(
        required=False,
        label=gettext_lazy("Show the reference answer and solution"),
        help_text=gettext_lazy("Folded, beside the problem. Whoever knows the answer judges steps by it."),
    )
    reveals_prelabels = forms.BooleanField(
        required=False,
        label=gettext_lazy("Show what machines said, after the person has answered everything"),
        help_text=gettext_lazy(
            "People answer blind first, always. With this on they then see the pre-labels and may change"
            " their answers; both are kept, and Agreement shows how far each machine pulls."
        ),
    )


@dataclass(frozen=True, slots=True)
class Asking:
    """A question as every place on the page shows it; made once, however many steps there are."""

    criterion: Criterion
    order: int
    levels: tuple[Level, ...]
    asked_where: str
    fill: str
    # One question about a step needs no name; several do.
    is_named: bool

    @property
    def takes_words(self) -> bool:
        return self.criterion.kind in WORDING_KINDS

    @property
    def takes_many(self) -> bool:
        return self.criterion.kind == CriterionKind.TAGS

    @property
    def is_correction(self) -> bool:
        return self.criterion.kind == CriterionKind.CORRECTION

    @property
    def is_pick(self) -> bool:
        return self.criterion.kind == CriterionKind.PICK

    @property
    def best(self) -> str:
        """The level of the highest score, when there is one that says nothing is wrong."""
        scored = [level for level in self.levels if level.score is not None and level.score > 0]
        return max(scored, key=lambda level: level.score or 0.0).key if scored else ""

    @property
    def condition_levels(self) -> str:
        return " ".join(self.criterion.condition_levels)


@dataclass(frozen=True, slots=True)
class Blank:
    """A question at a place, with the answer it has so far.

    ``candidate``: the text that is rated. ``choices``: those that one is picked from.
    """

    asking: Asking
    step: Step | None
    answer: Answer
    candidate: Candidate | None = None
    choices: tuple[Candidate, ...] = ()

    @property
    def criterion(self) -> Criterion:
        return self.asking.criterion

    @property
    def position(self) -> int | None:
        return self.step.position if self.step else None

    @property
    def suffix(self) -> str:
        if self.candidate is not None:
            return f"{self.criterion.pk}-c{self.candidate.pk}"
        return f"{self.criterion.pk}-{'trace' if self.step is None else self.step.position}"

    @property
    def place(self) -> str:
        if self.candidate is not None and self.step is not None:
            kind = mid(self.candidate.get_kind_display())
            return gettext("Step %(position)s, %(kind)s %(number)s") % {
                "position": self.step.position + 1,
                "kind": kind,
                "number": self.candidate.number,
            }
        return (
            gettext("The whole trace")
            if self.step is None
            else gettext("Step %(position)s") % {"position": self.step.position + 1}
        )

    def standing_in(self, position: str, number: str) -> StandIn:
        """The same open question at a place that is filled in later."""
        return StandIn(self.asking, None, NOT_ANSWERED, as_position=position, as_number=number)

    @property
    def is_the_same_everywhere(self) -> bool:
        """Whether it looks at every step as it looks here, but for the number: open, and about nothing but the step."""
        is_about_more = self.candidate is not None or bool(self.choices) or self.asking.is_correction
        return not (self.is_answered or self.step is None or is_about_more)

    @property
    def is_named(self) -> bool:
        return self.asking.is_named

    @property
    def chosen(self) -> list[str]:
        if self.asking.is_pick and self.answer.text and not self.answer.value:
            return [OWN]
        return self.answer.value.split()

    @property
    def is_answered(self) -> bool:
        return bool(self.answer.value or self.answer.text)

    @property
    def words(self) -> str:
        """What the text field holds: a correction starts from the step."""
        if self.asking.is_correction and self.step is not None and not self.answer.text:
            return self.step.body
        return self.answer.text


@dataclass(frozen=True, slots=True)
class StandIn(Blank):
    """A question about a step whose position and number are not known yet: texts stand for them."""

    as_position: str = ""
    as_number: str = ""

    @property
    def suffix(self) -> str:
        return f"{self.criterion.pk}-{self.as_position}"

    @property
    def place(self) -> str:
        return gettext("Step %(position)s") % {"position": self.as_number}


@dataclass(frozen=True, slots=True)
class Given:
    """The texts of one kind about a step, each with its questions."""

    title: str
    texts: tuple[tuple[Candidate, tuple[Blank, ...]], ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A step with its questions and the texts about it, in the rubric's order."""

    step: Step
    parts: tuple[Blank | Given, ...]
    # What machines say of the step, once that is shown.
    words: tuple[MachineWord, ...] = ()
    # What the person had said before the step was split or merged, and what they have reported about its boundaries.
    notes: tuple[OldAnswer, ...] = ()
    report: CutReport | None = None

    @property
    def number(self) -> int:
        return self.step.position + 1

    @property
    def blanks(self) -> list[Blank]:
        """The questions about the step itself."""
        return [part for part in self.parts if isinstance(part, Blank)]

    @property
    def asks_the_usual(self) -> bool:
        """Whether all that it asks looks here as it looks at every other step."""
        return all(isinstance(part, Blank) and part.is_the_same_everywhere for part in self.parts)

    @property
    def is_disputed(self) -> bool:
        """Whether a machine says other than the person on a question both were asked."""
        said = {blank.criterion.pk: blank.answer.value for blank in self.blanks if blank.answer.value}
        return any(said.get(word.criterion_id, word.value) != word.value for word in self.words)

    @property
    def how_long(self) -> str:
        """What a very long step is cut by on the page, in words; empty for all others."""
        lines = self.step.text.count("\n") + 1
        if lines > LONG_LINES:
            return gettext("%(n)s lines") % {"n": figure(f"{lines:,}")}
        return (
            gettext("%(n)s characters") % {"n": figure(f"{len(self.step.text):,}")}
            if len(self.step.text) > LONG_TEXT
            else ""
        )

    @property
    def mark(self) -> str:
        """The level shown in the margin: the answer to the first question."""
        return self.blanks[0].answer.value if self.blanks else ""


def rows_of(
    sheet: Sheet,
    words: Mapping[int | None, Sequence[MachineWord]] | None = None,
    notes: Mapping[int, Sequence[OldAnswer]] | None = None,
    reports: Mapping[int, CutReport] | None = None,
) -> list[Row]:
    askings = [asking for asking in askings_of(sheet) if asking.criterion.scope != Scope.TRACE]
    return [
        Row(
            step,
            tuple(_parts(sheet, [one for one in askings if _is_about(one, step)], step)),
            tuple((words or {}).get(step.position, ())),
            tuple((notes or {}).get(step.pk, ())),
            (reports or {}).get(step.pk),
        )
        for step in sheet.steps
    ]


def _parts(sheet: Sheet, askings: Sequence[Asking], step: Step) -> Iterator[Blank | Given]:
    """Texts stand where the first question about them does."""
    shown: set[str] = set()
    for asking in askings:
        kind = CandidateKind.ALTERNATIVE.value if asking.is_pick else asking.criterion.candidate_kind
        texts = sheet.texts.at(step.position, kind) if kind else []
        if kind and not texts:
            continue
        if kind and kind not in shown:
            shown.add(kind)
            rating = [one for one in askings if one.criterion.candidate_kind == kind]
            rated = ((text, tuple(_blank(sheet, one, step, text) for one in rating)) for text in texts)
            yield Given(CandidateKind(kind).plural, tuple(rated))
        if asking.criterion.scope == Scope.STEP:
            yield _blank(sheet, asking, step, choices=tuple(texts))


def blanks_about_trace(sheet: Sheet) -> list[Blank]:
    return [
        _blank(sheet, asking, None) for asking in askings_of(sheet) if asking.criterion.scope == Scope.TRACE
    ]


def askings_of(sheet: Sheet) -> list[Asking]:
    """The questions in the rubric's order."""
    by_pk: dict[int | None, Criterion] = {criterion.pk: criterion for criterion in sheet.criteria}
    n_about_steps = sum(criterion.scope == Scope.STEP for criterion in sheet.criteria)
    return [
        Asking(
            criterion,
            order,
            tuple(criterion.levels.all()),
            _asked_where(by_pk.get(criterion.condition_id), criterion),
            _filling(criterion),
            is_named=criterion.scope != Scope.STEP or n_about_steps > 1,
        )
        for order, criterion in enumerate(sheet.criteria)
    ]


def first_rows(rows: Sequence[Row]) -> Sequence[Row]:
    """Those with which work can begin: of a long trace the first, and some behind the first that is open."""
    if len(rows) <= LONG_TRACE:
        return rows
    is_open = (any(not blank.is_answered for blank in row.blanks) for row in rows)
    return rows[: next((place for place, one in enumerate(is_open) if one), 0) + FIRST_STEPS]


def said_in(sheet: Sheet, data: QueryDict, *, seen: int | None, boundary: int | None = None) -> list[Said]:
    """What a posted sheet says that the stored one does not; a question left blank says nothing.

    Steps left open before an error are answered along with it where the question says so.
    """
    say = partial(Said, seen=seen, boundary=boundary)
    said_now = {said.spot: said for said in _posted_answers(sheet, data, say)}
    filled: list[Said] = []
    for asking in askings_of(sheet):
        if not asking.fill:
            continue
        errors = {level.key for level in asking.levels if level.is_error}
        values = []
        for step in sheet.steps:
            now = said_now.get((asking.criterion.pk, step.position, None))
            stored = sheet.answers.get((asking.criterion.pk, step.position), NOT_ANSWERED)
            values.append(now.value if now else stored.value)
        first = next((index for index, value in enumerate(values) if value in errors), 0)
        for step, value in zip(sheet.steps[:first], values, strict=False):
            if not value:
                filled.append(say(asking.criterion.pk, step.position, asking.fill, is_filled=True))
    return [*said_now.values(), *filled]


def _posted_answers(sheet: Sheet, data: QueryDict, say: Callable[..., Said]) -> Iterator[Said]:
    for blank in [*_blanks_of_steps(sheet), *blanks_about_trace(sheet)]:
        values = filter(None, data.getlist(f"answer-{blank.suffix}"))
        value = " ".join(sorted(value for value in values if not (blank.asking.is_pick and value == OWN)))
        text = data.get(f"text-{blank.suffix}", "").replace("\r\n", "\n").strip()
        is_in_words = blank.asking.takes_words or blank.asking.is_pick
        is_answer = bool(value) or (is_in_words and bool(text))
        if text == blank.words.strip() and blank.asking.is_correction:
            continue
        if is_answer and (value, text) != (blank.answer.value, blank.answer.text):
            rated = blank.candidate.pk if blank.candidate else None
            position = None if rated is not None else blank.position
            yield say(blank.criterion.pk, position, value, text, candidate=rated)


def _blanks_of_steps(sheet: Sheet) -> Iterator[Blank]:
    for row in rows_of(sheet):
        for part in row.parts:
            if isinstance(part, Blank):
                yield part
            else:
                yield from (blank for _, blanks in part.texts for blank in blanks)


def _is_about(asking: Asking, step: Step) -> bool:
    kinds = asking.criterion.step_kinds
    return not kinds or step.kind in kinds


def _blank(
    sheet: Sheet,
    asking: Asking,
    step: Step | None,
    candidate: Candidate | None = None,
    *,
    choices: tuple[Candidate, ...] = (),
) -> Blank:
    if candidate is not None:
        answer = sheet.ratings.get((asking.criterion.pk, candidate.pk), NOT_ANSWERED)
    else:
        place = (asking.criterion.pk, step.position if step else None)
        answer = sheet.answers.get(place, NOT_ANSWERED)
    return Blank(asking, step, answer, candidate, choices)


def _asked_where(condition: Criterion | None, criterion: Criterion) -> str:
    """ "Only where Verdict is Bad", for those whose page does not hide what is not asked."""
    if condition is None:
        return ""
    titles = [level.title for level in condition.levels.all() if level.key in criterion.condition_levels]
    return gettext("Only where %(condition)s is %(titles)s") % {
        "condition": condition.title,
        "titles": " or ".join(titles),
    }


def _filling(criterion: Criterion) -> str:
    """The level that open steps before an error get: the one with the highest score; empty where none do."""
    if not criterion.fills_before_error:
        return ""
    scored = [level for level in criterion.levels.all() if level.score is not None]
    return max(scored, key=lambda level: level.score or 0.0).key if scored else ""
