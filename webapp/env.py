"""Read settings from the environment; every error names the variable."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, urlsplit

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off", ""}
_THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}


class EnvError(Exception):
    """An environment variable is missing or cannot be understood."""


class Env:
    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self._values = os.environ if values is None else values

    def is_set(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str, default: str | None = None) -> str:
        value = self._values.get(name) or self._from_file(name)
        if value:
            return value
        if default is None:
            raise EnvError(f"{name} is not set. Set it to a non-empty value.")
        return default

    def flag(self, name: str, *, default: bool) -> bool:
        value = self._values.get(name)
        if value is None:
            return default
        if value.strip().lower() in TRUE:
            return True
        if value.strip().lower() in FALSE:
            return False
        raise EnvError(f"{name} is {value!r}. Use one of 1, true, yes, on, 0, false, no, off.")

    def number(self, name: str, default: int, *, least: int = 0) -> int:
        value = self._values.get(name)
        if value is None or value == "":
            return default
        try:
            number = int(value)
        except ValueError:
            raise EnvError(f"{name} is {value!r}. Use a whole number.") from None
        if number < least:
            raise EnvError(f"{name} is {number}. Use at least {least}.")
        return number

    def words(self, name: str, default: tuple[str, ...] = ()) -> list[str]:
        value = self._values.get(name)
        if value is None:
            return list(default)
        return [word.strip() for word in value.split(",") if word.strip()]

    def address(self, name: str, default: str) -> str:
        """Where a secret is sent to: over TLS, or to this machine itself."""
        value = self.text(name, default).rstrip("/")
        try:
            parts = urlsplit(value)
            is_whole = bool(parts.hostname) and not (parts.query or parts.fragment or parts.username)
        except ValueError:
            is_whole = False
        if not is_whole or parts.scheme not in ("https", "http"):
            raise EnvError(f"{name} is {value!r}. Use an address such as {default}.")
        if parts.scheme == "http" and parts.hostname not in _THIS_MACHINE:
            raise EnvError(f"{name} is {value!r}. A token would be sent to it unprotected: use https.")
        return value

    def url(self, name: str, default: str) -> str:
        """An address, with its password where that is set apart from it: ``<…>_PASSWORD`` beside ``<…>_URL``.

        The password is written into it as it is, whatever characters it has. An address without a host wants none.
        """
        value = self.text(name, default)
        password = self.text(name.removesuffix("_URL") + "_PASSWORD", "")
        parts = urlsplit(value)
        user, _, place = parts.netloc.rpartition("@")
        if not password or not place:
            return value
        if ":" in user:
            raise EnvError(
                f"{name} has a password, and {name.removesuffix('_URL')}_PASSWORD is set. Use one."
            )
        return parts._replace(netloc=f"{user}:{quote(password, safe='')}@{place}").geturl()

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        value = self._values.get(name) or default
        if value not in allowed:
            raise EnvError(f"{name} is {value!r}. Use one of {', '.join(allowed)}.")
        return value

    def secret(self, name: str, *, kept_in: Path | None) -> str:
        """A secret from the variable, from the file named by ``<name>_FILE``, or made once and kept in a file."""
        if value := self._values.get(name) or self._from_file(name):
            return value
        if kept_in is None:
            raise EnvError(f"{name} is not set. Set it, or {name}_FILE, to a long random value.")
        return _kept_secret(kept_in)

    def _from_file(self, name: str) -> str:
        """What stands in the file named by ``<name>_FILE``: secrets need not stand in the environment."""
        named = self._values.get(f"{name}_FILE")
        if not named:
            return ""
        try:
            found = Path(named).read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise EnvError(f"{name}_FILE points to {named}, which cannot be read: {error}.") from None
        if not found:
            raise EnvError(f"{name}_FILE points to {named}, which is empty.")
        return found


def _kept_secret(path: Path) -> str:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        # Linked into place whole: a process that starts at the same time reads all of it or makes the same attempt.
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(60))
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_text().strip()
