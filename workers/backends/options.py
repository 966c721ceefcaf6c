"""Read a backend's options from its address, naming the one that is wrong."""

from __future__ import annotations

from collections.abc import Mapping

from annotate.errors import BackendError


class Options:
    """String options with typed reading; :meth:`done` refuses what nobody read."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._unread = dict(values)

    def text(self, name: str, default: str) -> str:
        return self._unread.pop(name, default)

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        value = self.text(name, default)
        if value not in allowed:
            raise BackendError(f"{name}={value}: must be one of {', '.join(allowed)}.", retry=False)
        return value

    def whole(self, name: str, default: int) -> int:
        value = self.text(name, str(default))
        if not value.isdigit() or int(value) < 1:
            raise BackendError(f"{name}={value}: must be a whole number of at least 1.", retry=False)
        return int(value)

    def number(self, name: str, default: float) -> float:
        value = self.text(name, str(default))
        try:
            number = float(value)
        except ValueError:
            number = -1.0
        if not 0 < number < float("inf"):
            raise BackendError(f"{name}={value}: must be a number above 0.", retry=False)
        return number

    def price(self, name: str) -> float | None:
        """US dollars per million tokens, 0 included; None when not given."""
        value = self._unread.pop(name, None)
        if value is None:
            return None
        try:
            number = float(value)
        except ValueError:
            number = -1.0
        if not 0 <= number < float("inf"):
            raise BackendError(f"{name}={value}: must be a number of at least 0.", retry=False)
        return number

    def done(self) -> None:
        if self._unread:
            raise BackendError(
                f"{', '.join(sorted(self._unread))}: unknown option of this backend.", retry=False
            )
