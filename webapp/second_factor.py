"""A person's second factor: an authenticator app, and recovery codes for when the device is lost.

django-allauth keeps the rows and reckons the codes. What stands here: secrets are kept under a key of the site's own, a
code is good once whichever web process it comes to, wrong ones are counted, and every change is a line of the logbook.
"""

from __future__ import annotations

import logging
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from allauth.core import context
from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from allauth.mfa.utils import decrypt
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext

from annotate.enums import Role
from annotate.errors import Conflict
from annotate.logbook import note
from annotate.models import Membership, Person
from webapp.guessing import forget_wrong_codes, may_try_code, note_wrong_code

log = logging.getLogger(__name__)
NOUN = "second factor"
APP, CODES = Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES
new_secret = generate_totp_secret


class FactorAdapter(DefaultMFAAdapter):
    """How the app names the account, and the key under which secrets lie in the database."""

    def get_totp_label(self, user: Any) -> str:
        return str(user.get_username())

    def get_totp_issuer(self) -> str:
        return f"Gradus {context.request.get_host()}"

    def encrypt(self, text: str) -> str:
        return str(_box(settings.SECRET_KEY).encrypt(text.encode()).decode())

    def decrypt(self, encrypted_text: str) -> str:
        return str(_box(settings.SECRET_KEY).decrypt(encrypted_text.encode()).decode())


@cache
def _box(site_secret: str) -> Any:
    """Encrypts by AES and says when it was changed, under a key that is used for nothing else."""
    from cryptography.fernet import Fernet
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    key = HKDF(SHA256(), length=32, salt=None, info=b"gradus second factor").derive(site_secret.encode())
    return Fernet(urlsafe_b64encode(key))


@dataclass(frozen=True, slots=True)
class Factor:
    """What a person is told of theirs."""

    since: datetime
    used_at: datetime | None
    codes_left: int


def has_factor(person: Person) -> bool:
    return Authenticator.objects.filter(user=person, type=APP).exists()


def is_demanded_of(person: Person) -> bool:
    """Whether the site demands a second factor of the person that they have not set up yet."""
    whom = settings.FACTOR_DEMANDED_OF
    if whom == "managers":
        roles = (Role.MANAGER, Role.OWNER)
        is_meant = Membership.objects.filter(person=person, role__in=roles).exists()
    else:
        is_meant = whom == "everybody"
    return is_meant and not has_factor(person)


def factor_of(person: Person) -> Factor | None:
    rows = {row.type: row for row in Authenticator.objects.filter(user=person)}
    if APP not in rows:
        return None
    used = [row.last_used_at for row in rows.values() if row.last_used_at is not None]
    return Factor(
        since=rows[APP].created_at,
        used_at=max(used, default=None),
        codes_left=len(_codes_in(rows[CODES])) if CODES in rows else 0,
    )


@transaction.atomic
def enrol(person: Person, secret: str, code: str) -> list[str]:
    """Ask for codes of this secret from now on; the recovery codes, or none where ``code`` is not one of its codes."""
    Person.objects.select_for_update().get(pk=person.pk)
    if has_factor(person):
        raise Conflict(gettext("You have a second factor already. Remove it first."))
    counter = _counter_of(secret, code)
    if counter is None:
        return []
    row = TOTP.activate(person, secret).instance
    row.data["counter"] = counter
    row.save(update_fields=["data"])
    note("created", NOUN, subject=person.pk)
    return _new_codes(person)


@transaction.atomic
def renew_codes(person: Person) -> list[str]:
    """Other recovery codes; those before are good for nothing any more."""
    Person.objects.select_for_update().get(pk=person.pk)
    if not has_factor(person):
        raise Conflict(gettext("You have no second factor."))
    note("changed", NOUN, subject=person.pk, after={"recovery codes": "new"})
    return _new_codes(person)


@transaction.atomic
def remove_factor(person: Person) -> bool:
    """Ask for no code any more; whether one was asked for."""
    n, _ = Authenticator.objects.filter(user=person).delete()
    if n:
        note("deleted", NOUN, subject=person.pk)
        forget_wrong_codes(person.username)
    return bool(n)


def accept_code(request: HttpRequest, person: Person, code: str) -> bool:
    """Whether it is a code of the person's, which is used up by it. After too many wrong ones none is looked at."""
    if not may_try_code(request, person.username):
        return False
    if _use(person, code):
        forget_wrong_codes(person.username)
        return True
    note_wrong_code(request, person.username)
    return False


@transaction.atomic
def _use(person: Person, code: str) -> bool:
    # Locked: of two requests with one code the later finds it used.
    for row in Authenticator.objects.select_for_update().filter(user=person, type__in=(APP, CODES)):
        if _is_code_of(row, code):
            row.record_usage()
            return True
    return False


def _is_code_of(row: Authenticator, code: str) -> bool:
    from cryptography.fernet import InvalidToken

    try:
        if row.type == CODES:
            return bool(RecoveryCodes(row).validate_code(code))
        counter = _counter_of(decrypt(row.data["secret"]), code, after=row.data.get("counter", 0))
    except InvalidToken:
        log.error("The second factor of person %s was made under another secret of the site.", row.user_id)
        return False
    if counter is not None:
        row.data["counter"] = counter
        row.save(update_fields=["data"])
    return counter is not None


def _counter_of(secret: str, code: str, *, after: int = 0) -> int | None:
    """Which half minute's code it is, of those that count now and came after the last that was used (RFC 6238, 5.2)."""
    for counter in yield_hotp_counters_from_time():
        expected = format_hotp_value(hotp_value(secret, counter))
        if counter > after and compare_user_code(actual=code, expected=expected):
            return int(counter)
    return None


def _new_codes(person: Person) -> list[str]:
    Authenticator.objects.filter(user=person, type=CODES).delete()
    return _codes_in(RecoveryCodes.activate(person).instance)


def _codes_in(row: Authenticator) -> list[str]:
    from cryptography.fernet import InvalidToken

    try:
        return [f"{code[:4]} {code[4:]}" for code in RecoveryCodes(row).get_unused_codes()]
    except InvalidToken:
        return []
