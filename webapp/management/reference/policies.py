"""Every policy of consensus with its settings and reasons, and every order of the queue."""

from __future__ import annotations

import inspect
import sys

from annotate.assign.ordering import known_policies
from annotate.consensus.contracts import Policy
from annotate.consensus.registry import POLICIES

from .markdown import code, page, plain, table
from .said import Undescribed, settings_table

LEAD = (
    "A policy makes one decision per step of all that was said about it: keep, drop or ask (`python3 "
    "manage.py consensus PROJECT --policy NAME --set KEY=VALUE`). [Consensus](../consensus.md) compares "
    "them."
)


def written() -> str:
    orders = table(
        ("Order", "Title", "What comes first"),
        [(code(order.name), str(order.title), str(order.said)) for order in known_policies().values()],
    )
    queue = "## Orders of the queue\n\nWho reads what next: [the queue](../queue.md).\n\n" + orders
    return page(
        "Policies and their settings", LEAD, *(_section(policy) for policy in POLICIES.values()), queue
    )


def _section(policy: Policy) -> str:
    module = policy.settings.__module__
    about = plain(inspect.cleandoc(sys.modules[module].__doc__ or ""))
    if not about:
        raise Undescribed(f"the policy {policy.name} has no docstring")
    reasons = table(
        ("Reason", "What people read", "The step is"),
        [(code(reason.key), str(reason.title), _done(reason.action.value)) for reason in policy.reasons],
    )
    title = f"## {policy.name}\n\n**{policy.title}** (version {policy.version})."
    return "\n\n".join((title, about, settings_table(policy.settings, module), reasons))


def _done(action: str) -> str:
    return {"keep": "kept", "drop": "dropped", "ask": "put to people"}[action]
