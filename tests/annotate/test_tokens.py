from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from annotate import access
from annotate.enums import TokenScope
from annotate.errors import NotAllowed, Rejected
from annotate.models import MachineToken, Person
from annotate.tokens import MOST_LIVE, make_token, revoke_token, token_by
from tests.factories import a_person, a_project

pytestmark = pytest.mark.django_db


def test_a_token_is_known_again_and_its_text_is_nowhere() -> None:
    alice = a_person("alice")
    token, text = make_token(alice, name=" nightly ", scopes=["run", "read", "read"], days=1)
    assert (token.name, token.scopes) == ("nightly", ["read", "run"])
    assert token_by(text) == token
    assert token_by(text + "x") is None
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM annotate_machinetoken")
        assert text not in str(cursor.fetchall())
    assert text.startswith(token.shown)
    assert len(token.shown) < 16


def test_one_that_is_over_opens_nothing() -> None:
    alice = a_person("alice")
    revoked, first = make_token(alice, name="a", scopes=["read"], days=1)
    revoke_token(alice, revoked.pk)
    late, second = make_token(alice, name="b", scopes=["read"], days=1)
    MachineToken.objects.filter(pk=late.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    _, third = make_token(alice, name="c", scopes=["read"], days=1)
    Person.objects.filter(pk=alice.pk).update(is_active=False)
    assert [token_by(text) for text in (first, second, third)] == [None, None, None]


def test_nobody_takes_anothers_token_back() -> None:
    token, text = make_token(a_person("alice"), name="a", scopes=["read"], days=1)
    with pytest.raises(NotAllowed):
        revoke_token(a_person("dan"), token.pk)
    assert token_by(text) is not None


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["everything"]}, "scopes"),
        ({"days": 0}, "days"),
        ({"days": 367}, "days"),
    ],
)
def test_what_cannot_be_is_refused_by_name(given: dict[str, object], field: str) -> None:
    usual: dict[str, object] = {"name": "a", "scopes": [TokenScope.READ], "days": 1}
    with pytest.raises(Rejected) as refusal:
        make_token(a_person("alice"), **(usual | given))  # type: ignore[arg-type]
    assert refusal.value.field == field


def test_a_person_has_so_many_and_no_more() -> None:
    alice = a_person("alice")
    made = [make_token(alice, name=f"{n}", scopes=["read"], days=1)[0] for n in range(MOST_LIVE)]
    with pytest.raises(Rejected, match="Take one back"):
        make_token(alice, name="one more", scopes=["read"], days=1)
    revoke_token(alice, made[0].pk)
    assert make_token(alice, name="one more", scopes=["read"], days=1)


def test_a_token_for_one_project_opens_no_other() -> None:
    alice = a_person("alice")
    here, there = a_project(alice), a_project(alice)
    _, text = make_token(alice, name="a", scopes=["read"], days=1, project=here)
    token = token_by(text)
    assert token is not None
    assert access.project_for(token.person, here.slug) == here
    assert list(access.projects_for(token.person)) == [here]
    with pytest.raises(NotAllowed) as refusal:
        access.project_for(token.person, there.slug)
    assert not refusal.value.is_visible
    assert access.project_for(alice, there.slug) == there


def test_its_use_is_noted_now_and_then() -> None:
    token, text = make_token(a_person("alice"), name="a", scopes=["read"], days=1)
    assert token.last_used_at is None
    token_by(text)
    token.refresh_from_db()
    first = token.last_used_at
    assert first is not None
    token_by(text)
    token.refresh_from_db()
    assert token.last_used_at == first
