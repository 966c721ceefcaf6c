"""The comparing page's forms: every question as one plain form sends it, and how pairs and lineups are made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext, gettext_lazy

from annotate.enums import WORDING_KINDS, CriterionKind
from annotate.errors import Rejected
from annotate.ingest.rankings import rank_by_place, ranking_of
from annotate.label.comparing import Choice
from annotate.label.completeness import Answer
from annotate.label.spread import Side
from annotate.models import Criterion, Level
from annotate.models.lineup import FEWEST, MOST

NOT_ANSWERED = Answer("", "")
MOST_PER_PROBLEM = 1000


class LeaseForm(forms.Form):
    """The lease, and why somebody leaves what they were to compare."""

    token = forms.IntegerField(min_value=0)
    note = forms.CharField(required=False, max_length=2000)


class MakingForm(forms.Form):
    """What is made of the traces of each problem."""

    def usual(self) -> dict[str, Any]:
        """The values of a form that nobody has filled in."""
        return {name: self.get_initial_for_field(field, name) for name, field in self.fields.items()}


class PairsForm(MakingForm):
    """What is put side by side, two and two."""

    sides = forms.ChoiceField(
        choices=[
            ("traces", gettext_lazy("Whole solutions")),
            ("steps", gettext_lazy("Next steps: where two solutions part")),
        ],
        initial="traces",
        label=gettext_lazy("What is compared"),
    )
    per_problem = forms.IntegerField(
        min_value=1,
        max_value=MOST_PER_PROBLEM,
        initial=1,
        label=gettext_lazy("Pairs of each problem"),
        help_text=gettext_lazy("A right solution is put beside a wrong one first, then the others."),
    )


class LineupsForm(MakingForm):
    """What is put in order."""

    prefix = "lineup"

    size = forms.IntegerField(
        min_value=FEWEST, max_value=MOST, initial=4, label=gettext_lazy("Solutions in a lineup, at most")
    )
    per_problem = forms.IntegerField(
        min_value=1,
        max_value=MOST_PER_PROBLEM,
        initial=1,
        label=gettext_lazy("Lineups of each problem"),
        help_text=gettext_lazy("No solution is in two. Problems with fewer than three are left out."),
    )


@dataclass(frozen=True, slots=True)
class RankRow:
    """The rank that one side has by a ranking, as it stands in the form; ``number`` empty: none yet."""

    side: Side
    name: str
    number: str


@dataclass(frozen=True, slots=True)
class Blank:
    """One question of the page with the answer that stands in it."""

    criterion: Criterion
    levels: tuple[Level, ...]
    answer: Answer
    ranks: tuple[RankRow, ...]
    is_in_trouble: bool = False

    @property
    def takes_words(self) -> bool:
        return self.criterion.kind in WORDING_KINDS

    @property
    def takes_many(self) -> bool:
        return self.criterion.kind == CriterionKind.TAGS

    @property
    def is_ranking(self) -> bool:
        return self.criterion.kind == CriterionKind.RANKING

    @property
    def chosen(self) -> set[str]:
        return set(self.answer.value.split())

    @property
    def condition_levels(self) -> str:
        return " ".join(self.criterion.condition_levels)

    @property
    def asked_where(self) -> str:
        """Said to those whose page does not hide what is not asked."""
        condition = self.criterion.condition
        if condition is None:
            return ""
        titles = [
            level.title for level in condition.levels.all() if level.key in self.criterion.condition_levels
        ]
        return gettext("Only where %(question)s is %(answers)s") % {
            "question": condition.title,
            "answers": gettext(" or ").join(titles),
        }

    @property
    def left(self) -> str:
        """The level that the left arrow chooses: the one with the highest score, if that is above 0."""
        return self._furthest(1)

    @property
    def right(self) -> str:
        return self._furthest(-1)

    def _furthest(self, sign: int) -> str:
        if self.takes_many:
            return ""
        scored = [level for level in self.levels if level.score is not None and level.score * sign > 0]
        return max(scored, key=lambda level: (level.score or 0.0) * sign).key if scored else ""


def blanks_of(
    criteria: Sequence[Criterion], sides: Sequence[Side], answers: Mapping[int, Answer], *, trouble: str = ""
) -> list[Blank]:
    """The questions with what their holder has answered; ``trouble`` is the key of one that was refused."""
    blanks = []
    for criterion in criteria:
        answer = answers.get(criterion.pk, NOT_ANSWERED)
        ranks = rank_by_place(answer.value, len(sides)) if _is_ranking(criterion) and answer.value else {}
        numbers = {place: str(number) for place, number in ranks.items()}
        blanks.append(_blank(criterion, sides, answer, numbers, trouble))
    return blanks


def posted_blanks(
    criteria: Sequence[Criterion], sides: Sequence[Side], data: QueryDict, *, trouble: str
) -> list[Blank]:
    """The questions as they were sent, for a page that says what is wrong with them and loses nothing."""
    blanks = []
    for criterion in criteria:
        numbers = {side.place: data.get(_rank_name(criterion, side), "")[:2] for side in sides}
        answer = Answer(
            " ".join(data.getlist(f"answer-{criterion.pk}")), data.get(f"text-{criterion.pk}", "")
        )
        blanks.append(_blank(criterion, sides, answer, numbers, trouble))
    return blanks


def choices_in(criteria: Sequence[Criterion], sides: Sequence[Side], data: QueryDict) -> list[Choice]:
    """What a posted page says, question by question. Raises Rejected, with the question's key, for what is no rank."""
    choices = []
    for criterion in criteria:
        if _is_ranking(criterion):
            value = _posted_ranking(criterion, sides, data)
        else:
            value = " ".join(sorted(filter(None, data.getlist(f"answer-{criterion.pk}"))))
        text = data.get(f"text-{criterion.pk}", "")
        choices.append(Choice(criterion.pk, value, text, _seconds(data.get(f"seconds-{criterion.pk}", ""))))
    return choices


