"""Codes of an app: good once, counted when wrong, and never stored as they are."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command
from django.test import Client, RequestFactory

from annotate.errors import Conflict
from annotate.models import LogEntry, Person
from tests.factories import a_person
from tests.webapp.factors import App, an_app, secret_of
from webapp.second_factor import (
    accept_code,
    enrol,
    factor_of,
    has_factor,
    new_secret,
    remove_factor,
    renew_codes,
)

pytestmark = pytest.mark.django_db


def accepts(person: Person, code: str, address: str = "192.0.2.1") -> bool:
    return accept_code(RequestFactory().post("/sign-in/code/", REMOTE_ADDR=address), person, code)


def test_a_code_is_good_once_and_none_that_came_before_it() -> None:
    bob = a_person("bob")
    app, _ = an_app(bob)
    code = app.code()
    assert accepts(bob, code)
    assert not accepts(bob, code)
    later = App(app.secret)
    assert not accepts(bob, later.code())


def test_the_code_that_set_the_app_up_does_not_sign_in_as_well() -> None:
    bob, app = a_person("bob"), App(new_secret())
    code = app.code()
    assert enrol(bob, app.secret, code)
    assert not accepts(bob, code)
    assert accepts(bob, app.code())


def test_a_recovery_code_is_good_once_however_it_is_typed() -> None:
    bob = a_person("bob")
    _, codes = an_app(bob)
    assert len(set(codes)) == 10
    assert accepts(bob, codes[0].replace(" ", "-"))
    assert not accepts(bob, codes[0])
    assert accepts(bob, codes[1])
    factor = factor_of(bob)
    assert factor is not None
    assert (factor.codes_left, factor.used_at is not None) == (8, True)


def test_new_recovery_codes_end_the_old_ones() -> None:
    bob = a_person("bob")
    _, old = an_app(bob)
    new = renew_codes(bob)
    assert not accepts(bob, old[0])
    assert accepts(bob, new[0])


def test_nobody_elses_code_is_good() -> None:
    bob, carol = a_person("bob"), a_person("carol")
    app, codes = an_app(bob)
    an_app(carol)
    assert not accepts(carol, app.code())
    assert not accepts(carol, codes[0])


def test_a_wrong_code_sets_nothing_up_and_a_second_app_is_refused() -> None:
    bob, app = a_person("bob"), App(new_secret())
    assert enrol(bob, app.secret, app.wrong()) == []
    assert not has_factor(bob)
    an_app(bob)
    with pytest.raises(Conflict, match="already"):
        enrol(bob, app.secret, app.code())


def test_secrets_lie_in_the_database_under_a_key_of_the_site(settings: Any) -> None:
    bob = a_person("bob")
    app, codes = an_app(bob)
    assert secret_of(bob) == app.secret
    kept = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert app.secret not in kept
    assert not [code for code in codes if code.replace(" ", "") in kept]
    settings.SECRET_KEY = "the secret of another site"
    # Nothing opens it, a code of no secret at all included.
    assert not accepts(bob, app.code())
    assert not accepts(bob, codes[0])
    assert not accepts(bob, App("").code())
    assert factor_of(bob) is not None


def test_wrong_codes_are_counted_from_everywhere_and_then_nothing_is_tried(settings: Any) -> None:
    settings.AXES_FAILURE_LIMIT = 3
    bob = a_person("bob")
    app, _ = an_app(bob)
    assert not any(accepts(bob, app.wrong(), f"192.0.2.{n}") for n in range(3))
    assert not accepts(bob, app.code(), "192.0.2.9")
    # Whoever has no password of theirs cannot lock them out: the password is counted for itself.
    assert (
        Client(REMOTE_ADDR="192.0.2.1")
        .post("/sign-in/", {"username": "bob", "password": "bob-bob"})
        .status_code
        == 302
    )
    remove_factor(bob)
    app, _ = an_app(bob)
    assert accepts(bob, app.code())


def test_the_right_code_in_between_begins_anew(settings: Any) -> None:
    settings.AXES_FAILURE_LIMIT = 3
    bob = a_person("bob")
    app, codes = an_app(bob)
    for code in codes[:3]:
        assert not accepts(bob, app.wrong())
        assert not accepts(bob, app.wrong())
        assert accepts(bob, code)


def test_every_change_is_a_line_of_the_logbook_without_a_secret() -> None:
    bob = a_person("bob")
    app, codes = an_app(bob)
    codes += renew_codes(bob)
    call_command("person", "bob", remove_second_factor=True)
    assert not Authenticator.objects.exists()
    lines = list(LogEntry.objects.filter(noun="second factor").order_by("pk"))
    assert [(one.verb, one.subject_pk) for one in lines] == [
        (verb, bob.pk) for verb in ("created", "changed", "deleted")
    ]
    kept = str([(one.before, one.after) for one in lines])
    assert not [said for said in (app.secret, *codes) if said in kept]


def test_the_operator_removes_it_for_somebody_who_lost_everything(capsys: pytest.CaptureFixture[str]) -> None:
    an_app(a_person("bob"))
    call_command("person", "bob", remove_second_factor=True)
    call_command("person", "bob", remove_second_factor=True)
    said = capsys.readouterr().out
    assert "signs in without a code" in said
    assert "had no second factor" in said
    assert not has_factor(a_person("bob"))
    with pytest.raises(CommandError, match="no person named nobody"):
        call_command("person", "nobody", remove_second_factor=True)
    assert not Person.objects.filter(username="nobody").exists()
