"""The traces' turns: made when the queue is filled, worked out anew when what they are made from has changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Exists, F, FloatField, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from annotate.enums import Action, AssignmentState, RaterKind, RunKind, RunState
from annotate.models import Assignment, Audited, Consensus, Label, Project, Run, Trace, Turn

from .contracts import Facts
from .ordering import APART, get_policy, luck_of, position_of
from .readers import lock_readers, reset_cursors
from .rules import QueueRules, rules_of

BATCH = 1000
LONGEST_STRATUM = 100
WORKED_OUT = ("stratum", "skill", "luck", "share", "has_gold", "value", "position")


@dataclass(frozen=True, slots=True)
class Known:
    """By trace, what an order is made from and only the whole project tells: doubt in the consensus, and the share."""

    values: Mapping[int, float]
    shares: Mapping[int, float]


def known_of(project: Project) -> Known:
    needs_share = get_policy(rules_of(project).policy).needs_share
    return Known(_values(project), _shares(project) if needs_share else {})


def add_turns(project: Project) -> int:
    """A turn for every trace that has none, each batch in a transaction of its own: others write in between."""
    added = last = 0
    while True:
        with transaction.atomic():
            current = locked_project(project)
            n, last = add_some_turns(current, rules_of(current), last)
        added += n
        if n < BATCH:
            break
    if added and get_policy(rules_of(current).policy).needs_share:
        work_out_turns(project)
    return added


def add_some_turns(project: Project, rules: QueueRules, after: int) -> tuple[int, int]:
    """Turns for the next batch of traces behind ``after`` that have none; how many, and the last trace's id."""
    some = list(_with_gold(_traces(project).filter(turn=None, pk__gt=after))[:BATCH])
    turns = [Turn(project=project, trace_id=trace.pk) for trace in some]
    for turn, trace in zip(turns, some, strict=True):
        _describe(turn, trace, rules, has_gold=trace.has_gold)
    _insert_turns(turns)
    return len(some), some[-1].pk if some else after


def work_out_turns(project: Project) -> int:
    """Every turn from what is known now, then the open slots with them; returns how many turns changed.

    Turns are written batch by batch, so that people go on meanwhile: nobody is handed anything by a turn. The open
    slots move together, with every reader locked: nobody claims between the old order and the new one.
    """
    known = known_of(project)
    changed = last = 0
    while True:
        with transaction.atomic():
            current = locked_project(project)
            n, last, n_changed = work_out_some(current, rules_of(current), last, known)
        changed += n_changed
        if n < BATCH:
            break
    with transaction.atomic():
        move_open_slots(project)
    return changed


def work_out_some(project: Project, rules: QueueRules, after: int, known: Known) -> tuple[int, int, int]:
    """The next batch of turns behind ``after``: how many there are, the last one's id, and how many changed."""
    locked = Turn.objects.select_for_update(of=("self",)).filter(project=project, pk__gt=after)
    turns = list(locked.order_by("pk")[:BATCH])
    if not turns:
        return 0, after, 0
    ids = [turn.trace_id for turn in turns]
    traces = {
        trace.pk: trace
        for trace in _with_gold(Trace.objects.filter(pk__in=ids).only("pk", "external_id", "meta"))
    }
    changed = []
    for turn in turns:
        before = [getattr(turn, name) for name in WORKED_OUT]
        trace = traces[turn.trace_id]
        turn.share, turn.value = known.shares.get(turn.trace_id, turn.share), known.values.get(turn.trace_id)
        _describe(turn, trace, rules, has_gold=trace.has_gold)
        if before != [getattr(turn, name) for name in WORKED_OUT]:
            changed.append(turn)
    write_turns(changed, WORKED_OUT)
    return len(turns), turns[-1].pk, len(changed)


def locked_project(project: Project) -> Project:
    return Project.objects.select_for_update(no_key=True).get(pk=project.pk)


def _insert_turns(turns: Sequence[Turn]) -> None:
    """New rows, whose numbers, texts and flags are what databases take as they are; through Django half the time."""
    columns = [column for column in Turn._meta.concrete_fields if not column.primary_key]
    names = ", ".join(connection.ops.quote_name(column.column or "") for column in columns)
    places = ", ".join(["%s"] * len(columns))
    rows = [[getattr(turn, column.attname) for column in columns] for turn in turns]
    with connection.cursor() as cursor:
        # Names of columns only, from the model.
        cursor.executemany(f"INSERT INTO {Turn._meta.db_table} ({names}) VALUES ({places})", rows)  # noqa: S608


def write_turns(turns: Sequence[Turn], fields: Sequence[str]) -> None:
    """Save these fields of many rows, as fast as can be: on SQLite nobody else writes meanwhile."""
    columns = [column for column in Turn._meta.concrete_fields if column.name in fields]
    settings = ", ".join(f"{connection.ops.quote_name(column.column or '')} = %s" for column in columns)
    rows = [
        [*(column.get_db_prep_save(getattr(turn, column.attname), connection) for column in columns), turn.pk]
        for turn in turns
    ]
    with connection.cursor() as cursor:
        # Names of columns only, from the model.
        cursor.executemany(f"UPDATE {Turn._meta.db_table} SET {settings} WHERE id = %s", rows)  # noqa: S608


