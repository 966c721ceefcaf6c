"""What a text and its meta say of images: a reference where one stood, and an entry under ``images``.

An image is known by the SHA-256 of its bytes as they came in. A text keeps a short reference, ``![alt](image:DIGEST)``,
so that it reads in order and the trace's hash covers it. What is shown is listed in the problem's or step's meta.

An image that lies elsewhere is known by its address, and its text says ``![alt](ADDRESS)``, whether its bytes are here
or not: a host that is down today, or on no list yet, makes no other trace of the same row. Where its bytes are fetched
(:mod:`annotate.ingest.remote_images`), its entry holds both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

KEY = "images"
SHORT = 16
# Stands in a text for an image that was left out.
MISSING = "image:missing"
DIGEST = re.compile(r"[0-9a-f]{64}")


def entry_of(alt: str, **facts: Any) -> dict[str, Any]:
    alt = alt.strip()
    return facts | ({"alt": alt} if alt else {})


def reference(entry: Mapping[str, Any]) -> str:
    """What stands in the text for an image."""
    alt = str(entry.get("alt", "")).replace("]", ")").replace("\n", " ")
    if "image" in entry and "address" not in entry:
        return f"![{alt}](image:{str(entry['image'])[:SHORT]})"
    return f"![{alt}]({entry.get('address', MISSING)})"


@dataclass(frozen=True, slots=True)
class Shown:
    """An image of a step or problem as a page shows it: by its digest, or, where nobody fetched it, by its address.

    One that was left out says why (``missing``), and has its address where it has one.
    """

    number: int
    alt: str
    digest: str = ""
    address: str = ""
    missing: str = ""
    width: int = 0
    height: int = 0


def shown_images(meta: Any) -> list[Shown]:
    """The images that meta lists, in order; whatever else somebody's meta holds under that key is not shown."""
    entries = meta.get(KEY) if isinstance(meta, Mapping) else None
    return list(_shown(entries)) if isinstance(entries, list) else []


def images_within(entries: Sequence[Mapping[str, Any]], text: str) -> list[Mapping[str, Any]]:
    """Those of some entries that a text refers to."""
    return [one for one in entries if reference_key(one) and reference_key(one) in text]


def reference_key(entry: Mapping[str, Any]) -> str:
    if not isinstance(entry, Mapping):
        return ""
    address, digest = entry.get("address"), entry.get("image")
    if isinstance(address, str):
        return f"({address})"
    return f"(image:{digest[:SHORT]})" if isinstance(digest, str) else ""


def image_digests(meta: Any) -> list[str]:
    return [one.digest for one in shown_images(meta) if one.digest]


def _shown(entries: Sequence[Any]) -> Iterator[Shown]:
    number = 0
    for one in entries:
        if not isinstance(one, Mapping):
            continue
        alt, digest, address = one.get("alt", ""), one.get("image"), one.get("address")
        missing = one.get("missing")
        alt = alt if isinstance(alt, str) else ""
        lies = isinstance(address, str)
        address, missing = (said if isinstance(said, str) else "" for said in (address, missing))
        width, height = one.get("width"), one.get("height")
        if not isinstance(width, int) or not isinstance(height, int):
            digest = None
        if isinstance(digest, str) and DIGEST.fullmatch(digest):
            number += 1
            yield Shown(number, alt, digest=digest, address=address, width=width or 0, height=height or 0)
        elif lies or missing:
            number += 1
            yield Shown(number, alt, address=address, missing=missing)
