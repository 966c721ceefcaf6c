"""Gradus's own format: one trace per line. docs/formats.md describes it, docs/schema/trace.schema.json defines it.

A trace comes as steps, or as a text to be cut into steps. Where the format leaves something unsaid (no outcome, no
gold for a step) nothing is stored, rather than a default.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from annotate.enums import Outcome, RaterKind, Verdict
from annotate.errors import Rejected
from annotate.ingest.album import Album
from annotate.ingest.drafts import BadRow, LabelDraft, ProblemDraft, RaterDraft, Row, StepDraft, TraceDraft
from annotate.ingest.fields import Fields, clean_text, one_of
from annotate.ingest.image_entries import KEY, images_within
from annotate.ingest.label_fields import LABEL_FIELDS, VERDICT, first_error_labels, label_draft
from annotate.ingest.options import CUTTING, PLAIN, ReadOptions
from annotate.ingest.records import rows_of
from annotate.ingest.sample import Sample
from annotate.ingest.source import Source
from annotate.ingest.splitting import SplitMode
from annotate.ingest.step_fields import given_steps, text_with_images, with_images

SEPARATOR = "\n\n"
MAX_SEPARATOR = 200
GOLD = RaterDraft("gold", RaterKind.GOLD, is_simulated=False)
_TRACE_FIELDS = frozenset(
    {"id", "problem", "steps", "text", "split", "separator", "model", "outcome", "meta", "gold", "labels"}
)
_PROBLEM_FIELDS = frozenset(
    {"id", "text", "content", "images", "reference_answer", "reference_solution", "meta"}
)


class JsonlReader:
    name = "jsonl"
    title = "Gradus: one trace per line"
    heeds = CUTTING

    def fits(self, sample: Sample) -> bool:
        return isinstance(sample.value("problem"), dict) and (sample.has("steps") or sample.has("text"))

    def rows(self, source: Source, options: ReadOptions = PLAIN) -> Iterator[Row | BadRow]:
        return rows_of(source, lambda fields: trace_draft(fields, options))


def trace_draft(fields: Fields, options: ReadOptions = PLAIN) -> TraceDraft:
    """Read one trace. Raises Rejected with the field."""
    fields.refuse_unknown(_TRACE_FIELDS)
    album = options.album()
    steps = _steps(fields, album, options)
    return TraceDraft(
        external_id=fields.name("id"),
        problem=_problem(fields.fields("problem"), album),
        steps=steps,
        source_model=fields.optional_name("model"),
        outcome=one_of(fields.raw("outcome"), Outcome, "outcome") if fields.has("outcome") else None,
        meta=fields.meta("meta"),
        labels=(*_gold(fields, len(steps)), *_labels(fields)),
        images=tuple(album.drafts.values()),
        flaws=tuple(album.flaws),
    )


def _problem(fields: Fields, album: Album) -> ProblemDraft:
    fields.refuse_unknown(_PROBLEM_FIELDS)
    name = "content" if fields.has("content") else "text"
    if name not in fields and not fields.has("images"):
        raise Rejected("is missing", field=fields.path(name))
    given, images = text_with_images(fields, album)
    text = clean_text(given, fields.path(name))
    if not text.strip():
        raise Rejected("is empty", field=fields.path(name))
    return ProblemDraft(
        text=text,
        external_id=fields.optional_name("id"),
        reference_answer=fields.optional_text("reference_answer"),
        reference_solution=fields.optional_text("reference_solution"),
        meta=with_images(fields.meta("meta"), images, fields.path("meta")),
    )


def _steps(fields: Fields, album: Album, options: ReadOptions) -> tuple[StepDraft, ...]:
    if fields.has("steps") == fields.has("text"):
        raise Rejected("give either steps or text", field="steps")
    foreign = "split" if fields.has("steps") else "separator"
    if fields.has(foreign):
        raise Rejected(f"goes with {'text' if foreign == 'split' else 'steps'} only", field=foreign)
    if fields.has("steps"):
        separator = fields.optional_text("separator", limit=MAX_SEPARATOR)
        return given_steps(fields, separator=SEPARATOR if separator is None else separator, album=album)
    # What a row says of itself goes before what was said of all.
    if fields.has("split"):
        mode = fields.choice("split", SplitMode, SplitMode.BLANK_LINE)
        options = replace(options, split=mode, split_tag=options.split_tag if mode is options.split else "")
    given = fields.raw("text")
    text, images = album.lift(given) if isinstance(given, str) else (given, [])
    if not images:
        return options.cut(fields.text("text"), "text")
    steps = options.cut(clean_text(text, "text"), "text")
    found = ((step, images_within(images, step.text)) for step in steps)
    return tuple(step._replace(meta={KEY: here}) if here else step for step, here in found)


def _gold(fields: Fields, n_steps: int) -> tuple[LabelDraft, ...]:
    if not fields.has("gold"):
        return ()
    gold = fields.fields("gold")
    gold.refuse_unknown(frozenset({"first_error", "steps"}))
    if gold.has("steps"):
        if gold.has("first_error"):
            raise Rejected("give either first_error or steps", field="gold")
        return _gold_per_step(gold, n_steps)
    if "first_error" not in gold:
        raise Rejected("give either first_error or steps", field="gold")
    first_error = gold.integer("first_error") if gold.has("first_error") else None
    return first_error_labels(GOLD, first_error, n_steps, origin="gold.first_error")


def _gold_per_step(gold: Fields, n_steps: int) -> tuple[LabelDraft, ...]:
    entries = list(gold.items("steps"))
    if len(entries) != n_steps:
        raise Rejected(f"has {len(entries)} entries for {n_steps} steps", field="gold.steps")
    return tuple(
        LabelDraft(GOLD, VERDICT, position, one_of(value, Verdict, path), origin=path)
        for position, (path, value) in enumerate(entries)
        if value is not None
    )


def _labels(fields: Fields) -> Iterator[LabelDraft]:
    if not fields.has("labels"):
        return
    for path, entry in fields.items("labels"):
        label = Fields.of(entry, path)
        label.refuse_unknown(LABEL_FIELDS)
        yield label_draft(label, origin=path, is_released=True)
