"""The same question asked again with other seeds: how often the judge says what it said before."""

from __future__ import annotations

from annotate.prelabel.audit.probe import Probe, Questions, Skipped, Subject


def vote_again(subject: Subject) -> Questions:
    """``votes`` − 1 further votes beside the first; the judge's own seed and those that follow it."""
    seed = subject.settings.get("seed")
    if not isinstance(seed, int) or isinstance(seed, bool):
        yield Skipped("the judge draws nothing by chance")
        return
    if subject.settings.get("temperature") == 0:
        yield Skipped("at temperature 0 the judge draws nothing by chance")
        return
    for vote in range(1, subject.votes):
        yield Probe(f"vote {vote + 1}", subject.plain, subject.unmoved(), settings={"seed": seed + vote})
