"""The named policies. A new one is a file in ``policies/`` and a line here."""

from __future__ import annotations

from annotate.consensus.contracts import Policy
from annotate.consensus.policies.best_rater import BEST_RATER
from annotate.consensus.policies.capo import CAPO
from annotate.consensus.policies.dawid_skene import DAWID_SKENE
from annotate.consensus.policies.genprm import GENPRM
from annotate.consensus.policies.grounded import GROUNDED
from annotate.consensus.policies.lessons import LESSONS
from annotate.consensus.policies.majority import MAJORITY
from annotate.consensus.policies.posterior import POSTERIOR
from annotate.consensus.policies.processbench import PROCESSBENCH
from annotate.consensus.policies.scan import SCAN
from annotate.consensus.policies.spark import SPARK
from annotate.consensus.policies.weighted import WEIGHTED
from annotate.errors import Rejected

POLICIES: dict[str, Policy] = {
    policy.name: policy
    for policy in (
        LESSONS,
        POSTERIOR,
        MAJORITY,
        DAWID_SKENE,
        WEIGHTED,
        BEST_RATER,
        GENPRM,
        SCAN,
        GROUNDED,
        CAPO,
        SPARK,
        PROCESSBENCH,
    )
}


def get_policy(name: str) -> Policy:
    """The policy of that name; ``Rejected`` names the ones there are."""
    try:
        return POLICIES[name]
    except KeyError:
        raise Rejected(f"{name!r} is no policy; known are {', '.join(POLICIES)}.", field="policy") from None
