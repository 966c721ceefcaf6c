"""Every key of the labelling page."""

from __future__ import annotations

from annotate.label.shortcuts import SHORTCUTS

from .markdown import code, page, table

LEAD = (
    "Digits answer: each level of the rubric has its own ([rubrics](rubrics.md)). The others can be "
    "changed, and single keys switched off, under Preferences. [The labelling page](../labelling.md) "
    "says more, also of the keys for comparing; [reviewing](../review.md#deciding) has those of "
    "reviewers."
)


def written() -> str:
    rows = [(code(one.key), code(one.fixed) if one.fixed else "", str(one.title)) for one in SHORTCUTS]
    fixed = (
        ("digits", "", "The level with that key; then the next step"),
        (
            "`Enter`",
            "",
            "Submit, once nothing is missing, and take the next trace",
        ),
    )
    return page("Keys", LEAD, table(("Key", "Always as well", "What it does"), [*fixed, *rows]))
