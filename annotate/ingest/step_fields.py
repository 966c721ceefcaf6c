"""The steps of a trace as a list in its row: strings, or objects with a text, a kind and a tail."""

from __future__ import annotations

from itertools import repeat
from operator import sub
from typing import Any

from annotate.enums import StepKind
from annotate.errors import Rejected
from annotate.ingest.album import MARKED, Album, parts_of
from annotate.ingest.drafts import NO_META, StepDraft
from annotate.ingest.fields import MAX_TEXT, Fields, clean_text, is_unicode
from annotate.ingest.given_images import given_images
from annotate.ingest.image_entries import KEY, reference

MAX_STEPS = 10_000
# Step.tail is a small integer in the database.
MAX_TAIL = 32_767
_STEP_FIELDS = frozenset({"text", "content", "images", "kind", "tail", "meta"})


def given_steps(
    fields: Fields, name: str = "steps", *, separator: str, album: Album | None = None
) -> tuple[StepDraft, ...]:
    """Read the list ``name``. Images go into ``album``; without one texts are taken as they are.

    A step that ends in white space, or says how long its tail is, already carries its separator. Every other one
    but the last gets ``separator``, so that the joined text reads like a text.
    """
    entries = fields.list(name)
    if not entries:
        raise Rejected("holds no step", field=fields.path(name))
    if len(entries) > MAX_STEPS:
        raise Rejected(f"holds {len(entries):,} steps; {MAX_STEPS:,} are allowed", field=fields.path(name))
    plain = _plain_steps(entries, separator)
    if plain is not None:
        return plain
    path, last = fields.path(name), len(entries) - 1
    return tuple(
        _step_draft(f"{path}[{place}]", entry, separator if place < last else "", album)
        for place, entry in enumerate(entries)
    )


def _plain_steps(entries: list[Any], separator: str) -> tuple[StepDraft, ...] | None:
    """Steps that are strings with nothing to say about them, which nearly all are; None where one may be more.

    They are looked at together, which takes a quarter of the time that one by one takes.
    """
    try:
        text = "".join(entries)
        if "\x00" in text or MARKED in text or max(map(len, entries)) > MAX_TEXT or not is_unicode(text):
            return None
    except TypeError:
        return None
    n_words = list(map(len, map(str.rstrip, entries)))
    tails = list(map(sub, map(len, entries), n_words))
    if not all(n_words) or max(tails) > MAX_TAIL:
        return None
    texts = entries
    if separator and not all(tails[:-1]):
        # As in _with_separator: the last step needs none.
        bare = [not tail for tail in tails[:-1]] + [False]
        texts = [text + separator if is_bare else text for text, is_bare in zip(entries, bare, strict=True)]
        tails = [len(separator) if is_bare else tail for tail, is_bare in zip(tails, bare, strict=True)]
    # StepDraft(text, tail) of each; calling it eight times would take as long as all the rest here.
    said = zip(texts, tails, repeat(StepKind.THOUGHT), repeat(NO_META))
    return tuple(map(tuple.__new__, repeat(StepDraft), said))


def checked_steps(steps: tuple[StepDraft, ...], path: str) -> tuple[StepDraft, ...]:
    """Steps cut out of a text, held to the same limits as given ones."""
    if len(steps) > MAX_STEPS:
        raise Rejected(f"falls into {len(steps):,} steps; {MAX_STEPS:,} are allowed", field=path)
    for place, step in enumerate(steps):
        if step.tail > MAX_TAIL:
            raise Rejected(f"step {place} ends in {step.tail:,} characters of white space", field=path)
    return steps


def _step_draft(path: str, entry: object, separator: str, album: Album | None) -> StepDraft:
    if isinstance(entry, str):
        words, images = album.lift(entry) if album else (entry, [])
        bare = _with_separator(_step_text(words, path), separator, path)
        return bare._replace(meta={KEY: images}) if images else bare
    step = Fields.of(entry, path)
    step.refuse_unknown(_STEP_FIELDS if album else _STEP_FIELDS - {"content", "images"})
    text, images = text_with_images(step, album)
    text = _step_text(text, step.path("content" if step.has("content") else "text"))
    kind = step.choice("kind", StepKind, StepKind.THOUGHT)
    meta = with_images(step.meta("meta"), images, step.path("meta"))
    if not step.has("tail"):
        bare = _with_separator(text, separator, path)
        return StepDraft(bare.text, bare.tail, kind, meta)
    tail = step.integer("tail")
    if not 0 <= tail <= min(len(text), MAX_TAIL):
        raise Rejected(f"must lie between 0 and the length of the text, {len(text)}", field=step.path("tail"))
    return StepDraft(text, tail, kind, meta)


def text_with_images(fields: Fields, album: Album | None) -> tuple[object, list[dict[str, Any]]]:
    """The text of a step or a problem, given as such or as a message's parts, and the entries of its images."""
    given = fields.raw("text")
    if album is None:
        return given, []
    if fields.has("content"):
        if fields.has("text"):
            raise Rejected("give either text or content", field=fields.path("content"))
        if isinstance(fields.raw("content"), str):
            text, images = album.lift(str(fields.raw("content")))
        else:
            text, images = parts_of(fields, "content", album)
    else:
        text, images = album.lift(given) if isinstance(given, str) else (given, [])
    more = given_images(fields, album)
    if more and not text:
        # A screenshot and nothing else is a step as well.
        text = "\n".join(reference(one) for one in more)
    return text, [*images, *more]


def with_images(meta: dict[str, Any], images: list[dict[str, Any]], path: str) -> dict[str, Any]:
    if images and KEY in meta:
        raise Rejected("holds images of its own; give them beside the text", field=f"{path}.{KEY}")
    return {**meta, KEY: images} if images else meta


def _step_text(value: object, path: str) -> str:
    text = clean_text(value, path)
    if not text or text.isspace():
        raise Rejected("is empty", field=path)
    return text


def _with_separator(text: str, separator: str, path: str) -> StepDraft:
    tail = len(text) - len(text.rstrip())
    if tail > MAX_TAIL:
        raise Rejected(f"ends in {tail:,} characters of white space", field=path)
    if tail or not separator:
        return StepDraft(text, tail)
    return StepDraft(text + separator, len(separator))
