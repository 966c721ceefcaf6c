"""Shares and risks in words: no more digits than their intervals support (no tags)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext

from annotate.wording import figure


def share_words(value: float | None, low: float | None = None, high: float | None = None) -> str:
    """``0.9 %``, with no more digits than the interval supports."""
    if value is None:
        return "–"
    if low is None or high is None or high <= low:
        if 0 < value < 0.00005:
            return f"<\u00a0{figure('0.01')}\u00a0%"
        digits = 0 if not value or value >= 0.0995 else 2 if value < 0.001 else 1
    else:
        digits = min(2, max(0, -math.floor(math.log10((high - low) * 50))))
        # Something wrong is never told as nothing wrong.
        while value and digits < 2 and not float(f"{100 * value:.{digits}f}"):
            digits += 1
    return f"{figure(f'{100 * value:.{digits}f}')}\u00a0%"


def span_words(low: float | None, high: float | None) -> str:
    """``0.6–2.0 %``."""
    if low is None or high is None:
        return ""
    digits = min(2, max(0, -math.floor(math.log10(max((high - low) * 50, 1e-9)))))
    return f"{figure(f'{100 * low:.{digits}f}–{100 * high:.{digits}f}')}\u00a0%"


def rate_words(rate: Mapping[str, Any]) -> str:
    """``0.9 % (0.6–2.0 %)``."""
    if rate["value"] is None:
        return gettext("not known")
    return (
        f"{share_words(rate['value'], rate['low'], rate['high'])} ({span_words(rate['low'], rate['high'])})"
    )


def risk_words(risk: float) -> str:
    return f"{figure(f'{100 * risk:.3g}')}\u00a0%"
