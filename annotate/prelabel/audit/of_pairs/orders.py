"""The order in which the two are shown must not matter."""

from __future__ import annotations

from annotate.prelabel.audit.of_pairs.checks import same_preferred
from annotate.prelabel.audit.of_pairs.reading import PairReading
from annotate.prelabel.audit.of_pairs.subject import PairSubject
from annotate.prelabel.audit.probe import HELD, Probe, Questions, Result


def swap(subject: PairSubject) -> Questions:
    """The two change places. One that asks in both orders and merges them should not be swayed at all."""
    task = subject.placed("left", subject.task.right, subject.task.left)
    yield Probe("swapped", task, same_preferred(is_swapped=True), shown=subject.task.left)


def compare_orders(subject: PairSubject) -> Questions:
    """What a judge that asks in both orders got from each before it merged them: the conflicts of arXiv 2509.21117."""
    yield Probe("both orders", subject.plain, _agrees, shown=subject.task.left)


def _agrees(plain: PairReading, probed: PairReading) -> Result:
    if probed.orders_agree is None:
        reason = "the judge does not say what each order preferred"
        return Result("n/a", reason) if probed.better else Result("unread", probed.why)
    return HELD if probed.orders_agree else Result("failed", "each order preferred something else")
