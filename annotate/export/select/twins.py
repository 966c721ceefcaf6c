"""Which traces are nearly the same as an earlier one of their problem, and are told apart by nothing that was decided.

Texts that differ in a few words may differ in what matters: one number makes a right step wrong. A trace is a twin only
where its numbers and signs of arithmetic are the same in the same order, the same steps have a level and each the same,
and its word sequences are shared as far as asked. Problems with the same words are one problem; a system prompt is none
of them.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import NamedTuple

import numpy as np

from annotate.enums import Action
from annotate.models import Run, Step

from .minhash import SHINGLE
from .ngrams import Hashes, ngram_hashes, numbers_of
from .problems import key_of, texts_of


class _Said(NamedTuple):
    pk: int
    # What must be the same to the letter.
    decided: tuple[tuple[int, str], ...]
    numbers: bytes
    hashes: Hashes


def twins(run: Run, problems: Mapping[int, str], similarity: float) -> Iterator[int]:
    """Those of the traces, by key with their problems' names, that need not be kept beside an earlier one.

    Memory grows by a key per problem, and by the word sequences of one problem's traces.
    """
    keys = {name: key_of(own) for name, _text, own in texts_of(run.project)}
    ordered = sorted(problems, key=lambda pk: (keys[problems[pk]], pk))
    for _key, said in groupby(_said(run, ordered), key=lambda one: keys[problems[one.pk]]):
        yield from _of_one_problem(said, similarity)


def _of_one_problem(traces: Iterable[_Said], similarity: float) -> Iterator[int]:
    kept: defaultdict[tuple[object, bytes], list[Hashes]] = defaultdict(list)
    for one in traces:
        others = kept[one.decided, one.numbers]
        if any(_share(one.hashes, other) >= similarity for other in others):
            yield one.pk
        else:
            others.append(one.hashes)


def _share(one: Hashes, other: Hashes) -> float:
    """Of the sequences that either has, those that both have; 0 where neither has one."""
    common = len(np.intersect1d(one, other, assume_unique=True))
    return common / max(len(one) + len(other) - common, 1)


def _said(run: Run, pks: list[int]) -> Iterator[_Said]:
    for start in range(0, len(pks), 200):
        some = pks[start : start + 200]
        texts: defaultdict[int, list[str]] = defaultdict(list)
        steps = Step.objects.filter(trace__in=some).order_by("trace_id", "position")
        for pk, text in steps.values_list("trace_id", "text"):
            texts[pk].append(text)
        decided: defaultdict[int, list[tuple[int, str]]] = defaultdict(list)
        kept = run.consensus.filter(action=Action.KEEP, step__retired_in=None, step__trace__in=some)
        for pk, position, value in kept.order_by("step__trace_id", "step__position").values_list(
            "step__trace_id", "step__position", "value"
        ):
            decided[pk].append((position, value))
        for pk in some:
            text = "".join(texts[pk])
            numbers = hashlib.sha256(" ".join(numbers_of(text)).encode(errors="replace")).digest()
            yield _Said(pk, tuple(decided[pk]), numbers, ngram_hashes(text, SHINGLE))
