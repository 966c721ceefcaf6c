"""An authenticator app, and people who have one."""

from __future__ import annotations

import time

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.mfa.utils import decrypt

from annotate.models import Person
from webapp.second_factor import enrol, new_secret

HALF_MINUTE = 30


class App:
    """Shows codes of one secret. A code is good once, so each is of a half minute that was not shown before."""

    def __init__(self, secret: str) -> None:
        self.secret = secret
        self._shown: set[int] = set()

    def code(self) -> str:
        """The earliest from now on that was not shown yet: the next one is good already, hence two at a time are."""
        now = int(time.time()) // HALF_MINUTE
        counter = max(now, *(shown + 1 for shown in self._shown), 0)
        self._shown.add(counter)
        return self.code_of(counter)

    def code_of(self, counter: int) -> str:
        return str(format_hotp_value(hotp_value(self.secret, counter)))

    def wrong(self) -> str:
        """Six digits that are not good for minutes around now."""
        now = int(time.time()) // HALF_MINUTE
        near = {self.code_of(now + apart) for apart in range(-5, 20)}
        return next(digits for digits in map("{:06}".format, range(100)) if digits not in near)


def an_app(person: Person) -> tuple[App, list[str]]:
    """The person asks for codes of this app from now on; with their recovery codes."""
    app = App(new_secret())
    codes = enrol(person, app.secret, app.code())
    assert codes
    return app, codes


def secret_of(person: Person) -> str:
    return str(decrypt(Authenticator.objects.get(user=person, type="totp").data["secret"]))
