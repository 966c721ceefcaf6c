"""What the numbers of a rater come to, as stored flags that pages turn into sentences.

The statistics raise the flags (:mod:`annotate.stats.rasch.verdicts`, where all limits stand); here questions and levels
get their titles, and what belongs into one sentence is put together. A flag is no verdict about a person: it says what
was seen, and the page says beside it how sure that is.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from annotate.stats.rasch.verdicts import Flag, Verdict

_HOW = ("consistent", "erratic", "predictable")
_SILENT = ("few", "no_overlap")


def flags_of(
    verdict: Verdict, titles: Mapping[Hashable, str], levels: Sequence[str] | None = None
) -> list[dict[str, Any]]:
    """In the order in which they should be read. ``levels`` are titles where all questions have the same."""
    silent = [flag for flag in verdict.flags if flag.code in _SILENT]
    if silent:
        return [{"code": "few", "n": int(silent[0].amount or 0)}]
    how = next((flag.code for flag in verdict.flags if flag.code in _HOW), "")
    found = [_as_json(flag, titles, levels) for flag in verdict.flags if flag.code not in (*_HOW, "average")]
    for one in found:
        if one["code"] in ("stricter", "milder"):
            one["how"] = how
    if how in ("erratic", "predictable") and not any("how" in one for one in found):
        found.append({"code": how})
    return found or [{"code": "fine"}]


def _as_json(flag: Flag, titles: Mapping[Hashable, str], levels: Sequence[str] | None) -> dict[str, Any]:
    found: dict[str, Any] = {"code": flag.code}
    if flag.amount is not None:
        found["by"] = round(flag.amount, 3)
    if flag.criterion is not None:
        found["question"] = titles[flag.criterion]
    if flag.level is not None and levels is not None:
        found["level"] = levels[int(flag.level)]  # type: ignore[call-overload]
    return found
