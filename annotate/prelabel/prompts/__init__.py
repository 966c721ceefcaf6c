"""Prompts as versioned text files: ``NAME@vN.txt`` beside this module, with ``${placeholders}``.

A released file never changes, a better wording is a new version: labels carry the name and the digest of the prompt
that asked for them.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from string import Template

from annotate.errors import Rejected

_FOLDER = Path(__file__).parent
_NAME = re.compile(r"[a-z0-9-]+@v[0-9]+")


@dataclass(frozen=True, slots=True)
class Prompt:
    """One version of one prompt."""

    name: str
    text: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    def render(self, **values: str) -> str:
        """Fill every placeholder; values are not searched for placeholders of their own."""
        return Template(self.text).substitute(values)


@lru_cache
def load(name: str) -> Prompt:
    """The prompt called ``name@vN``; ``Rejected`` lists what exists. The file's last line break is not part of it."""
    path = _FOLDER / f"{name}.txt"
    if not _NAME.fullmatch(name) or not path.is_file():
        raise Rejected(f"is not a prompt; known are {', '.join(names())}.", field="prompt")
    return Prompt(name, path.read_text(encoding="utf-8").removesuffix("\n"))


def names() -> list[str]:
    """All prompts, sorted."""
    return sorted(path.stem for path in _FOLDER.glob("*.txt"))
