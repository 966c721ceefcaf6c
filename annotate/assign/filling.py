"""The traces' turns: made when the queue is filled, worked out anew when what they are made from has changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Exists, F, FloatField, Max, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from annotate.enums import Action, AssignmentState, Purpose, RaterKind, RunKind, RunState
from annotate.models import Assignment, Consensus, Label, Project, Run, Trace, Turn

from .contracts import Facts
from .ordering import APART, get_policy, luck_of, position_of
from .policy import missing_slots
from .readers import lock_readers, lower_cursors, reset_cursors
from .rules import QueueRules, rules_of

BATCH = 1000
LONGEST_STRATUM = 100
WORKED_OUT = ("stratum", "skill", "luck", "share", "has_gold", "value", "position")


def add_turns(project: Project) -> int:
    """A turn for every trace that has none, each batch in a transaction of its own: others write in between."""
    added = last = 0
    while True:
        with transaction.atomic():
            rules = rules_of(_locked(project))
            some = list(_with_gold(_traces(project).filter(turn=None, pk__gt=last))[:BATCH])
            turns = [Turn(project=project, trace_id=trace.pk) for trace in some]
            for turn, trace in zip(turns, some, strict=True):
                _describe(turn, trace, rules, has_gold=trace.has_gold)
            added += len(Turn.objects.bulk_create(turns))
        if len(some) < BATCH:
            break
        last = some[-1].pk
    if added and get_policy(rules.policy).needs_share:
        work_out_turns(project)
    return added


def add_slots(project: Project) -> int:
    """Slots until every trace of the ordinary queue has as many as its stratum asks for; batch by batch, as above."""
    added = last = 0
    while True:
        with transaction.atomic():
            current = _locked(project)
            wanting = list(_standing(project).filter(pk__gt=last)[:BATCH])
            slots = list(_slots_for(wanting, current, rules_of(current)))
            if slots:
                lower_cursors(project, min(slot.position for slot in slots))
                Assignment.objects.bulk_create(slots)
        added += len(slots)
        if len(wanting) < BATCH:
            return added
        last = wanting[-1][0]


def _standing(project: Project) -> QuerySet[Any, Any]:
    """Of each trace of the ordinary queue: id, slots nobody skipped, last slot's number, and what its slots copy."""
    ordinary = Q(assignments__purpose=Purpose.WORK) & ~Q(assignments__state=AssignmentState.SKIPPED)
    return (
        Trace.objects.filter(project=project, turn__use=Purpose.WORK)
        .annotate(standing=Count("assignments", filter=ordinary), newest=Max("assignments__slot"))
        .order_by("pk")
        .values_list("pk", "standing", "newest", "turn__stratum", "turn__position", "turn__skill")
    )


def _slots_for(wanting: Iterable[Any], project: Project, rules: QueueRules) -> Iterator[Assignment]:
    for trace_id, standing, newest, stratum, position, skill in wanting:
        for slot in missing_slots(standing, newest, rules.overlap_for(stratum, project.overlap)):
            yield Assignment(project=project, trace_id=trace_id, slot=slot, position=position, skill=skill)


def work_out_turns(project: Project) -> int:
    """Every turn from what is known now, then the open slots with them; returns how many turns changed.

    Turns are written batch by batch, so that people go on meanwhile: nobody is handed anything by a turn. The open
    slots move together, with every reader locked: nobody claims between the old order and the new one.
    """
    values = _values(project)
    shares = _shares(project) if get_policy(rules_of(project).policy).needs_share else {}
    changed = 0
    ids = list(Turn.objects.filter(project=project).order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), BATCH):
        with transaction.atomic():
            rules = rules_of(_locked(project))
            changed += _work_out(ids[start : start + BATCH], rules, values, shares)
    with transaction.atomic():
        move_open_slots(project)
    return changed


def _work_out(
    ids: Sequence[int], rules: QueueRules, values: Mapping[int, float], shares: Mapping[int, float]
) -> int:
    turns = list(Turn.objects.select_for_update().filter(pk__in=ids).order_by("pk"))
    wanted = Trace.objects.filter(turn__in=ids).only("pk", "external_id", "meta")
    traces = {trace.pk: trace for trace in _with_gold(wanted)}
    changed = []
    for turn in turns:
        before = [getattr(turn, name) for name in WORKED_OUT]
        trace = traces[turn.trace_id]
        turn.share, turn.value = shares.get(turn.trace_id, turn.share), values.get(turn.trace_id)
        _describe(turn, trace, rules, has_gold=trace.has_gold)
        if before != [getattr(turn, name) for name in WORKED_OUT]:
            changed.append(turn)
    write_turns(changed, WORKED_OUT)
    return len(changed)


def _locked(project: Project) -> Project:
    return Project.objects.select_for_update(no_key=True).get(pk=project.pk)


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
    )


def _describe(turn: Turn, trace: Trace, rules: QueueRules, *, has_gold: bool) -> None:
    turn.stratum = _said(trace.meta, rules.stratum_key)
    turn.skill = _said(trace.meta, rules.skill_key)
    turn.luck = luck_of(rules.seed, trace.external_id)
    turn.has_gold = has_gold
    place(turn, rules)


def _said(meta: Any, key: str) -> str:
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
    return {trace: (doubt or 0.0) / n for trace, doubt, n in rows}


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
