"""The doors. Every object a person reaches is fetched here, by somebody with a right to it.

Each door raises ``NotAllowed``: invisible when the person is no member of the project (they must not learn that it
exists), visible when they are a member whose role does not reach. The order of roles is :data:`REACH`.
"""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.translation import gettext

from annotate.enums import AssignmentState, Role
from annotate.errors import NotAllowed
from annotate.models import (
    Assignment,
    Comment,
    Comparison,
    Consensus,
    CutReport,
    Estimate,
    Intervention,
    Invitation,
    Label,
    Lineup,
    Listener,
    Membership,
    Notice,
    Pair,
    Person,
    Problem,
    Project,
    Push,
    Rater,
    Release,
    Rubric,
    Run,
    Trace,
    Upload,
)
from annotate.prepared import Prepared
from annotate.wording import mid

# What a role may do includes what every lower one may. Annotators see only their own work on a trace (the
# labelling page); reading traces with everybody's labels starts at viewer for people who do not label.
REACH: dict[Role, frozenset[Role]] = {
    Role.OWNER: frozenset({Role.OWNER}),
    Role.MANAGER: frozenset({Role.OWNER, Role.MANAGER}),
    Role.REVIEWER: frozenset({Role.OWNER, Role.MANAGER, Role.REVIEWER}),
    Role.ANNOTATOR: frozenset({Role.OWNER, Role.MANAGER, Role.REVIEWER, Role.ANNOTATOR}),
    # Evidence and results: not for annotators, whom other people's labels would bias.
    Role.VIEWER: frozenset({Role.OWNER, Role.MANAGER, Role.REVIEWER, Role.VIEWER}),
}

# Whoever holds a trace, or has it back to look at again, is still to say what they think of it.
STILL_TO_SAY = (AssignmentState.HELD, AssignmentState.RETURNED)

Visitor = Person | AnonymousUser


def projects_for(user: Visitor) -> QuerySet[Project]:
    """The projects the person is a member of."""
    if not user.is_authenticated:
        return Project.objects.none()
    found = Project.objects.filter(memberships__person=user)
    return found if user.only_in is None else found.filter(pk=user.only_in)


def role_in(user: Visitor, project: Project) -> Role | None:
    if not user.is_authenticated or not _reaches(user, project.pk):
        return None
    found = Membership.objects.filter(project=project, person=user).values_list("role", flat=True).first()
    return Role(found) if found else None


def _reaches(user: Visitor, project: int) -> bool:
    """Whether what speaks for the person is good for the project: a token may be for another one alone."""
    return getattr(user, "only_in", None) in (None, project)


def _admit(user: Visitor, project: Project, role: Role | None) -> None:
    _require(role_in(user, project), role)


def _require(held: Role | None, role: Role | None) -> None:
    if held is None:
        raise NotAllowed
    if role is not None and held not in REACH[role]:
        raise NotAllowed(
            gettext("This needs the role %(role)s; yours is %(held)s.")
            % {"role": mid(role.label), "held": mid(held.label)},
            is_visible=True,
        )


def require_operator(user: Visitor) -> None:
    """The machine room is for whoever runs the site, and for no token that is good for one project."""
    is_operator = user.is_authenticated and user.is_active and user.is_superuser
    if not is_operator or getattr(user, "only_in", None) is not None:
        raise NotAllowed(gettext("The machine room is for whoever runs this site."), is_visible=True)


def project_for(user: Visitor, slug: str, *, role: Role | None = None) -> Project:
    """The project named ``slug``; ``role`` None admits any member."""
    project = Project.objects.select_related("rubric").filter(slug=slug).first()
    if project is None:
        raise NotAllowed
    _admit(user, project, role)
    return project


def trace_for(user: Visitor, pk: int, *, role: Role = Role.VIEWER) -> Trace:
    trace = Trace.objects.select_related("project", "problem").filter(pk=pk).first()
    if trace is None:
        raise NotAllowed
    _admit(user, trace.project, role)
    return trace


def review_for(user: Visitor, pk: int) -> Trace:
    """A trace to review, for those who may and are not to say what they think of it themselves just now."""
    trace = trace_for(user, pk, role=Role.REVIEWER)
    assert user.pk is not None
    own = Assignment.objects.filter(trace=trace, holder__person_id=user.pk, state__in=STILL_TO_SAY)
    if own.exists():
        raise NotAllowed(
            gettext(
                "This trace is on your own desk for labelling, and what others said would tell you what to"
                " say. Submit it or put it back first, then review it."
            ),
            is_visible=True,
        )
    return trace


