"""Which of two people prefer: the rule, and the votes it is applied to.

A vote comes from a label on a pair, by the sign of its level's score, or from a ranking, which says of every two of a
lineup which stands first. A level off the number line (*unsure*) is no vote. Only people vote here. A side wins with
more than half of all votes, a tie's among them; so does a tie. Anything else is disputed, and nobody has won. What a
reviewer has decided about a pair or lineup stands instead, whatever people said. What people said of pairs and lineups
whose answer was known was to measure them, and is no vote.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from django.db.models import Max, Q
from django.utils.translation import gettext

from annotate.enums import CHOOSING_KINDS, COMPARED, CriterionKind, RaterKind
from annotate.errors import Rejected
from annotate.ingest.rankings import implied_pairs
from annotate.models import Criterion, Entrant, Label, Lineup, Project
from annotate.models.label import LabelQuerySet
from annotate.models.lineup import LETTERS

BATCH = 500


class Verdict(StrEnum):
    LEFT = "left"
    RIGHT = "right"
    TIE = "tie"
    DISPUTED = "disputed"
    TOO_FEW = "too_few"
    UNSURE = "unsure"


_RULED = {1: Verdict.LEFT, 0: Verdict.TIE, -1: Verdict.RIGHT, None: Verdict.UNSURE}


@dataclass(frozen=True, slots=True)
class Votes:
    """How many people prefer the left, neither, or the right; ``unsure`` did answer and gave no vote."""

    left: int = 0
    tie: int = 0
    right: int = 0
    unsure: int = 0

    @property
    def n(self) -> int:
        return self.left + self.tie + self.right


def decide(votes: Votes, *, min_votes: int = 1, min_share: float = 0.5) -> Verdict:
    """``min_share`` is the share of the votes that a winner needs; more than half is needed whatever it says."""
    if not votes.n:
        return Verdict.UNSURE
    if votes.n < min_votes:
        return Verdict.TOO_FEW
    for n, verdict in ((votes.left, Verdict.LEFT), (votes.tie, Verdict.TIE), (votes.right, Verdict.RIGHT)):
        if 2 * n > votes.n and n >= min_share * votes.n:
            return verdict
    return Verdict.DISPUTED


@dataclass(frozen=True, slots=True)
class Compared:
    """Two things with what each person said of them: 1 the left, -1 the right, 0 neither, None unsure; by rater.

    A ``pair`` names its own sides. Of a lineup they are two traces, the one at the earlier place on the left.
    """

    name: str
    said: Mapping[int, int | None]
    pair: int | None = None
    traces: tuple[int, int] | None = None
    # Ids of the labels that spoke, by rater.
    labels: Mapping[int, int] = field(default_factory=dict)
    # What a reviewer decided.
    ruling: Verdict | None = None

    @property
    def votes(self) -> Votes:
        signs = list(self.said.values())
        return Votes(signs.count(1), signs.count(0), signs.count(-1), signs.count(None))


def comparing_criteria(project: Project) -> list[Criterion]:
    """The questions of the project's rubric whose answers prefer one to another, in their order."""
    asked = Criterion.objects.filter(rubric=project.rubric_id, scope__in=COMPARED).prefetch_related("levels")
    return [one for one in asked.order_by("position") if _prefers(one)]


def comparing_criterion(project: Project, key: str = "") -> Criterion:
    """The question of that key; without one, the only question that people have answered, or the only one there is."""
    known = comparing_criteria(project)
    if key:
        found = next((one for one in known if one.key == key), None)
        if found is None:
            there = ", ".join(one.key for one in known) or gettext("none")
            raise Rejected(
                gettext("no question %(key)s prefers one to another; there are: %(there)s.")
                % {"key": f"{key!r}", "there": there},
                field="criterion",
            )
        return found
    answered = [one for one in known if labels_by_people(one).exists()]
    choice = answered or known
    if len(choice) != 1:
        there = ", ".join(one.key for one in choice)
        reason = (
            gettext("say which: %(there)s.") % {"there": there}
            if choice
            else gettext("the rubric asks nobody to compare or to put in order.")
        )
        raise Rejected(reason, field="criterion")
    return choice[0]


def newest_label(criterion: Criterion) -> int:
    """The id up to which labels by this question are there now; 0 when there is none."""
    return Label.objects.filter(criterion=criterion).aggregate(newest=Max("pk"))["newest"] or 0


