"""What follows when a reading is over: counts, the trace's turn, one reading more, a score, a pause.

All of it in the transaction that submits, so that it is exact whoever else submits at the same moment.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from statistics import median
from typing import NamedTuple

from django.db.models import BooleanField, Case, F, When
from django.db.models.functions import Greatest
from django.utils import timezone

from annotate.enums import (
    AssignmentState,
    CriterionKind,
    ExamState,
    NoticeEvent,
    Purpose,
    RaterKind,
    Scope,
    Verdict,
)
from annotate.models import (
    Assignment,
    Comparison,
    Intervention,
    Label,
    Level,
    Person,
    Project,
    Rater,
    Reader,
    Turn,
)
from annotate.notices.announcing import announce
from annotate.prepared import PreparedChange, PreparedUpdate
from annotate.wording import pause_code

from .claims import exam_taken, next_slot_number
from .filling import place
from .readers import lower_cursors
from .readings import Place, Said, agreement_with_key, disagreement, is_in_dispute, seconds_per_step
from .rules import QueueRules, rules_of
from .trail import note_deed

UNSUBMITTED = (AssignmentState.OPEN, AssignmentState.HELD, AssignmentState.RETURNED)
# Whatever was decided about a trace, its reviewers look again once more has been said.
LOOK_AGAIN = Case(When(is_settled=None, then=None), default=False, output_field=BooleanField(null=True))
WITH_KEY = (Purpose.GOLD, Purpose.EXAM, Purpose.DEMO)


class SaidHere(NamedTuple):
    """An answer of the reading at hand; ``position`` None is the trace as a whole."""

    criterion_id: int
    position: int | None
    value: str
    seconds: float | None


def measure_reading(current: Assignment, said: Sequence[SaidHere]) -> None:
    """Fill in the score against the key and the pace, for the caller to save."""
    current.seconds_per_step = seconds_per_step(
        (one.position, one.seconds) for one in said if one.position is not None and one.seconds is not None
    )
    if current.purpose in WITH_KEY:
        answers: dict[Place, str] = {(one.criterion_id, one.position): one.value for one in said}
        current.score = agreement_with_key(answers, key_of(current))


def key_of(current: Assignment) -> dict[Place, Collection[str]]:
    """What gold raters say about the trace's steps, by the project's rubric; several may allow several answers."""
    gold = Label.objects.live().filter(
        step__trace=current.trace_id,
        rater__kind=RaterKind.GOLD,
        criterion__rubric=current.project.rubric_id,
        criterion__is_asked=True,
    )
    key: dict[Place, set[str]] = defaultdict(set)
    for criterion, position, value in gold.values_list("criterion_id", "step__position", "value"):
        key[criterion, position].add(value)
    return dict(key)


def follow_submit(current: Assignment) -> Reader:
    """Everything that a submitted reading changes besides itself; its reader's row, locked.

    The slot's row is locked and saved.
    """
    rules = rules_of(current.project)
    if current.purpose == Purpose.WORK:
        _turn_on(current, rules)
    assert current.holder is not None
    reader = count_finished(current.holder, submitted=1)
    if current.purpose == Purpose.EXAM:
        mark_exam(reader, rules)
    if rules.pause_below_seconds or (rules.pause_below_accuracy and current.purpose == Purpose.GOLD):
        watch(reader, rules)
    return reader


def count_finished(rater: Rater, *, submitted: int = 0, skipped: int = 0) -> Reader:
    """The reader's row, locked, with one reading more."""
    counted = _count_finished.first(rater=rater.pk, submitted=submitted, skipped=skipped)
    if counted is None:
        return Reader.objects.create(
            rater=rater, project_id=rater.project_id, n_submitted=submitted, n_skipped=skipped
        )
    return counted


_count_finished: PreparedChange[Reader] = PreparedChange(
    lambda rater, submitted, skipped: (
        Reader.objects.filter(rater=rater),
        {"n_submitted": F("n_submitted") + submitted, "n_skipped": F("n_skipped") + skipped},
    )
)