def pair_review_for(user: Visitor, pk: int) -> Pair:
    """A pair to review, for those who may and are not to say themselves which side is better just now."""
    pair = pair_for(user, pk, role=Role.REVIEWER)
    _require_not_comparing(user, Comparison.objects.filter(pair=pair))
    return pair


def lineup_review_for(user: Visitor, pk: int) -> Lineup:
    """A lineup to review, as :func:`pair_review_for`."""
    lineup = lineup_for(user, pk, role=Role.REVIEWER)
    _require_not_comparing(user, Comparison.objects.filter(lineup=lineup))
    return lineup


def pair_for(user: Visitor, pk: int, *, role: Role = Role.MANAGER) -> Pair:
    pair = Pair.objects.select_related("project").filter(pk=pk).first()
    if pair is None:
        raise NotAllowed
    _admit(user, pair.project, role)
    return pair


def lineup_for(user: Visitor, pk: int, *, role: Role = Role.MANAGER) -> Lineup:
    lineup = Lineup.objects.select_related("project").filter(pk=pk).first()
    if lineup is None:
        raise NotAllowed
    _admit(user, lineup.project, role)
    return lineup


def _require_not_comparing(user: Visitor, slots: QuerySet[Comparison]) -> None:
    assert user.pk is not None
    if slots.filter(holder__person_id=user.pk, state__in=STILL_TO_SAY).exists():
        raise NotAllowed(
            gettext(
                "You are comparing this yourself, and what others said would tell you what to say. Submit"
                " it or put it back first, then review it."
            ),
            is_visible=True,
        )


def problem_for(user: Visitor, pk: int, *, role: Role = Role.VIEWER) -> Problem:
    problem = Problem.objects.select_related("project").filter(pk=pk).first()
    if problem is None:
        raise NotAllowed
    _admit(user, problem.project, role)
    return problem


def rubric_for(user: Visitor, pk: int, *, role: Role | None = None) -> Rubric:
    rubric = Rubric.objects.select_related("project").filter(pk=pk).first()
    if rubric is None:
        raise NotAllowed
    _admit(user, rubric.project, role)
    return rubric


def rater_for(user: Visitor, pk: int, *, role: Role = Role.VIEWER) -> Rater:
    rater = Rater.objects.select_related("project", "person").filter(pk=pk).first()
    if rater is None:
        raise NotAllowed
    _admit(user, rater.project, role)
    return rater


def measured_for(user: Visitor, pk: int) -> Rater:
    """A rater with its measures: for those who see results, and for the person themselves where the project says so."""
    rater = Rater.objects.select_related("project", "person").filter(pk=pk).first()
    if rater is None:
        raise NotAllowed
    is_own = user.is_authenticated and rater.person_id == user.pk and rater.project.shows_own_measures
    _admit(user, rater.project, None if is_own else Role.VIEWER)
    return rater


def message_for(user: Visitor, pk: int) -> Intervention:
    """A message to the person, whether they are still a member or not; nobody else's, whatever their role."""
    own = Intervention.objects.filter(pk=pk, deed=Intervention.Deed.MESSAGE, rater__person=user.pk)
    message = own.select_related("rater").first() if user.is_authenticated else None
    if message is None or not _reaches(user, message.rater.project_id):
        raise NotAllowed
    return message


def assignment_for(user: Visitor, pk: int) -> Assignment:
    """A person's own assignment; nobody else's, whatever their role."""
    assignment = _own_assignment.first(pk=pk, person=user.pk) if user.is_authenticated else None
    if assignment is None or not _reaches(user, assignment.project_id):
        raise NotAllowed
    held: str | None = assignment.role  # type: ignore[attr-defined]
    _require(Role(held) if held else None, Role.ANNOTATOR)
    return assignment


def _own_with_role(pk: int, person: int) -> QuerySet[Assignment]:
    """With the role and the reader's row at once: a labelling page asks for little else."""
    members = Membership.objects.filter(project=OuterRef("project"), person=person)
    return (
        Assignment.objects.select_related("project__rubric", "trace__problem", "holder__reader")
        .annotate(role=Subquery(members.values("role")[:1]))
        .filter(pk=pk, holder__person_id=person)
        .order_by()
    )


_own_assignment: Prepared[Assignment] = Prepared(_own_with_role)


def reading_for(user: Visitor, pk: int) -> Assignment:
    """Anybody's reading of a trace, for those who review the project."""
    reading = (
        Assignment.objects.select_related("project__rubric", "trace__project", "holder__person")
        .filter(pk=pk)
        .first()
    )
    if reading is None:
        raise NotAllowed
    _admit(user, reading.project, Role.REVIEWER)
    return reading


