"""What Gradus says to people: every text that could be translated, found where it stands.

Read here and by no gettext tool, so that a bare machine can do it: templates as Django itself cuts them, Python by its
syntax tree, scripts by the calls that static/js/words.js defines, and the texts that the program's own lists keep in
English and pages translate with ``|spoken``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.template.base import Lexer, Token, TokenType
from django.utils.text import smart_split
from django.utils.translation import trim_whitespace

from annotate.assign.ordering import known_policies
from annotate.consensus.registry import POLICIES
from annotate.consensus.rulings import REASONS
from annotate.export.registry import FORMATS
from annotate.ingest.presets import GALLERY, texts_of
from annotate.label.cut_rules import REASONS as CUT_REASONS
from annotate.label.shortcuts import SHORTCUTS
from annotate.prelabel.audit.kinds import RATES
from annotate.prelabel.strategies import STRATEGIES
from webapp.script_words import words_in

# gettext's functions by the place of their texts: (context, singular, plural).
_CALLS = {
    "_": (None, 0, None),
    "gettext": (None, 0, None),
    "gettext_lazy": (None, 0, None),
    "ngettext": (None, 0, 1),
    "ngettext_lazy": (None, 0, 1),
    "pgettext": (0, 1, None),
    "pgettext_lazy": (0, 1, None),
    "npgettext": (0, 1, 2),
    "npgettext_lazy": (0, 1, 2),
}
_CODE = ("annotate", "webapp", "workers")
# Words of the evidence that verifiers give, which the trace page shows.
_FINDINGS = ("supported", "refuted", "unclear")
_MARKED = re.compile(r"""_\(\s*("[^"]*"|'[^']*')\s*\)""")


class Text(NamedTuple):
    """``context`` and ``plural`` are empty where there is none."""

    context: str
    singular: str
    plural: str = ""


def texts() -> dict[Text, list[str]]:
    """Every text and the files it stands in."""
    found: dict[Text, list[str]] = {}
    for place, text in _everything():
        if text.singular:
            places = found.setdefault(text, [])
            if place not in places:
                places.append(place)
    return found


def _everything() -> Iterator[tuple[str, Text]]:
    base = Path(settings.BASE_DIR)
    for path in sorted((base / "templates").rglob("*.html")):
        yield from ((_name(path), text) for text in in_template(path.read_text()))
    for path in sorted(one for folder in _CODE for one in (base / folder).rglob("*.py")):
        yield from ((_name(path), text) for text in in_python(path.read_text()))
    for path in sorted((base / "static/js").glob("*.js")):
        yield from ((_name(path), Text("", *one)) for one in words_in(path.read_text()))
    yield from _in_lists()


def _name(path: Path) -> str:
    return path.relative_to(settings.BASE_DIR).as_posix()


def in_python(source: str) -> Iterator[Text]:
    """The texts that calls of gettext's functions name. Raises ValueError where one is not a plain literal."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name not in _CALLS:
            continue
        places = _CALLS[name]
        literals = [_literal(node.args, place) for place in places]
        if literals[1] is not None:
            yield Text(*(literal or "" for literal in literals))


def _literal(arguments: list[ast.expr], place: int | None) -> str | None:
    """None for a variable: its text is in one of the lists."""
    if place is None:
        return ""
    argument = arguments[place] if place < len(arguments) else None
    if isinstance(argument, ast.JoinedStr):
        raise ValueError(f"line {argument.lineno}: a text to translate cannot be an f-string")
    return argument.value if isinstance(argument, ast.Constant) and isinstance(argument.value, str) else None


def in_template(source: str) -> Iterator[Text]:
    tokens = iter(Lexer(source).tokenize())
    for token in tokens:
        if token.token_type not in (TokenType.BLOCK, TokenType.VAR):
            continue
        for quoted in _MARKED.findall(token.contents):
            yield Text("", quoted[1:-1])
        bits = list(smart_split(token.contents)) if token.token_type == TokenType.BLOCK else [""]
        if bits[0] in ("translate", "trans") and bits[1][0] in "\"'":
            # Django doubles per cent signs before it looks a template's text up.
            yield Text(_context(bits), bits[1][1:-1].replace("%", "%%"))
        elif bits[0] in ("blocktranslate", "blocktrans"):
            yield _block(bits, tokens)


def _context(bits: list[str]) -> str:
    return bits[bits.index("context") + 1][1:-1] if "context" in bits else ""


def _block(bits: list[str], tokens: Iterator[Token]) -> Text:
    forms = [""]
    for token in tokens:
        if token.token_type == TokenType.TEXT:
            forms[-1] += token.contents.replace("%", "%%")
        elif token.token_type == TokenType.VAR:
            forms[-1] += f"%({token.contents})s"
        elif token.contents == "plural":
            forms.append("")
        else:
            break
    if "trimmed" in bits:
        forms = [trim_whitespace(form) for form in forms]
    return Text(_context(bits), *forms)


def _in_lists() -> Iterator[tuple[str, Text]]:
    for preset in GALLERY.values():
        yield from (("annotate/ingest/presets", Text(*one)) for one in texts_of(preset))
    for why in CUT_REASONS:
        yield "annotate/label/cut_rules.py", Text("", why)
    for shortcut in SHORTCUTS:
        yield "annotate/label/shortcuts.py", Text("", shortcut.title)
    for entry in STRATEGIES.values():
        yield "annotate/prelabel", Text("", entry.title)
        yield "annotate/prelabel", Text("", entry.summary)
    for family in RATES.values():
        yield "annotate/prelabel/audit", Text("", family.title)
        yield "annotate/prelabel/audit", Text("", family.sentence)
    for order in known_policies().values():
        yield "annotate/assign/policies", Text("", order.title)
        yield "annotate/assign/policies", Text("", order.said)
    for policy in POLICIES.values():
        yield "annotate/consensus/policies", Text("", policy.title)
        yield from (("annotate/consensus/policies", Text("", reason.title)) for reason in policy.reasons)
    yield from (("annotate/consensus/rulings.py", Text("", reason.title)) for reason in REASONS)
    yield "annotate/consensus/funnel.py", Text("", "All steps")
    for layout in FORMATS.values():
        yield "annotate/export/formats", Text("", layout.title)
    yield from (("annotate/prelabel/verifiers", Text("", word)) for word in _FINDINGS)
