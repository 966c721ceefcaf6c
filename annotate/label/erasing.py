"""Forget who a person was. What they said about traces stays under a pseudonym, or goes as well."""

from __future__ import annotations

import secrets

from django.db import transaction
from django.utils.translation import gettext

from annotate.assign.actions import reopen_assignments
from annotate.assign.manage.actions import take_back
from annotate.enums import AssignmentState, Role
from annotate.errors import Conflict
from annotate.logbook import note
from annotate.models import Assignment, Label, Membership, Person, Project, Rater

# As a new account has it.
_BLANK = ("first_name", "last_name", "email", "time_zone", "language")
# Tokens of sign-ins, second factors, accounts and addresses elsewhere, which are no nouns of this package.
_WAYS_IN = ("auth_token_set", "authenticator_set", "socialaccount_set", "emailaddress_set")


@transaction.atomic
def erase_person(person: Person, *, removes_labels: bool = False) -> str:
    """Replace name and address by a pseudonym and close the account; returns the pseudonym.

    Labels stay, since others' results rest on them; ``removes_labels`` deletes them and lets what the person had read
    be read again. Decisions of a reviewer stay either way: they are the project's. Releases that are published are
    what they were, and name nobody. Raises Conflict where a project would be left without an owner.
    """
    person = Person.objects.select_for_update().get(pk=person.pk)
    _require_other_owners(person)
    pseudonym = f"erased-{secrets.token_hex(4)}"
    raters = list(Rater.objects.select_related("project").filter(person=person))
    n_labels = sum(_leave(rater, pseudonym, removes_labels) for rater in raters)
    # One row at a time: each is a line of the logbook.
    for member in Membership.objects.filter(person=person):
        member.delete()
    for token in person.machine_tokens.all():
        token.delete()
    # What a mail server answered may name them.
    person.notices.all().delete()
    for name in _WAYS_IN:
        getattr(person, name).all().delete()
    person.username, person.is_active, person.keys = pseudonym, False, {}
    person.is_staff = person.is_superuser = False
    for name in _BLANK:
        setattr(person, name, "")
    # Whoever is signed in anywhere is so no longer: sessions rest on the password.
    person.set_unusable_password()
    person.last_login = None
    person.save()
    note(
        "erased",
        "person",
        subject=person.pk,
        after={"labels": "removed" if removes_labels else "kept", "n": n_labels},
    )
    return pseudonym


def _require_other_owners(person: Person) -> None:
    owned = Project.objects.filter(memberships__person=person, memberships__role=Role.OWNER)
    others = Membership.objects.filter(role=Role.OWNER).exclude(person=person).values("project")
    alone = list(owned.exclude(pk__in=others).values_list("name", flat=True))
    if alone:
        raise Conflict(
            gettext("%(projects)s would have no owner. Make somebody else the owner first.")
            % {"projects": ", ".join(alone)}
        )


def _leave(rater: Rater, pseudonym: str, removes_labels: bool) -> int:
    """Give back what the rater holds and take their name away; how many labels that is about."""
    take_back(rater.project, rater)
    labels = Label.objects.filter(rater=rater)
    n = labels.count()
    if removes_labels:
        read = Assignment.objects.filter(holder=rater, state=AssignmentState.SUBMITTED)
        reopen_assignments(rater.project, list(read.values_list("pk", flat=True)))
        labels.delete()
    rater.name = pseudonym
    rater.save(update_fields=["name"])
    return n
