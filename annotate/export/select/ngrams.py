"""Texts as sets of hashes of word sequences, for telling which are nearly the same (pure).

Words are runs of letters and digits, and every other sign by itself, in small letters and Unicode's compatibility
form, so that spacing and case make no difference. Hashes are the same on every machine and in every process.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

_WORDS = re.compile(r"\w+|[^\w\s]")
_BASE = np.uint64(0x9E3779B97F4A7C15)


@lru_cache(maxsize=200_000)
def _hash_of(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode(errors="replace"), digest_size=8).digest(), "little")


def words_of(text: str) -> list[str]:
    return _WORDS.findall(unicodedata.normalize("NFKC", text).lower())


def ngram_hashes(text: str, n: int) -> Hashes:
    """The distinct hashes of all ``n`` words in a row, sorted; a shorter text is one sequence. Empty for no word."""
    words = np.array([_hash_of(word) for word in words_of(text)], dtype=np.uint64)
    if not len(words):
        return words
    size = min(n, len(words))
    count = len(words) - size + 1
    total = np.zeros(count, dtype=np.uint64)
    with np.errstate(over="ignore"):
        for offset in range(size):
            total = total * _BASE + words[offset : offset + count]
    return np.unique(total)
