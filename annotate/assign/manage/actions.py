"""What managers do to a queue: its rules, its people, and many traces at once."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext

from annotate.assign.actions import open_again
from annotate.assign.compare.actions import take_back_comparison
from annotate.assign.compare.filling import renew_skills
from annotate.assign.fillings import ask_filling, is_big, work_filling
from annotate.assign.finishing import UNSUBMITTED, add_slot, pause
from annotate.assign.readers import lower_cursors
from annotate.assign.rules import MOST_READINGS, QueueRules, as_json, rules_of
from annotate.assign.trail import note_deed
from annotate.enums import AssignmentState, ExamState, Purpose, RaterKind
from annotate.errors import Conflict, Rejected
from annotate.models import Assignment, Intervention, Membership, Person, Project, Rater, Reader, Turn

BATCH = 1000
MOST_LEASE_MINUTES = 24 * 60
MOST_SKILLS = 30
LONGEST_SKILL = 100


def change_rules(project: Project, rules: QueueRules, *, overlap: int, lease_minutes: int) -> bool:
    """Go by ``rules`` from now on; slots are added by filling.

    What is open moves to its new place at once, or, in a big project, once a worker has worked the order out: the
    caller sends it there where this returns True.

    Whoever has labelled here before an exam was asked for needs none.
    """
    if not 1 <= overlap <= MOST_READINGS:
        raise Rejected(
            gettext("must be from 1 to %(most_readings)s.") % {"most_readings": MOST_READINGS},
            field="overlap",
        )
    if not 1 <= lease_minutes <= MOST_LEASE_MINUTES:
        raise Rejected(
            gettext("must be from 1 to %(most_lease_minutes)s.") % {"most_lease_minutes": MOST_LEASE_MINUTES},
            field="lease_minutes",
        )
    before = rules_of(project)
    is_reordered = _write_rules(project, rules, overlap, lease_minutes)
    is_left = is_reordered and is_big(project)
    if is_reordered and not is_left:
        work_filling(project)
    project.refresh_from_db()
    if rules.skill_key != before.skill_key:
        renew_skills(project)
    return is_left


@transaction.atomic
def _write_rules(project: Project, rules: QueueRules, overlap: int, lease_minutes: int) -> bool:
    """Save them and, in the same transaction, ask for the order they need; returns whether it is another one."""
    current = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    before = rules_of(current)
    current.overlap, current.lease_minutes, current.queue_rules = overlap, lease_minutes, as_json(rules)
    current.save(update_fields=["overlap", "lease_minutes", "queue_rules"])
    if rules.exam_size and not before.exam_size:
        newly = Reader.objects.filter(project=current, exam=ExamState.OPEN, n_submitted__gt=0)
        newly.update(exam=ExamState.WAIVED)
    is_reordered = _orders_by(before) != _orders_by(rules) and Turn.objects.filter(project=current).exists()
    if is_reordered:
        ask_filling(current, order=True)
    return is_reordered


def _orders_by(rules: QueueRules) -> tuple[str, int, str, str]:
    return (rules.policy, rules.seed, rules.stratum_key, rules.skill_key)


@transaction.atomic
def take_back(project: Project, rater: Rater) -> int:
    """Give what somebody holds to others now, not when the lease ends; returns how many traces that were.

    Their answers so far wait in the slot for the case that it comes back to them.
    """
    held = Assignment.objects.select_for_update(of=("self",)).select_related("project")
    mine = list(held.filter(project=project, holder=rater, state=AssignmentState.HELD).order_by("pk"))
    for one in mine:
        open_again(one)
    return len(mine)


@transaction.atomic
def pause_reader(project: Project, rater: Rater, reason: str, *, by: Person | None = None) -> None:
    """Give the person nothing new. What they hold they can finish."""
    reason = reason.strip()
    if not reason or len(reason) > 200:
        raise Rejected(gettext("Say in at most 200 characters why; the person reads it."), field="reason")
    reader = _reader(project, rater)
    if reader.paused_at is not None:
        raise Conflict(gettext("%(name)s is paused already.") % {"name": rater.name})
    pause(reader, reason, by=by)


@transaction.atomic
def resume_reader(project: Project, rater: Rater, *, reason: str = "", by: Person | None = None) -> None:
    """Let the person go on. What led to the pause is not held against them again."""
    reader = _reader(project, rater)
    if reader.paused_at is None:
        raise Conflict(gettext("%(name)s is not paused.") % {"name": rater.name})
    reader.paused_at, reader.pause_reason, reader.watched_from = None, "", timezone.now()
    reader.save(update_fields=["paused_at", "pause_reason", "watched_from"])
    note_deed(rater, Intervention.Deed.RESUME, reason=reason, by=by)


@transaction.atomic
def waive_exam(project: Project, rater: Rater) -> None:
    """Open the queue to the person without an exam."""
    reader = _reader(project, rater)
    if reader.exam == ExamState.PASSED:
        raise Conflict(gettext("%(name)s has passed the exam.") % {"name": rater.name})
    reader.exam = ExamState.WAIVED
    reader.save(update_fields=["exam"])


@transaction.atomic
def reset_exam(project: Project, rater: Rater, *, reason: str = "", by: Person | None = None) -> None:
    """Let the person take the exam (again), on exam traces they have not seen."""
    reader = _reader(project, rater)
    reader.exam, reader.exam_score, reader.exam_from = ExamState.OPEN, None, timezone.now()
    reader.save(update_fields=["exam", "exam_score", "exam_from"])
    note_deed(rater, Intervention.Deed.REQUALIFY, reason=reason, by=by)


def set_skills(membership: Membership, skills: Sequence[str]) -> None:
    """Note what a member knows about, each once. Their next claim goes by it."""
    known = list(dict.fromkeys(skill.strip() for skill in skills if skill.strip()))
    if len(known) > MOST_SKILLS or any(len(skill) > LONGEST_SKILL for skill in known):
        raise Rejected(
            gettext("At most %(most_skills)s skills of %(longest_skill)s characters each.")
            % {"most_skills": MOST_SKILLS, "longest_skill": LONGEST_SKILL},
            field="skills",
        )
    membership.skills = known
    with transaction.atomic():
        membership.save(update_fields=["skills"])
        mine = Reader.objects.filter(project=membership.project_id, rater__person=membership.person_id)
        mine.update(cursor=0, cursor_moved_at=0)


def act_on_reader(
    rater: Rater, *, do: str, reason: str = "", skills: Sequence[str] = (), by: Person | None = None
) -> str:
    """One of the things above by its name, for forms and the API; returns what was done, in a sentence."""
    project, name = rater.project, rater.name
    if rater.kind != RaterKind.PERSON:
        raise Rejected(gettext("%(name)s is no person and has no place at the queue.") % {"name": name})
    if do == "pause":
        pause_reader(project, rater, reason, by=by)
        return gettext("%(name)s is paused and reads why. What they hold they can finish.") % {"name": name}
    if do == "resume":
        resume_reader(project, rater, reason=reason.strip(), by=by)
        return gettext("%(name)s can go on.") % {"name": name}
    if do == "take_back":
        return (
            gettext("What %(name)s held is back in the queue.") % {"name": name}
            if take_back(project, rater) + take_back_comparison(project, rater)
            else gettext("%(name)s held nothing.") % {"name": name}
        )
    if do == "waive_exam":
        waive_exam(project, rater)
        return gettext("%(name)s needs no exam.") % {"name": name}
    if do == "reset_exam":
        reset_exam(project, rater, reason=reason.strip(), by=by)
        return gettext("%(name)s can take the exam anew.") % {"name": name}
    if do != "skills":
        raise Rejected(
            gettext("%(do)s is nothing that can be done about a person.") % {"do": f"{do!r}"}, field="do"
        )
    member = Membership.objects.filter(project=project, person=rater.person_id).first()
    if member is None:
        raise Rejected(gettext("%(name)s is no member any more.") % {"name": name}, field="skills")
    set_skills(member, skills)
    return gettext("Skills of %(name)s: %(skills)s.") % {
        "name": name,
        "skills": ", ".join(member.skills) or gettext("none"),
    }


@transaction.atomic
def read_also(project: Project, traces: Sequence[int]) -> int:
    """See to it that each of these traces of the ordinary queue is read once more; how many got a slot for it.

    A trace somebody is still to read gets none besides, nor one that has had as many readings as a trace can have.
    Nothing tells these slots from others. Where the queue was never filled there are no turns, and filling it will do.
    """
    made = 0
    for some in _batches(sorted(traces)):
        turns = Turn.objects.select_for_update().filter(project=project, trace__in=some, use=Purpose.WORK)
        slots = Assignment.objects.filter(trace__in=some, purpose=Purpose.WORK)
        waiting = set(slots.filter(state__in=UNSUBMITTED).values_list("trace_id", flat=True))
        standing = slots.exclude(state=AssignmentState.SKIPPED).order_by().values("trace_id")
        full = standing.annotate(n=Count("pk")).filter(n__gte=MOST_READINGS)
        done = waiting | {row["trace_id"] for row in full}
        for turn in turns.order_by("pk"):
            if turn.trace_id not in done:
                add_slot(project, turn)
                made += 1
    if made:
        lower_cursors(project, 0)
    return made


def _reader(project: Project, rater: Rater) -> Reader:
    Reader.objects.get_or_create(rater=rater, defaults={"project": project})
    return Reader.objects.select_for_update().get(rater=rater)


def _batches(ids: Sequence[int]) -> list[Sequence[int]]:
    return [ids[start : start + BATCH] for start in range(0, len(ids), BATCH)]
