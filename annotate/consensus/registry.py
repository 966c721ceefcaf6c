"""The named policies. A new one is a file in ``policies/`` and a line here."""

from __future__ import annotations

from annotate.consensus.contracts import Policy
from annotate.consensus.policies.lessons import LESSONS
from annotate.consensus.policies.majority import MAJORITY
from annotate.errors import Rejected

POLICIES: dict[str, Policy] = {policy.name: policy for policy in (LESSONS, MAJORITY)}


def get_policy(name: str) -> Policy:
    """The policy of that name; ``Rejected`` names the ones there are."""
    try:
        return POLICIES[name]
    except KeyError:
        raise Rejected(f"{name!r} is no policy; known are {', '.join(POLICIES)}.", field="policy") from None
