"""What a run may spend before it stops by itself, and what it has spent.

Counted from what is stored, so that all workers of a run read one account. It is looked at between batches: the
batches under way when a limit is reached are finished and stored, and what they used shows in the note.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, F, Sum
from django.utils.translation import gettext

from annotate.errors import Rejected
from annotate.models import Completion, Run


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits (None sets none) and use; tokens are those read and those written together."""

    limit_tokens: int | None = None
    limit_completions: int | None = None
    tokens: int = 0
    completions: int = 0

    @property
    def share(self) -> float | None:
        """How much of the scarcer of the two limits is used, above 1 after the last batch; None without a limit."""
        limits = ((self.limit_tokens, self.tokens), (self.limit_completions, self.completions))
        shares = [used / limit for limit, used in limits if limit]
        return max(shares, default=None)

    @property
    def is_spent(self) -> bool:
        return self.share is not None and self.share >= 1

    @property
    def note(self) -> str:
        """Why the run stopped; empty while there is something left."""
        if self.limit_tokens is not None and self.tokens >= self.limit_tokens:
            what, limit, used = "tokens", self.limit_tokens, self.tokens
        elif self.limit_completions is not None and self.completions >= self.limit_completions:
            what, limit, used = "completions", self.limit_completions, self.completions
        else:
            return ""
        return f"The budget of {limit:,} {what} is spent ({used:,} used). Raise it to go on."


def budget_of(run: Run) -> Budget:
    """The budget of ``run`` as it is now. Costs one query, and one over the completions where a limit is set."""
    limits = Run.objects.values_list("budget_tokens", "budget_completions").get(pk=run.pk)
    if limits == (None, None):
        return Budget()
    used = Completion.objects.filter(run=run).aggregate(
        n=Count("pk"), tokens=Sum(F("prompt_tokens") + F("completion_tokens"))
    )
    return Budget(*limits, used["tokens"] or 0, used["n"])


def checked_limit(field: str, limit: int | None, *, above: int = 0) -> int | None:
    """The limit, or Rejected for ``field`` when it would be used up at once."""
    if limit is not None and limit <= above:
        used = gettext(": %(above)s are used already") % {"above": f"{above:,}"} if above else ""
        raise Rejected(
            gettext("must be more than %(above)s%(used)s") % {"above": f"{above:,}", "used": used},
            field=field,
        )
    return limit
