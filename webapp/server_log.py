"""What gunicorn itself says, in the form of every other line: ``--logger-class webapp.server_log.ServerLog``."""

from __future__ import annotations

import logging
from typing import Any

from gunicorn.glogging import Logger

from webapp import settings


class ServerLog(Logger):
    """Its access log is off unless asked for, and stays as whoever asks for it wants it."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(_structured())


def _structured() -> logging.Formatter:
    options: dict[str, Any] = dict(settings.LOGGING["formatters"]["structured"])  # type: ignore[index]
    made: logging.Formatter = options.pop("()")(**options)
    return made
