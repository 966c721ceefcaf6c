"""The same mathematics in other words and signs: nothing may change."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial

from annotate.prelabel.audit.checks import nothing_moves
from annotate.prelabel.audit.probe import Probe, Skipped, Subject
from annotate.prelabel.audit.reading import own_positions
from annotate.prelabel.audit.variants import rewritten
from annotate.prelabel.contracts import StepTask

_SPACE_AROUND_SIGNS = re.compile(r"(?<=\d)[ \t]*(?P<sign>[=+×])[ \t]*(?=\d)")
_MINUS = re.compile(r"(?<=\d) - (?=\d)")
_TIMES = re.compile(r"(?<=\d)[ \t]*\*[ \t]*(?=\d)")
_SYNONYMS = {"so": "therefore", "thus": "hence", "therefore": "so", "hence": "thus"}
_SYNONYM = re.compile(rf"\b(?:{'|'.join(_SYNONYMS)})\b", re.IGNORECASE)


def respelled(text: str) -> str:
    """A real minus sign, a times sign, and the spaces around signs turned over (none where there were some)."""
    text = _MINUS.sub(" − ", _TIMES.sub(" × ", text))
    return _SPACE_AROUND_SIGNS.sub(
        lambda found: found["sign"] if " " in found[0] else f" {found['sign']} ", text
    )


def paraphrased(text: str) -> str:
    """Words of conclusion exchanged for others that mean the same."""
    return _SYNONYM.sub(_synonym, text)


def reword(subject: Subject) -> Iterator[Probe | Skipped]:
    task = subject.task
    own = own_positions(task)
    for variant, write in (("signs", respelled), ("words", paraphrased)):
        changed = rewritten(task, partial(_own_written, write))
        different = [
            new.text for new, old in zip(changed.task.steps, task.steps, strict=True) if new.text != old.text
        ]
        if different:
            yield Probe(variant, changed.task, nothing_moves(own, changed.places), shown=different[0])
        else:
            yield Skipped("no word or sign here has another spelling")


def _synonym(found: re.Match[str]) -> str:
    word = _SYNONYMS[found[0].lower()]
    return word.capitalize() if found[0][0].isupper() else word


def _own_written(write: Callable[[str], str], index: int, step: StepTask) -> str:
    return step.text if step.kind == "observation" else write(step.text)
