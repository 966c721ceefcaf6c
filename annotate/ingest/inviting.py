"""Invite people by a link, and take them in. The only writer of invitations."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.password_validation import validate_password
from django.core import signing
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from annotate.enums import Role
from annotate.errors import Conflict, NotAllowed, Rejected
from annotate.ingest.founding import add_member
from annotate.models import Invitation, Membership, Person, Project

SALT = "annotate.invitation"
MOST_DAYS = 90
MOST_USES = 1000


def invite(project: Project, by: Person, *, role: Role, days: int = 7, uses: int | None = 1) -> Invitation:
    """A new invitation; ``uses`` None sets no limit on how many people may follow it."""
    if role == Role.OWNER:
        raise Rejected(gettext("Owners are made with their project, not invited."), field="role")
    if not 1 <= days <= MOST_DAYS:
        raise Rejected(gettext("must be from 1 to %(most_days)s.") % {"most_days": MOST_DAYS}, field="days")
    if uses is not None and not 1 <= uses <= MOST_USES:
        raise Rejected(
            gettext("must be from 1 to %(most_uses)s, or left empty.") % {"most_uses": MOST_USES},
            field="uses",
        )
    return Invitation.objects.create(
        project=project,
        role=role,
        created_by=by,
        expires_at=timezone.now() + timedelta(days=days),
        uses_left=uses,
    )


def token_of(invitation: Invitation) -> str:
    """What stands in the link. Only this site can have made it."""
    return signing.dumps(invitation.pk, salt=SALT)


def invitation_by(token: str) -> Invitation:
    """The invitation behind a link. A link that this site has not made leads nowhere; a closed one says why."""
    found = _invitation_by(token)
    _require_open(found)
    return found


def _invitation_by(token: str) -> Invitation:
    try:
        pk = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        raise NotAllowed from None
    found = Invitation.objects.select_related("project", "created_by").filter(pk=pk).first()
    if found is None:
        raise NotAllowed
    return found


@transaction.atomic
def accept(token: str, person: Person) -> Membership:
    """Make the person a member. Whoever is one already keeps their role, and uses nothing up."""
    invitation = Invitation.objects.select_for_update().get(pk=_invitation_by(token).pk)
    project = invitation.project
    held = Membership.objects.filter(project=project, person=person).first()
    if held is not None:
        return held
    _require_open(invitation)
    invitation.n_used += 1
    if invitation.uses_left is not None:
        invitation.uses_left -= 1
    invitation.save(update_fields=["n_used", "uses_left"])
    return add_member(project, person, Role(invitation.role))


@transaction.atomic
def sign_up(token: str, *, username: str, password: str) -> Person:
    """Make an account with a password of the person's own choosing, and a member of them."""
    invitation_by(token)
    person = Person(username=username)
    try:
        person.clean_fields(exclude=("password",))
    except ValidationError as error:
        raise Rejected(" ".join(error.messages), field="username") from None
    if Person.objects.filter(username__iexact=username).exists():
        raise Rejected(
            gettext("Somebody has this name already. Choose another, or sign in if it is yours."),
            field="username",
        )
    try:
        validate_password(password, person)
    except ValidationError as error:
        raise Rejected(" ".join(error.messages), field="password") from None
    person.set_password(password)
    person.save()
    accept(token, person)
    return person


def withdraw(invitation: Invitation) -> None:
    """Close the link. Who came by it stays."""
    if invitation.withdrawn_at is None:
        invitation.withdrawn_at = timezone.now()
        invitation.save(update_fields=["withdrawn_at"])


def _require_open(invitation: Invitation) -> None:
    if invitation.why_closed:
        raise Conflict(
            gettext("This invitation is closed. %(why_closed)s Ask whoever sent it for a new one.")
            % {"why_closed": invitation.why_closed}
        )