def move_open_slots(project: Project) -> None:
    """Open slots to where their traces' turns stand now."""
    lock_readers(project)
    turn = Turn.objects.filter(trace=OuterRef("trace"))
    open_slots = Assignment.objects.filter(
        project=project, state=AssignmentState.OPEN, position__lt=APART, trace__turn__isnull=False
    )
    stale = open_slots.filter(
        ~Q(position=F("trace__turn__position")) | ~Q(skill=F("trace__turn__skill"))
    ).values("pk")
    Assignment.objects.filter(pk__in=stale, state=AssignmentState.OPEN).update(
        position=Subquery(turn.values("position")[:1]), skill=Subquery(turn.values("skill")[:1])
    )
    reset_cursors(project)


def notice_gold(project: Project) -> int:
    """Mark the turns of traces whose gold labels came in since; returns how many those are."""
    unmarked = Turn.objects.filter(project=project, has_gold=False)
    return unmarked.filter(Exists(_gold_labels().filter(step__trace=OuterRef("trace")))).update(has_gold=True)


def place(turn: Turn, rules: QueueRules) -> bool:
    """Work out one turn's position from its own columns; returns whether it changed."""
    before = turn.position
    turn.position = position_of(get_policy(rules.policy), facts_of(turn), turn.priority)
    return turn.position != before


def facts_of(turn: Turn) -> Facts:
    return Facts(
        trace=turn.trace_id,
        luck=turn.luck,
        n_submitted=turn.n_submitted,
        has_gold=turn.has_gold,
        share=turn.share,
        skill=turn.skill,
        disagreement=turn.disagreement,
        value=turn.value,
        worth=turn.worth,
    )


def _describe(turn: Turn, trace: Trace, rules: QueueRules, *, has_gold: bool) -> None:
    turn.stratum = said_in_meta(trace.meta, rules.stratum_key)
    turn.skill = said_in_meta(trace.meta, rules.skill_key)
    turn.luck = luck_of(rules.seed, trace.external_id)
    turn.has_gold = has_gold
    place(turn, rules)


def said_in_meta(meta: Any, key: str) -> str:
    """What stands at ``key`` as a text; nothing, a list and an object are no stratum."""
    said = meta.get(key) if key and isinstance(meta, Mapping) else None
    return "" if said is None or isinstance(said, list | dict) else str(said)[:LONGEST_STRATUM]


def _traces(project: Project) -> QuerySet[Trace]:
    return Trace.objects.filter(project=project).only("pk", "external_id", "meta").order_by("pk")


def _with_gold(traces: QuerySet[Trace]) -> QuerySet[Any]:
    return traces.annotate(has_gold=Exists(_gold_labels().filter(step__trace=OuterRef("pk"))))


def _gold_labels() -> QuerySet[Label]:
    return Label.objects.live().filter(rater__kind=RaterKind.GOLD)


def _values(project: Project) -> dict[int, float]:
    """Doubt per step in the latest consensus, by trace. A step about which nothing is known counts in full."""
    run = (
        Run.objects.filter(project=project, kind=RunKind.CONSENSUS, state=RunState.DONE)
        .order_by("-pk")
        .first()
    )
    if run is None:
        return {}
    sure = Coalesce(F("probability"), Value(0.0), output_field=FloatField())
    doubt = Sum(1.0 - sure, filter=Q(action=Action.ASK))
    rows = (
        Consensus.objects.filter(run=run, step__retired_in=None)
        .order_by()
        .values_list("step__trace")
        .annotate(doubt=doubt, n=Count("pk"))
    )
    found = {trace: (doubt or 0.0) / n for trace, doubt, n in rows}
    return found | _among_doubted(run, found)


def _among_doubted(run: Run, values: Mapping[int, float]) -> dict[int, float]:
    """Traces drawn to be read whatever was decided of them, each at the place of a doubted one that its luck chooses.

    Else they would stand behind everything, and whoever got to them would know what they are there for.
    """
    doubted = sorted(value for value in values.values() if value > 0)
    drawn = Audited.objects.filter(run=run).order_by("trace").values_list("trace", flat=True)
    return {
        trace: doubted[luck_of(run.pk, str(trace)) * len(doubted) >> 31]
        for trace in (drawn if doubted else ())
        if not values.get(trace)
    }


def _shares(project: Project) -> dict[int, float]:
    """Each trace's place among those with gold labels, or among those without."""
    gold = set(
        _gold_labels()
        .filter(step__trace__project=project)
        .order_by()
        .values_list("step__trace", flat=True)
        .distinct()
    )
    every = list(Trace.objects.filter(project=project).order_by("pk").values_list("pk", flat=True))
    found: dict[int, float] = {}
    for kind in ([pk for pk in every if pk in gold], [pk for pk in every if pk not in gold]):
        found |= {pk: (i + 0.5) / len(kind) for i, pk in enumerate(kind)}
    return found
