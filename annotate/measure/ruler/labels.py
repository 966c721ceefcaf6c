"""The labels that a ruler is fitted to, as columns of whole numbers.

A million of them are read, so nothing here makes an object per label: the database numbers levels and targets, and rows
go from its cursor into arrays. On PostgreSQL they come by COPY, which takes a third of the time of a cursor.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

import numpy as np
import numpy.typing as npt
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Case, F, IntegerField, QuerySet, Value, When
from django.db.models.functions import Coalesce

from annotate.enums import CriterionKind, RaterKind, Scope
from annotate.models import Criterion, Label, Level, Project, Rater

IntArray = npt.NDArray[np.int64]

# Levels in an order, one to a label. A choice has none, and tags, texts and rankings have no levels to stand on.
KINDS = (CriterionKind.VERDICT, CriterionKind.ORDINAL, CriterionKind.BINARY)
# Of two sides neither is the better text: what a pair's level says is no amount of anything that steps have.
SCOPES = (Scope.STEP, Scope.TRACE, Scope.CANDIDATE)
# Whose labels are ratings. Gold keys and reviewers' decisions are answers; probes rank steps and judge none.
PEOPLE = (RaterKind.PERSON,)
MACHINES = (RaterKind.JUDGE, RaterKind.ROLLOUT, RaterKind.VERIFIER)
RATED = (*PEOPLE, *MACHINES)
KEYS = (RaterKind.GOLD, RaterKind.REVIEW)
# A target is one number: its row's key, with the scope above the 48th bit.
SHIFT = 48
OFF_THE_LINE = -1
NONE = -1
_CHUNK = 50_000
_COLUMNS = ("label", "rater", "criterion", "target", "level", "assignment")


@dataclass(frozen=True, slots=True)
class Question:
    """A criterion with its levels in order, lowest first."""

    criterion: Criterion
    levels: tuple[Level, ...]


@dataclass(frozen=True, slots=True, eq=False)
class RulerLabels:
    """The counted labels of a project by its ordered questions, in columns of one length, in the order they were made.

    ``level`` numbers the question's levels from the lowest, -1 for one off the number line (*unsure*): said, but no
    measurement. ``target`` names what was labelled (`target_of`), ``assignment`` is -1 without one.
    """

    questions: tuple[Question, ...]
    raters: dict[int, Rater]
    label: IntArray
    rater: IntArray
    criterion: IntArray
    target: IntArray
    level: IntArray
    assignment: IntArray

    def __len__(self) -> int:
        return len(self.label)

    def by(self, kinds: Collection[RaterKind]) -> npt.NDArray[np.bool_]:
        """The rows of raters of these kinds."""
        chosen = [pk for pk, rater in self.raters.items() if rater.kind in kinds]
        return np.isin(self.rater, np.array(chosen, dtype=np.int64))

    @property
    def ratings(self) -> npt.NDArray[np.bool_]:
        """The rows that are ratings by people and machines."""
        return self.by(RATED) & (self.level >= 0)


def target_of(scope: Scope, pk: int) -> int:
    return (SCOPES.index(scope) << SHIFT) | pk


def scope_and_key(target: int) -> tuple[Scope, int]:
    return SCOPES[target >> SHIFT], target & ((1 << SHIFT) - 1)


def questions_of(project: Project) -> tuple[Question, ...]:
    """The project's questions whose answers stand in an order, as far as they are given and not filled in."""
    criteria = Criterion.objects.filter(
        rubric=project.rubric_id, kind__in=KINDS, scope__in=SCOPES, fills_before_error=False
    )
    found = []
    for criterion in criteria.prefetch_related("levels").order_by("position", "pk"):
        scored = [level for level in criterion.levels.all() if level.score is not None]
        levels = tuple(sorted(scored, key=lambda level: (level.score or 0.0, level.position)))
        if len(levels) > 1:
            found.append(Question(criterion, levels))
    return tuple(found)


def ruler_labels(project: Project, *, assignments: Sequence[int] | None = None) -> RulerLabels:
    """What counts of the project's labels; with ``assignments`` only those made in them."""
    questions = questions_of(project)
    raters = {one.pk: one for one in Rater.objects.filter(project=project, kind__in=(*RATED, *KEYS))}
    n_columns = len(_COLUMNS)
    rows = np.zeros((0, n_columns), dtype=np.int64)
    if questions:
        rows = read_numbers(_numbers(questions, assignments), n_columns)
    known = np.isin(rows[:, 1], np.array(list(raters), dtype=np.int64))
    rows = rows[known] if not known.all() else rows
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    columns = [np.ascontiguousarray(column) for column in rows.T]
    return RulerLabels(questions, raters, *columns)


def _numbers(questions: Sequence[Question], assignments: Sequence[int] | None) -> QuerySet[Any]:
    labels = Label.objects.counted().filter(criterion__in=[one.criterion.pk for one in questions])
    if assignments is not None:
        labels = labels.filter(assignment__in=assignments)
    levels = [
        When(criterion=question.criterion.pk, value=level.key, then=Value(number))
        for question in questions
        for number, level in enumerate(question.levels)
    ]
    targets = (
        F("step_id"),
        F("trace_id") + Value(1 << SHIFT),
        F("candidate_id") + Value(2 << SHIFT),
    )
    found: QuerySet[Any] = labels.order_by().values_list(
        "pk",
        "rater_id",
        "criterion_id",
        Coalesce(*targets),
        Case(*levels, default=Value(OFF_THE_LINE), output_field=IntegerField()),
        Coalesce("assignment_id", Value(NONE)),
    )
    return found


def read_numbers(rows: QuerySet[Any], n_columns: int) -> IntArray:
    """(n, columns) what a query for lists of whole numbers gives, without an object for each."""
    if connection.vendor == "postgresql":
        return _copied(rows, n_columns)
    parts = [np.zeros(0, dtype=np.int64)]
    flat = chain.from_iterable(rows.iterator(chunk_size=_CHUNK))
    while len(part := np.fromiter(islice(flat, _CHUNK * n_columns), np.int64)):
        parts.append(part)
    return np.concatenate(parts).reshape(-1, n_columns)


def _copied(rows: QuerySet[Any], n_columns: int) -> IntArray:
    try:
        sql, values = rows.query.sql_with_params()
    except EmptyResultSet:
        return np.zeros((0, n_columns), dtype=np.int64)
    # The driver's own cursor: Django's, while it logs queries, copies without values only.
    with connection.cursor() as cursor, cursor.cursor.copy(f"COPY ({sql}) TO STDOUT", values) as lines:
        text = b"".join(map(bytes, lines)).replace(b"\n", b"\t")
    return np.fromstring(text, dtype=np.int64, sep="\t").reshape(-1, n_columns)