def uncount(slots: Sequence[Assignment]) -> None:
    """These submitted readings, locked, count no more: their people and their traces have one submission less."""
    by_trace = Counter(slot.trace_id for slot in slots if slot.purpose == Purpose.WORK)
    for turn in Turn.objects.select_for_update().filter(trace__in=by_trace).order_by("pk"):
        Turn.objects.filter(pk=turn.pk).update(
            n_submitted=Greatest(F("n_submitted") - by_trace[turn.trace_id], 0), unheard=F("unheard") + 1
        )
    by_rater = Counter(slot.holder_id for slot in slots if slot.holder_id is not None)
    for reader in Reader.objects.select_for_update().filter(rater__in=by_rater).order_by("pk"):
        Reader.objects.filter(pk=reader.pk).update(
            n_submitted=Greatest(F("n_submitted") - by_rater[reader.rater_id], 0)
        )


def mark_exam(reader: Reader, rules: QueueRules) -> None:
    """Pass or fail whoever has read as many exam traces as the exam has; a skipped one has nothing right."""
    if reader.exam != ExamState.OPEN:
        return
    taken = exam_taken(reader.rater_id, reader.exam_from)
    scores = [score or 0.0 for score in taken.values_list("score", flat=True)]
    if len(scores) < rules.exam_size:
        return
    reader.exam_score = sum(scores) / len(scores)
    has_passed = reader.exam_score >= rules.exam_pass - 1e-9
    reader.exam = ExamState.PASSED if has_passed else ExamState.FAILED
    reader.save(update_fields=["exam", "exam_score"])


def add_slot(project: Project, turn: Turn) -> None:
    """One more open slot of a trace whose turn is locked."""
    Assignment.objects.create(
        project=project,
        trace_id=turn.trace_id,
        slot=next_slot_number(turn.trace_id),
        position=turn.position,
        skill=turn.skill,
    )


_count_reading: PreparedChange[Turn] = PreparedChange(
    lambda trace: (
        Turn.objects.filter(trace=trace),
        {"n_submitted": F("n_submitted") + 1, "unheard": F("unheard") + 1, "is_settled": LOOK_AGAIN},
    )
)
_write_turn: PreparedUpdate = PreparedUpdate(
    lambda pk, **known: (Turn.objects.filter(pk=pk), known), kinds={"disagreement": float}
)


def _turn_on(current: Assignment, rules: QueueRules) -> None:
    turn = _count_reading.first(trace=current.trace_id)
    if turn is None:
        return
    said = readings_of_trace(current) if turn.n_submitted > 1 else []
    known, turn.disagreement = turn.disagreement, disagreement(said)
    has_moved = place(turn, rules)
    if has_moved or turn.disagreement != known:
        _write_turn(pk=turn.pk, disagreement=turn.disagreement, position=turn.position)
    if not has_moved and turn.n_submitted >= rules.grow_to:
        return
    slots = Assignment.objects.filter(trace=current.trace_id, purpose=Purpose.WORK)
    is_read = not slots.filter(state__in=UNSUBMITTED).exists()
    if is_read:
        if _wants_another(turn, rules, said):
            lower_cursors(current.project, turn.position)
            add_slot(current.project, turn)
    elif has_moved and slots.filter(state=AssignmentState.OPEN).exists():
        lower_cursors(current.project, turn.position)
        slots.filter(state=AssignmentState.OPEN).update(position=turn.position)


def _wants_another(turn: Turn, rules: QueueRules, said: list[Said]) -> bool:
    """Whether a trace whose readings are all in gets one more. Its turn's lock makes two last ones take turns."""
    if turn.n_submitted >= rules.grow_to or turn.use != Purpose.WORK:
        return False
    return is_in_dispute(rules.grow_when, said, most_share=rules.grow_share)


