"""The images of one row that comes in: from data URIs, message parts, files and addresses."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from annotate.errors import Rejected
from annotate.ingest.fields import Fields, clean_text, kind_of
from annotate.ingest.image_drafts import ImageDraft, file_draft, image_draft
from annotate.ingest.image_entries import entry_of, reference
from annotate.ingest.local_images import is_local

MOST_IMAGES = 100
LONGEST_ALT = 2_000
LONGEST_ADDRESS = 2_000
# Without these characters no text shows an image.
MARKED = "](data:image/"
_MARKDOWN = re.compile(
    r"!\[([^\]\n]{0,500})\]\((data:image/(?:png|jpe?g|webp|gif);base64,[A-Za-z0-9+/=\r\n]+)\)"
)


class Found(NamedTuple):
    """The image at an address. ``draft`` None: the project has it."""

    digest: str
    width: int
    height: int
    draft: ImageDraft | None = None


class NotFetched(Rejected):
    """The image lies at an address that is asked, and is not to be had there."""


class Afar(Protocol):
    """Images at addresses elsewhere."""

    def find(self, address: str) -> Found | None:
        """None for an address that nobody asks. Raises NotFetched, without a field."""


class BadImages(StrEnum):
    """What becomes of a row with an image that is no good."""

    REFUSE = "refuse"
    KEEP = "keep"


class Flaw(NamedTuple):
    """What was left out of a row that is taken: the field it stood in, and why."""

    field: str
    reason: str


@dataclass(slots=True)
class Album:
    """The images of one row so far: the bytes to store, each once, and how many places show one.

    With a ``folder``, an address that names a file is read from below it. With ``keeps_rows`` an image that is no good
    is left out: ``flaws`` says so, and so does its entry. Without ``afar`` whatever lies elsewhere stays an address.
    """

    folder: Path | None = None
    keeps_rows: bool = False
    afar: Afar | None = None
    drafts: dict[str, ImageDraft] = field(default_factory=dict)
    flaws: list[Flaw] = field(default_factory=list)
    n_shown: int = 0

    def take(
        self, given: object, path: str, alt: str = "", *, claim: str = "", address: str = ""
    ) -> dict[str, Any]:
        """The entry for meta of an image given as a data URI or an address. Raises Rejected with the path.

        ``claim`` is the digest that the row says it has, ``address`` where its bytes were fetched once. Nobody else's
        row gets them by that address: the row may say what it likes.
        """
        if not self.keeps_rows:
            return self._taken(given, path, alt, claim, address)
        try:
            return self._taken(given, path, alt, claim, address)
        except Rejected as error:
            if self.n_shown > MOST_IMAGES:
                raise
            self.flaws.append(Flaw(error.field or path, error.reason))
            address = address or (str(given) if isinstance(error, NotFetched) else "")
            lies = {"address": address} if address else {}
            return entry_of(alt, **lies, missing=error.reason)

    def miss(self, reason: str, path: str, alt: str) -> dict[str, Any]:
        """The entry of an image that was left out elsewhere, before."""
        self._count(path)
        return entry_of(alt, missing=reason)

    def _count(self, path: str) -> None:
        self.n_shown += 1
        if self.n_shown > MOST_IMAGES:
            raise Rejected(f"is one image too many: {MOST_IMAGES} are allowed in a row", field=path)

    def _taken(
        self, given: object, path: str, alt: str, claim: str = "", address: str = ""
    ) -> dict[str, Any]:
        self._count(path)
        if given is None and claim:
            raise Rejected("comes without its bytes, which were too large for the row", field=path)
        if not isinstance(given, str):
            raise Rejected(f"must be a data URI or an address, not {kind_of(given)}", field=path)
        if given[:5].lower() == "data:":
            draft = image_draft(given, path, claim)
        elif self.folder is not None and is_local(given):
            draft = file_draft(self.folder, given, path)
        else:
            return self._from_afar(clean_text(given, path, limit=LONGEST_ADDRESS), path, alt)
        self.drafts[draft.digest] = draft
        head, lies = draft.header, {"address": address} if address else {}
        return entry_of(alt, **lies, image=draft.digest, width=head.width, height=head.height)

    def _from_afar(self, address: str, path: str, alt: str) -> dict[str, Any]:
        try:
            found = self.afar.find(address) if self.afar is not None else None
        except NotFetched as error:
            raise NotFetched(error.reason, field=path) from None
        if found is None:
            return entry_of(alt, address=address)
        if found.draft is not None:
            self.drafts[address] = found.draft
        return entry_of(alt, address=address, image=found.digest, width=found.width, height=found.height)

    def lift(self, text: str) -> tuple[str, list[dict[str, Any]]]:
        """A text with its Markdown images by reference, and their entries. What is no good image stays as it is: a
        model may have written about one."""
        entries: list[dict[str, Any]] = []
        if MARKED not in text:
            return text, entries

        def replaced(found: re.Match[str]) -> str:
            try:
                entry = self._taken(found[2], "text", found[1])
            except Rejected:
                return found[0]
            entries.append(entry)
            return reference(entry)

        return _MARKDOWN.sub(replaced, text), entries


def parts_of(fields: Fields, name: str, album: Album) -> tuple[str, list[dict[str, Any]]]:
    """The text of a message's parts with references where its images stood, and the images' entries.

    Parts are those of the usual chat formats: ``text``, ``image_url``, ``input_image``, and ``image`` with a source.
    """
    content = Content(album)
    for path, given in fields.items(name):
        content.add(Fields.of(given, path))
    return content.text, content.images


class Content:
    """The text of some parts so far, and the images' entries."""

    def __init__(self, album: Album) -> None:
        self._album = album
        self._texts: list[str] = []
        self.images: list[dict[str, Any]] = []

    @property
    def text(self) -> str:
        return "".join(self._texts)

    def add(self, part: Fields) -> None:
        """Raises Rejected with the path for a part of any other type."""
        kind = part.raw("type")
        if kind in ("text", "input_text", "output_text"):
            self.add_text(part.raw("text"), part.path("text"))
        elif kind in ("image_url", "input_image", "image"):
            uri, at, alt = _source_of(part)
            entry = self._album.take(uri, at, alt)
            before = self._texts[-1] if self._texts else ""
            self._texts.append(
                ("\n" if before and not before.endswith("\n") else "") + reference(entry) + "\n"
            )
            self.images.append(entry)
        else:
            raise Rejected("must be text, image_url, input_image or image", field=part.path("type"))

    def add_text(self, given: object, path: str) -> None:
        text, found = self._album.lift(given) if isinstance(given, str) else ("", [])
        clean_text(text if found else given, path)
        self._texts.append(text)
        self.images += found


def _source_of(part: Fields) -> tuple[object, str, str]:
    """(data URI or address, its path, alt) of a message part."""
    kind, alt = part.raw("type"), alt_of(part)
    if kind == "image" and part.has("source"):
        source = part.fields("source")
        if source.raw("type") == "base64":
            return f"data:{source.raw('media_type')};base64,{source.raw('data')}", source.path("data"), alt
        return source.raw("url"), source.path("url"), alt
    name = "image_url" if part.has("image_url") else "image"
    given = part.raw(name)
    if isinstance(given, dict):
        return given.get("url"), f"{part.path(name)}.url", alt
    return given, part.path(name), alt


def alt_of(fields: Fields) -> str:
    return (fields.optional_text("alt", limit=LONGEST_ALT) or "").strip()