def lease_in(data: QueryDict) -> tuple[int, str]:
    """(token, note) of a posted form."""
    form = LeaseForm(data)
    if not form.is_valid():
        field, problems = next(iter(form.errors.items()))
        if field == "token":
            raise Rejected(gettext("The form came without its lease token. Reload the page."), field="token")
        raise Rejected(" ".join(map(str, problems)), field=field)
    return form.cleaned_data["token"], form.cleaned_data["note"]


def _blank(
    criterion: Criterion, sides: Sequence[Side], answer: Answer, numbers: Mapping[int, str], trouble: str
) -> Blank:
    ranks = (
        RankRow(side, _rank_name(criterion, side), numbers.get(side.place, ""))
        for side in (sides if _is_ranking(criterion) else ())
    )
    return Blank(
        criterion, tuple(criterion.levels.all()), answer, tuple(ranks), is_in_trouble=criterion.key == trouble
    )


def _is_ranking(criterion: Criterion) -> bool:
    return criterion.kind == CriterionKind.RANKING


def _rank_name(criterion: Criterion, side: Side) -> str:
    return f"rank-{criterion.pk}-{side.letter}"


def _posted_ranking(criterion: Criterion, sides: Sequence[Side], data: QueryDict) -> str:
    numbers: dict[int, int] = {}
    for side in sides:
        given = data.get(_rank_name(criterion, side), "").strip()
        if not given:
            continue
        if not (given.isascii() and given.isdecimal() and 1 <= int(given[:4]) <= len(sides)):
            raise Rejected(
                gettext("%(side)s: a rank is a number from 1 to %(last)s.")
                % {"side": side.title, "last": len(sides)},
                field=criterion.key,
            )
        numbers[side.place] = int(given)
    if numbers and len(numbers) < len(sides):
        left = [side.title for side in sides if side.place not in numbers]
        raise Rejected(gettext("No rank yet: %(sides)s.") % {"sides": ", ".join(left)}, field=criterion.key)
    return ranking_of(numbers)


def _seconds(words: str) -> float | None:
    """What the page's script measured; without it, or with anything else, the time is not known."""
    try:
        seconds = float(words)
    except ValueError:
        return None
    return seconds if 0 <= seconds < 86_400 else None