def readings_of_trace(current: Assignment) -> list[Said]:
    """Every submitted answer of people in the ordinary queue about the trace, words left out."""
    labels = Label.objects.live().filter(
        assignment__trace=current.trace_id,
        assignment__state=AssignmentState.SUBMITTED,
        assignment__purpose=Purpose.WORK,
        criterion__rubric=current.project.rubric_id,
    )
    unequal = (CriterionKind.TEXT, CriterionKind.CORRECTION, CriterionKind.PICK)
    answered = labels.exclude(criterion__kind__in=unequal).filter(candidate=None)
    rows = list(answered.values_list("rater_id", "criterion_id", "step__position", "value"))
    errors = _error_levels({criterion for _, criterion, _, _ in rows})
    return [
        Said(rater, (criterion, position), value, (criterion, value) in errors)
        for rater, criterion, position, value in rows
    ]


def _error_levels(criteria: set[int]) -> set[tuple[int, str]]:
    levels = Level.objects.filter(criterion__in=criteria, criterion__scope=Scope.STEP)
    return {
        (criterion, key)
        for criterion, key, score in levels.values_list("criterion_id", "key", "score")
        if key == Verdict.BAD or (score is not None and score < 0)
    }


def watch(reader: Reader, rules: QueueRules) -> None:
    """Pause whoever is out of bounds over their last readings. Nobody is judged on fewer than the window."""
    if reader.paused_at is not None:
        return
    done = Assignment.objects.filter(holder=reader.rater_id, state=AssignmentState.SUBMITTED).order_by(
        "-finished_at"
    )
    if reader.watched_from is not None:
        done = done.filter(finished_at__gt=reader.watched_from)
    reason, why = "", "accuracy"
    if rules.pause_below_accuracy:
        scores = _gold_scores(reader, rules.pause_window)
        accuracy = sum(scores) / len(scores) if len(scores) == rules.pause_window else 1.0
        if accuracy < rules.pause_below_accuracy:
            reason = pause_code(why, found=accuracy, of=rules.pause_window, asked=rules.pause_below_accuracy)
    if rules.pause_below_seconds and not reason:
        paces = done.filter(seconds_per_step__isnull=False).values_list("seconds_per_step", flat=True)
        last = [pace for pace in paces[: rules.pause_window] if pace is not None]
        if len(last) == rules.pause_window and (pace := median(last)) < rules.pause_below_seconds:
            why = "pace"
            reason = pause_code(why, found=pace, of=rules.pause_window, asked=rules.pause_below_seconds)
    if reason:
        pause(reader, reason)
        assert reader.paused_at is not None
        key = f"pause:{reader.pk}:{reader.paused_at.isoformat()}"
        announce(reader.project_id, NoticeEvent.READER_PAUSED, key=key, rater=reader.rater_id, why=why)


def _gold_scores(reader: Reader, most: int) -> list[float]:
    """Of the latest readings and comparisons that were held against a key, whichever of the two they are."""
    rows: list[tuple[datetime, float]] = []
    for slots in (Assignment.objects.all(), Comparison.objects.all()):
        gold = slots.filter(
            holder=reader.rater_id,
            state=AssignmentState.SUBMITTED,
            purpose=Purpose.GOLD,
            score__isnull=False,
            finished_at__gt=reader.watched_from or datetime.min.replace(tzinfo=UTC),
        )
        found = gold.order_by("-finished_at").values_list("finished_at", "score")[:most]
        rows += [(at, score) for at, score in found if at is not None and score is not None]
    return [score for _, score in sorted(rows, reverse=True)[:most]]


def pause(reader: Reader, reason: str, *, by: Person | None = None) -> None:
    """``by`` is None where the rules of the queue pause somebody."""
    note_deed(reader.rater, Intervention.Deed.PAUSE, reason=reason, by=by)
    reader.paused_at, reader.pause_reason = timezone.now(), reason
    reader.save(update_fields=["paused_at", "pause_reason"])