def labels_by_people(criterion: Criterion, upto: int | None = None) -> LabelQuerySet:
    """Their labels as they stood when ``upto`` was the newest: labels are never changed, so on any later day too."""
    said = Label.objects.filter(criterion=criterion, rater__kind=RaterKind.PERSON).unmeasured()
    return _stood(said, upto)


def _rulings(criterion: Criterion, upto: int) -> LabelQuerySet:
    """What reviewers had decided when ``upto`` was the newest."""
    return _stood(Label.objects.filter(criterion=criterion, rater__kind=RaterKind.REVIEW), upto)


def _stood(said: LabelQuerySet, upto: int | None) -> LabelQuerySet:
    if upto is None:
        return said.live()
    stood = Q(is_live=True) | Q(superseded_by__pk__gt=upto)
    return said.filter(stood, pk__lte=upto)


def compared_by_people(criterion: Criterion, upto: int) -> Iterator[Compared]:
    """Everything that people have compared by a question, in the order of its pairs or lineups."""
    if criterion.kind == CriterionKind.RANKING:
        yield from _from_lineups(criterion, upto)
    else:
        yield from _from_pairs(criterion, upto)


def _prefers(one: Criterion) -> bool:
    if one.kind == CriterionKind.RANKING:
        return True
    signs = {_sign(level.score) for level in one.levels.all()}
    return one.kind in CHOOSING_KINDS and {1, -1} <= signs


def _sign(score: float | None) -> int | None:
    return None if score is None else (score > 0) - (score < 0)


def _from_pairs(criterion: Criterion, upto: int) -> Iterator[Compared]:
    sign_of = {level.key: _sign(level.score) for level in criterion.levels.all()}
    said = labels_by_people(criterion, upto).filter(pair__isnull=False)
    rulings = _rulings(criterion, upto)
    last = 0
    while ids := list(
        said.filter(pair__gt=last).order_by("pair").values_list("pair", flat=True).distinct()[:BATCH]
    ):
        last = ids[-1]
        signs: dict[int, dict[int, int | None]] = defaultdict(dict)
        spoke: dict[int, dict[int, int]] = defaultdict(dict)
        names: dict[int, str] = {}
        rows = said.filter(pair__in=ids).order_by("pair", "rater")
        for pk, pair, name, rater, value in rows.values_list(
            "pk", "pair", "pair__external_id", "rater", "value"
        ):
            signs[pair][rater], spoke[pair][rater], names[pair] = sign_of.get(value), pk, name
        ruled = {
            pair: _RULED[sign_of.get(value)]
            for pair, value in rulings.filter(pair__in=ids).values_list("pair", "value")
        }
        for pair in ids:
            yield Compared(names[pair], signs[pair], pair=pair, labels=spoke[pair], ruling=ruled.get(pair))


def _from_lineups(criterion: Criterion, upto: int) -> Iterator[Compared]:
    said = labels_by_people(criterion, upto).filter(lineup__isnull=False)
    rulings = _rulings(criterion, upto)
    for lineup in (
        Lineup.objects.filter(pk__in=said.values("lineup")).order_by("pk").iterator(chunk_size=BATCH)
    ):
        traces = list(Entrant.objects.filter(lineup=lineup).order_by("place").values_list("trace", flat=True))
        signs: dict[tuple[int, int], dict[int, int | None]] = defaultdict(dict)
        rows = list(said.filter(lineup=lineup).order_by("rater").values_list("pk", "rater", "value"))
        for _, rater, value in rows:
            for one, other, sign in implied_pairs(value, lineup.size):
                signs[one, other][rater] = sign
        spoke = {rater: pk for pk, rater, _ in rows}
        decided = rulings.filter(lineup=lineup).values_list("value", flat=True).first()
        implied = implied_pairs(decided, lineup.size) if decided else ()
        ruled = {(one, other): _RULED[sign] for one, other, sign in implied}
        for (one, other), by_rater in sorted(signs.items()):
            name = f"{lineup.external_id} {LETTERS[one]}{LETTERS[other]}"
            sides = (traces[one], traces[other])
            yield Compared(name, by_rater, traces=sides, labels=spoke, ruling=ruled.get((one, other)))
