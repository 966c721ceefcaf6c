"""The named methods. A new one is a file here and a line below."""

from __future__ import annotations

from collections.abc import Callable

from annotate.stats.aggregate.contracts import AggregateFit
from annotate.stats.aggregate.dawid_skene import dawid_skene
from annotate.stats.aggregate.glad import glad
from annotate.stats.aggregate.hierarchical import hierarchical
from annotate.stats.aggregate.mace import mace
from annotate.stats.aggregate.majority import majority
from annotate.stats.aggregate.mfrm import mfrm
from annotate.stats.aggregate.one_coin import one_coin
from annotate.stats.aggregate.weighted import weighted

# Each is an `Aggregator` with options of its own beside.
METHODS: dict[str, Callable[..., AggregateFit]] = {
    "majority": majority,
    "weighted": weighted,
    "dawid_skene": dawid_skene,
    "one_coin": one_coin,
    "hierarchical": hierarchical,
    "glad": glad,
    "mace": mace,
    "mfrm": mfrm,
}
