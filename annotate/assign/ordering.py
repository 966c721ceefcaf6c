"""The whole order of a queue in one number per trace, so that a claim reads an index and sorts nothing (pure).

From the highest bits to the lowest: a manager's priority, the policy's rank, and its decision between equals.
"""

from __future__ import annotations

import hashlib
import importlib
import pkgutil
from functools import cache

from annotate.errors import Rejected

from . import policies
from .contracts import Facts, Policy

TOP_PRIORITY = 100
# Slots that are no part of the ordinary queue (gold, exam, demonstration) stand behind all of it.
APART = 2**62
_PRIORITY_BITS, _RANK_BITS, _EVEN_BITS = 54, 22, 32
_MOST_RANK = 2**_RANK_BITS - 1
_MOST_EVEN = 2**_EVEN_BITS - 1


@cache
def known_policies() -> dict[str, Policy]:
    """Every rule of order by name, in the order of their files."""
    names = sorted(module.name for module in pkgutil.iter_modules(policies.__path__))
    found = [importlib.import_module(f"{policies.__name__}.{name}").POLICY for name in names]
    return {policy.name: policy for policy in found}


def get_policy(name: str) -> Policy:
    try:
        return known_policies()[name]
    except KeyError:
        raise Rejected(
            f"{name!r} is no order of a queue; known are {', '.join(known_policies())}.", field="policy"
        ) from None


def position_of(policy: Policy, facts: Facts, priority: int = 0) -> int:
    """Where the trace stands: smaller is sooner, never below 0. ``priority`` is from -100 to 100, higher sooner."""
    rank, even = policy.rank(facts)
    placed = round(min(max(rank, 0.0), 1.0) * _MOST_RANK)
    above = TOP_PRIORITY - min(max(priority, -TOP_PRIORITY), TOP_PRIORITY)
    return (above << _PRIORITY_BITS) | (placed << _EVEN_BITS) | (even & _MOST_EVEN)


def luck_of(seed: int, name: str) -> int:
    """A number from 0 to 2^31 - 1 that only the seed and the trace's own id decide."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{name}".encode()).digest()[:4]) >> 1
