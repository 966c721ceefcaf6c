"""A text cut where its steps most likely end, for texts that nobody has cut."""

from __future__ import annotations

from annotate.ingest.splitting import SplitMode, split_steps


def parts_of(text: str) -> tuple[str, ...]:
    """At blank lines or, where there is none, at line ends; joined, the parts are the text again."""
    mode = SplitMode.BLANK_LINE if "\n\n" in text.strip() else SplitMode.LINES
    return tuple(draft.text for draft in split_steps(text, mode))
