"""A run's progress in one line, for the terminal."""

from __future__ import annotations

from annotate.prelabel.queries import RunProgress


def counts_line(state: RunProgress) -> str:
    """Completions, tokens, pace and what people should know, in one line."""
    parts = []
    if state.completions:
        parts.append(f"{state.completions:,} completions, {state.tokens:,} tokens")
    if state.cost is not None:
        parts.append(f"${state.cost:,.2f}" + (" or more" if state.unpriced else ""))
    if state.budget_share is not None:
        parts.append(f"{state.budget_share:.0%} of the budget")
    if not state.is_over and state.per_second is not None:
        parts.append(f"{state.per_second:.0f}/s")
    if state.eta_seconds is not None:
        parts.append(f"about {_spoken(state.eta_seconds)} left")
    return ", ".join(parts) + (f" {state.note}" if state.note else "")


def _spoken(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
