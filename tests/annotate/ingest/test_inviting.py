from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from annotate.enums import Role
from annotate.errors import Conflict, NotAllowed, Rejected
from annotate.ingest.inviting import accept, invitation_by, invite, sign_up, token_of, withdraw
from annotate.models import Invitation, Membership, Person, Project
from tests.factories import a_person, a_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return a_project(carol=Role.REVIEWER)


def made(project: Project, role: Role = Role.ANNOTATOR, **settings: object) -> Invitation:
    return invite(project, a_person("alice"), role=role, **settings)  # type: ignore[arg-type]


def test_a_link_lets_in_as_many_as_it_is_for(project: Project) -> None:
    invitation = made(project, uses=2)
    token = token_of(invitation)
    assert accept(token, a_person("bob")).role == Role.ANNOTATOR
    accept(token, a_person("dan"))
    with pytest.raises(Conflict, match="Everybody it was for has come"):
        accept(token, a_person("eve"))
    invitation.refresh_from_db()
    assert (invitation.n_used, invitation.uses_left) == (2, 0)


def test_a_member_keeps_their_role_and_uses_nothing_up(project: Project) -> None:
    token = token_of(made(project, Role.VIEWER))
    assert accept(token, a_person("carol")).role == Role.REVIEWER
    assert accept(token, a_person("alice")).role == Role.OWNER
    assert Invitation.objects.get().uses_left == 1


def test_without_a_limit_it_ends_with_its_time(project: Project) -> None:
    invitation = made(project, uses=None)
    token = token_of(invitation)
    for number in range(3):
        accept(token, a_person(f"guest{number}"))
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(Conflict, match="It has expired"):
        invitation_by(token)


def test_only_this_sites_own_links_lead_anywhere(project: Project, settings: object) -> None:
    token = token_of(made(project))
    for wrong in ("", "1", token + "x", token[1:]):
        with pytest.raises(NotAllowed):
            invitation_by(wrong)
    settings.SECRET_KEY = "another"  # type: ignore[attr-defined]
    with pytest.raises(NotAllowed):
        invitation_by(token)


def test_a_withdrawn_link_lets_nobody_in(project: Project) -> None:
    invitation = made(project)
    withdraw(invitation)
    with pytest.raises(Conflict, match="withdrawn"):
        sign_up(token_of(invitation), username="eve", password="a lake in the hills")
    assert not Person.objects.filter(username="eve").exists()


@pytest.mark.parametrize(
    ("settings", "field"),
    [({"role": Role.OWNER}, "role"), ({"days": 0}, "days"), ({"days": 91}, "days"), ({"uses": 0}, "uses")],
)
def test_what_cannot_be_invited_names_its_field(project: Project, settings: dict, field: str) -> None:
    with pytest.raises(Rejected) as refused:
        made(project, **settings)
    assert refused.value.field == field


@pytest.mark.django_db(transaction=True)
def test_a_single_use_lets_in_one_of_many_at_once() -> None:
    project = a_project()
    token = token_of(made(project, uses=1))
    people = [a_person(f"guest{number}") for number in range(8)]

    def come(person: Person) -> bool:
        try:
            accept(token, person)
        except Conflict:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(come, people)) == 1
    assert Membership.objects.filter(project=project).count() == 2