def comparison_for(user: Visitor, pk: int) -> Comparison:
    """A person's own comparison; nobody else's, whatever their role.

    A member who asks for another's is told that it is not theirs: it may have been, before its lease ran out.
    """
    comparison = (
        Comparison.objects.select_related("project__rubric", "holder", "lineup").filter(pk=pk).first()
    )
    if comparison is None:
        raise NotAllowed
    _admit(user, comparison.project, Role.ANNOTATOR)
    if comparison.holder is None or comparison.holder.person_id != user.pk:
        raise NotAllowed(
            gettext(
                "This comparison is not with you, or not any more: its time ran out and it went to somebody else."
                " Nothing you chose in it was stored."
            ),
            is_visible=True,
        )
    return comparison


def comment_for(user: Visitor, pk: int) -> Comment:
    """A comment that the person may see (:mod:`annotate.label.threads` has the rule)."""
    comment = Comment.objects.select_related("trace__project", "step").filter(pk=pk).first()
    if comment is None:
        raise NotAllowed
    project = comment.trace.project
    _admit(user, project, None)
    assert user.pk is not None
    own = Assignment.objects.filter(trace=comment.trace_id, holder__person_id=user.pk)
    is_reading = own.filter(state__in=STILL_TO_SAY).exists()
    if role_in(user, project) in REACH[Role.REVIEWER] and not is_reading:
        return comment
    is_theirs = is_reading or own.filter(state=AssignmentState.SUBMITTED).exists()
    if not is_theirs or user.pk not in (comment.author_id, comment.addressee_id):
        raise NotAllowed
    return comment


def cut_report_for(user: Visitor, pk: int) -> CutReport:
    """A report about a step's boundaries, for those who may answer it; its author sees it on their own page."""
    report = CutReport.objects.select_related("trace__project", "step").filter(pk=pk).first()
    if report is None:
        raise NotAllowed
    review_for(user, report.trace_id)
    return report


def label_for(user: Visitor, pk: int) -> Label:
    """A label: one's own, or anybody's for those who may see results."""
    label = Label.objects.select_related("rater__project", "criterion").filter(pk=pk).first()
    if label is None:
        raise NotAllowed
    is_own = user.is_authenticated and label.rater.person_id == user.pk
    _admit(user, label.rater.project, None if is_own else Role.VIEWER)
    return label


def invitation_for(user: Visitor, pk: int, *, role: Role = Role.MANAGER) -> Invitation:
    invitation = Invitation.objects.select_related("project").filter(pk=pk).first()
    if invitation is None:
        raise NotAllowed
    _admit(user, invitation.project, role)
    return invitation


def upload_for(user: Visitor, pk: int, *, role: Role = Role.MANAGER) -> Upload:
    upload = Upload.objects.select_related("project").filter(pk=pk).first()
    if upload is None:
        raise NotAllowed
    _admit(user, upload.project, role)
    return upload


def run_for(user: Visitor, pk: int, *, role: Role = Role.VIEWER) -> Run:
    run = Run.objects.select_related("project", "rater", "criterion").filter(pk=pk).first()
    if run is None:
        raise NotAllowed
    _admit(user, run.project, role)
    return run


def estimate_for(user: Visitor, pk: int) -> Estimate:
    estimate = Estimate.objects.select_related("project").filter(pk=pk).first()
    if estimate is None:
        raise NotAllowed
    _admit(user, estimate.project, Role.VIEWER)
    return estimate


def consensus_for(user: Visitor, pk: int) -> Consensus:
    consensus = Consensus.objects.select_related("run__project", "step").filter(pk=pk).first()
    if consensus is None:
        raise NotAllowed
    _admit(user, consensus.run.project, Role.VIEWER)
    return consensus


def release_for(user: Visitor, pk: int, *, role: Role = Role.VIEWER) -> Release:
    release = Release.objects.select_related("project", "run").filter(pk=pk).first()
    if release is None:
        raise NotAllowed
    _admit(user, release.project, role)
    return release


def push_for(user: Visitor, pk: int, *, role: Role = Role.VIEWER) -> Push:
    push = Push.objects.select_related("release__project", "person").filter(pk=pk).first()
    if push is None:
        raise NotAllowed
    _admit(user, push.release.project, role)
    return push


def listener_for(user: Visitor, pk: int) -> Listener:
    """Whom a project tells what happens, for those who manage it."""
    listener = Listener.objects.select_related("project").filter(pk=pk).first()
    if listener is None:
        raise NotAllowed
    _admit(user, listener.project, Role.MANAGER)
    return listener


def notice_for(user: Visitor, pk: int) -> Notice:
    notice = Notice.objects.select_related("listener__project", "person").filter(pk=pk).first()
    if notice is None:
        raise NotAllowed
    _admit(user, notice.listener.project, Role.MANAGER)
    return notice
