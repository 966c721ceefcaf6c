"""JavaScript modules as one file, and style sheets: a page that needs ten of them asks for one.

The sources stay small modules that run as they are; nothing is minified, but comments that fill lines stay behind. A
bundle is the modules of an entry in the order they need each other, without their import and export words; of style
sheets it is one behind the other. It is made when static files are looked for, so no build step can be forgotten and no
made file lies in the repository.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.contrib.staticfiles.storage import StaticFilesStorage
from django.core.checks import CheckMessage
from django.core.files.storage import FileSystemStorage

BUNDLES = {"js/labelling.bundle.js": "js/labelling.js", "js/review.bundle.js": "js/review.js"}
# A page whose first sight waits for six files waits for the slowest of them. All lie in css/, as what they name does.
STYLES = {
    "css/labelling.bundle.css": (
        *("tokens", "page", "controls", "reading"),
        *("minimap", "column", "questions", "finding", "whole", "panel", "bar"),
        # Behind the parts whose rules they change.
        *("narrow", "contrast", "cutting", "discussion"),
    ),
}

_IMPORT = re.compile(r'^import\s+\{[^}]*\}\s+from\s+"\./([\w.]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const|let)\b)", re.MULTILINE)
_TOP_NAME = re.compile(r"^(?:export )?(?:async )?(?:function|class|const|let)\s+\{?\s*(\w+)", re.MULTILINE)

_COMMENT = re.compile(r"^[ \t]*(?:/\*(?:(?!\*/).)*\*/[ \t]*\n|//[^\n]*\n)", re.MULTILINE | re.DOTALL)


class BundleError(Exception):
    """Two modules of a bundle cannot live in one file."""


def bundle(entry: Path) -> str:
    """The text of one module that does what ``entry`` and all it imports do."""
    modules = list(_in_order(entry, set()))
    owner: dict[str, str] = {}
    for path in modules:
        for name in _TOP_NAME.findall(path.read_text()):
            if owner.setdefault(name, path.name) != path.name:
                raise BundleError(f"{name} is defined by both {owner[name]} and {path.name}")
    return "\n".join(_EXPORT.sub("", _IMPORT.sub("", uncommented(path.read_text()))) for path in modules)


def uncommented(text: str) -> str:
    """Without the lines that are nothing but comments, of scripts and of style sheets."""
    return _COMMENT.sub("", text)


def _in_order(path: Path, seen: set[Path]) -> Iterator[Path]:
    """What a module needs, then the module itself; each once."""
    if path in seen:
        return
    seen.add(path)
    for name in _IMPORT.findall(path.read_text()):
        yield from _in_order(path.parent / name, seen)
    yield path


class BundleFinder(BaseFinder):
    """Finds the bundles among the static files, written afresh into the home folder when a source is newer."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        self.sources = Path(settings.STATICFILES_DIRS[0])
        self.storage = FileSystemStorage(location=settings.BUNDLES_DIR)
        self.storage.prefix = ""  # type: ignore[attr-defined]

    def check(self, **kwargs: object) -> list[CheckMessage]:
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: object) -> Any:
        if path not in BUNDLES and path not in STYLES:
            return []
        made = str(self._make(path))
        return [made] if find_all else made

    def list(self, ignore_patterns: object) -> Iterator[tuple[str, StaticFilesStorage]]:
        for path in (*BUNDLES, *STYLES):
            self._make(path)
            yield path, self.storage  # type: ignore[misc]

    def _make(self, path: str) -> Path:
        made = Path(settings.BUNDLES_DIR) / path
        text = self._text(path)
        if not made.exists() or made.read_text() != text:
            made.parent.mkdir(parents=True, exist_ok=True)
            # Several web processes start at once: each puts a whole file in place.
            part = made.with_suffix(f".{os.getpid()}.part")
            part.write_text(text)
            part.replace(made)
        return made

    def _text(self, path: str) -> str:
        if path in BUNDLES:
            return bundle(self.sources / BUNDLES[path])
        return "\n".join(uncommented((self.sources / f"css/{name}.css").read_text()) for name in STYLES[path])
