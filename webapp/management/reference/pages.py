"""The reference pages by the name of their file."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from . import api, commands, formats, keys, policies, rubrics, strategies

PAGES: Mapping[str, Callable[[], str]] = {
    "commands.md": commands.written,
    "strategies.md": strategies.written,
    "policies.md": policies.written,
    "formats.md": formats.written,
    "rubrics.md": rubrics.written,
    "keys.md": keys.written,
    "api.md": api.written,
}
