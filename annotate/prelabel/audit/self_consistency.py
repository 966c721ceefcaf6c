"""The same question asked again with other seeds: how often the judge says what it said before."""

from __future__ import annotations

from collections.abc import Iterator

from annotate.prelabel.audit.checks import nothing_moves
from annotate.prelabel.audit.probe import Probe, Skipped, Subject
from annotate.prelabel.audit.reading import own_positions
from annotate.prelabel.audit.variants import as_it_is


def vote_again(subject: Subject) -> Iterator[Probe | Skipped]:
    """``votes`` − 1 further votes beside the first; the judge's own seed and those that follow it."""
    seed = subject.settings.get("seed")
    if not isinstance(seed, int) or isinstance(seed, bool):
        yield Skipped("the judge draws nothing by chance")
        return
    if subject.settings.get("temperature") == 0:
        yield Skipped("at temperature 0 the judge draws nothing by chance")
        return
    plain = as_it_is(subject.task)
    check = nothing_moves(own_positions(subject.task), plain.places)
    for vote in range(1, subject.votes):
        yield Probe(f"vote {vote + 1}", plain.task, check, settings={"seed": seed + vote})
