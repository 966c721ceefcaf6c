"""Every format that comes in, and every format that goes out with its settings."""

from __future__ import annotations

import inspect
import sys

from annotate.export.contracts import Format
from annotate.export.registry import FORMATS
from annotate.ingest.readers import READERS, Reader
from annotate.ingest.splitting import SplitMode

from .markdown import code, page, plain, table
from .said import Undescribed, settings_table

LEAD = (
    "[Formats that come in](../formats.md) says what each field becomes and what is refused,"
    " [releases](../releases.md) what a release holds."
)
_FLAGS = {"columns": "map", "values": "value"}


def written() -> str:
    coming = table(
        ("Format", "What it is", "Options it heeds"),
        [(code(reader.name), _about_reader(reader), _heeds(reader)) for reader in READERS.values()],
    )
    modes = ", ".join(code(mode.value) for mode in SplitMode)
    return page(
        "Formats",
        LEAD,
        "## Coming in\n\n`python3 manage.py ingest PROJECT FILE`; the format is found out by content, or named with"
        " `--format`.\n\n" + coming + f"\n\nTexts are cut into steps by {modes} (`--split`).",
        "## Going out\n\n`python3 manage.py export PROJECT FOLDER --format NAME --set KEY=VALUE`.",
        *(_section(layout) for layout in FORMATS.values()),
    )


def _heeds(reader: Reader) -> str:
    flags = sorted(_FLAGS.get(name, name).replace("_", "-") for name in reader.heeds)
    return ", ".join(f"`--{flag}`" for flag in flags) or "none"


def _about_reader(reader: Reader) -> str:
    about = inspect.cleandoc(sys.modules[type(reader).__module__].__doc__ or "")
    if not reader.title or not about:
        raise Undescribed(f"the reader {reader.name} has no title or no docstring")
    return reader.title + "."


def _section(layout: Format) -> str:
    module = layout.write.__module__
    about = plain(inspect.cleandoc(sys.modules[module].__doc__ or ""))
    if not about:
        raise Undescribed(f"the format {layout.name} has no docstring")
    read = {
        "consensus": "a consensus run",
        "comparisons": "what people compared",
        "labels": "the labels themselves",
    }
    title = f"### {layout.name}\n\n**{layout.title}**, version {layout.version}. Reads {read[layout.reads]}."
    return "\n\n".join((title, about, settings_table(layout.settings, module)))
