"""Bring a file into a project. With founding.py the only writer of problems, traces, steps and outside labels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from django.db import transaction

from annotate.errors import Rejected
from annotate.ingest.drafts import BadRow, Row, TraceDraft
from annotate.ingest.label_batch import LabelBatch
from annotate.ingest.label_book import LabelBook, repeated
from annotate.ingest.memory import Memory
from annotate.ingest.readers import reader_named
from annotate.ingest.report import IngestReport, Tally
from annotate.ingest.source import Source
from annotate.ingest.trace_batch import Entry, TraceBatch
from annotate.models import Project

# Large enough for the cost of a transaction to vanish, small enough that others who write wait some tenths of a second.
BATCH = 900
# Of images; rows with many come in smaller batches.
BATCH_BYTES = 32 * 1024 * 1024

OnProgress = Callable[[int, int], None]


def ingest_file(
    project: Project,
    path: Path | str,
    *,
    format: str,
    is_dry_run: bool = False,
    is_strict: bool = False,
    on_progress: OnProgress | None = None,
) -> IngestReport:
    """Read ``path`` with the reader named ``format`` and bring its rows into ``project``.

    Rows are known by their ids: bringing a file in twice changes nothing. A row that cannot be taken is reported with
    its line, field and reason, and the others go on; when ``is_strict``, one such row means that nothing is written.
    A dry run does all the work and takes it back. ``on_progress`` is called with (bytes read, bytes in all).

    Raises Rejected when the format is not known or the file cannot be opened.
    """
    reader = reader_named(format)
    with Source(Path(path)) as source:
        ingest = _Ingest(project)

        def read_all() -> None:
            for row in reader.rows(source):
                if ingest.take(row) and on_progress:
                    on_progress(source.n_read, source.size)
            ingest.flush()
            if on_progress:
                on_progress(source.size, source.size)

        is_written = True
        if is_dry_run or is_strict:
            with transaction.atomic():
                read_all()
                is_written = not is_dry_run and not ingest.tally.rejected
                transaction.set_rollback(not is_written)
        else:
            read_all()
    return ingest.tally.report(is_dry_run=is_dry_run, is_written=is_written)


class _Ingest:
    """Rows gathered into batches; each batch is one transaction, or part of the one around all of them."""

    def __init__(self, project: Project) -> None:
        self.tally = Tally()
        self._project = project
        self._book = LabelBook(project)
        self._memory = Memory()
        self._traces = TraceBatch(project, self._book, self._memory)
        self._labels = LabelBatch(project, self._book)

    def take(self, row: Row | BadRow) -> bool:
        """Take one row; whether a batch was written on the way."""
        try:
            if isinstance(row, BadRow):
                self.tally.reject(row)
                return False
            if isinstance(row.draft, TraceDraft):
                is_written = self._take_trace(row.line, row.draft)
            else:
                is_written = self._labels.clashes_with(row.draft) and self.flush()
                self._labels.add(row.line, row.draft)
        except Rejected as error:
            self.tally.reject(BadRow(row.line, error.field, error.reason))
            return False
        is_full = len(self._traces) + len(self._labels) >= BATCH or self._traces.n_bytes >= BATCH_BYTES
        return self.flush() if is_full else is_written

    def flush(self) -> bool:
        traces, labels = self._traces, self._labels
        self._traces = TraceBatch(self._project, self._book, self._memory)
        self._labels = LabelBatch(self._project, self._book)
        with transaction.atomic():
            # Two files at once take turns by batch, so that neither meets a row the other is about to write. SQLite
            # has locked the whole database by now.
            Project.objects.select_for_update(no_key=True).get(pk=self._project.pk)
            traces.write(self.tally)
            labels.write(self.tally)
        return True

    def _take_trace(self, line: int, draft: TraceDraft) -> bool:
        twice = repeated(draft.labels)
        if twice is not None:
            reason = "this rater has labelled this already in the same row"
            raise Rejected(reason, field=twice.origin or "labels")
        criteria = tuple([self._book.check(label, n_steps=len(draft.steps)) for label in draft.labels])
        entry = Entry(line, draft, criteria)
        is_written = self._traces.clashes_with(entry) and self.flush()
        self._traces.add(entry)
        return is_written
