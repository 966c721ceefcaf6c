"""Texts as sets of hashes of word sequences, for telling which are nearly the same (pure).

A text is brought to Unicode's compatibility form and small letters, and read as words: runs of letters, numbers without
the commas of their thousands (``1,000`` and ``1{,}000`` are ``1000``), the signs of arithmetic, and every character by
itself in scripts that put no spaces between words (Han, kana, Thai, Lao, Khmer, Burmese). Punctuation, spacing,
brackets, TeX's backslashes and dollars, and marks of emphasis are no words, since they are what differs between two
printings of one problem. A hyphen or an asterisk counts before a number only. Hashes are the same on every machine and
in every process.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

NONE: Hashes = np.zeros(0, dtype=np.uint64)
# Fewer texts may well be variants of one, which must not be taken for a template.
LEAST = 20

_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005\u3007\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff"
)
# Vowel signs and accents that have no composed form belong to the letter before them; to Python they are no letters.
_MARKS = "".join(sign for sign in map(chr, range(0x300, 0x10000)) if unicodedata.category(sign)[0] == "M")
_WORDS = re.compile(
    rf"\d+(?:\.\d+)*|[{_UNSPACED}]|(?:[^\W\d_{_UNSPACED}]|[{_MARKS}])+|[+/=<>×÷±≤≥≠]|(?<!\*)[-*](?=\s*\d)"
)
_THOUSANDS = re.compile(r"(?<=\d)(?:,|\\,|\{,\})(?=\d{3}(?!\d))")
_BASE = np.uint64(0x9E3779B97F4A7C15)


@lru_cache(maxsize=200_000)
def _hash_of(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode(errors="replace"), digest_size=8).digest(), "little")


def words_of(text: str) -> list[str]:
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text).replace("\u2212", "-")
    return _WORDS.findall(_THOUSANDS.sub("", plain.lower()))


def numbers_of(text: str) -> list[str]:
    """The numbers and signs of arithmetic among the words, in their order; Chinese numerals are numbers."""
    return [word for word in words_of(text) if not word.isalpha() or word.isnumeric()]


def ngram_hashes(text: str, n: int) -> Hashes:
    """The distinct hashes of all ``n`` words in a row, sorted; a shorter text is one sequence. Empty for no word."""
    words = word_hashes(text)
    return sequences(words, (min(n, len(words)),))


def word_hashes(text: str) -> Hashes:
    """One hash a word, in the text's order."""
    return np.array([_hash_of(word) for word in words_of(text)], dtype=np.uint64)


def sequences(words: Hashes, lengths: Collection[int]) -> Hashes:
    """The distinct hashes of all words in a row that are as many as one of ``lengths``, sorted."""
    found = [NONE]
    total = np.zeros(len(words), dtype=np.uint64)
    with np.errstate(over="ignore"):
        for offset in range(min(max(lengths, default=0), len(words))):
            total = total[: len(words) - offset] * _BASE + words[offset:]
            if offset + 1 in lengths:
                found.append(total)
    return np.unique(np.concatenate(found))


def common_to_most(texts: Sequence[Hashes]) -> Hashes:
    """What more than half of at least ``LEAST`` texts have in common, sorted: a template, not what they are about."""
    if len(texts) < LEAST:
        return NONE
    found, counts = np.unique(np.concatenate(texts), return_counts=True)
    common: Hashes = found[2 * counts > len(texts)]
    return common


def without(hashes: Hashes, common: Hashes) -> Hashes:
    """The hashes that are not ``common``; all of them where no other would be left."""
    if not len(common):
        return hashes
    left: Hashes = np.setdiff1d(hashes, common, assume_unique=True)
    return left if len(left) else hashes
