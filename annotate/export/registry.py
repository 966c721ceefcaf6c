"""The named formats. A new one is a file in ``formats/`` and a line here."""

from __future__ import annotations

from annotate.errors import Rejected
from annotate.export.contracts import Format
from annotate.export.formats.parquet import PARQUET
from annotate.export.formats.preference import PREFERENCE
from annotate.export.formats.trl_stepwise import TRL_STEPWISE

FORMATS: dict[str, Format] = {layout.name: layout for layout in (TRL_STEPWISE, PARQUET, PREFERENCE)}


def get_format(name: str) -> Format:
    """The format of that name; ``Rejected`` names the ones there are."""
    try:
        return FORMATS[name]
    except KeyError:
        raise Rejected(f"{name!r} is no format; known are {', '.join(FORMATS)}.", field="format") from None
