"""One file per source format. A reader turns a file into rows, one at a time, and knows no database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from annotate.errors import Rejected
from annotate.ingest.drafts import BadRow, Row
from annotate.ingest.one_way import refuse_one_way
from annotate.ingest.options import PLAIN, ReadOptions
from annotate.ingest.sample import Sample
from annotate.ingest.source import Source

from .agentprocessbench import AgentProcessBenchReader
from .argilla import ArgillaReader
from .bigbench_mistake import BigBenchMistakeReader
from .inspect_ai import InspectReader
from .jsonl import JsonlReader
from .label_studio import LabelStudioReader
from .labels import LabelsReader
from .langfuse import LangfuseReader
from .math_shepherd import MathShepherdReader
from .mr_ben import MrBenReader
from .openai_messages import OpenAiMessagesReader
from .preference import PreferenceReader
from .prm800k import Prm800kReader
from .prmbench import PrmBenchReader
from .processbench import ProcessBenchReader
from .qwen_prm import QwenPrmReader
from .rlhflow import RlhflowReader
from .soft_labels import SoftLabelsReader
from .spans import SpansReader
from .steps import StepsReader
from .table import TableReader
from .text import TextReader
from .trl_stepwise import TrlStepwiseReader

AUTO = "auto"


class Reader(Protocol):
    """``rows`` yields every row of the file in order, good or bad, and raises nothing about its content.

    ``fits`` says whether the beginning of a file is this format's; ``heeds`` names the options that it reads by.
    """

    name: str
    title: str
    heeds: frozenset[str]

    def fits(self, sample: Sample) -> bool: ...

    def rows(self, source: Source, options: ReadOptions = PLAIN) -> Iterator[Row | BadRow]: ...


# A file is read by the first that it fits.
READERS: dict[str, Reader] = {
    reader.name: reader
    for reader in (
        JsonlReader(),
        ProcessBenchReader(),
        Prm800kReader(),
        MathShepherdReader(),
        PrmBenchReader(),
        MrBenReader(),
        BigBenchMistakeReader(),
        AgentProcessBenchReader(),
        SoftLabelsReader(),
        TrlStepwiseReader(),
        RlhflowReader(),
        QwenPrmReader(),
        StepsReader(),
        PreferenceReader(),
        InspectReader(),
        SpansReader(),
        LangfuseReader(),
        LabelStudioReader(),
        ArgillaReader(),
        OpenAiMessagesReader(),
        LabelsReader(),
        TableReader(),
        TextReader(),
    )
}


def reader_named(name: str) -> Reader:
    if name not in READERS:
        raise Rejected(f"there is no format {name!r}; there are {', '.join(READERS)}", field="format")
    return READERS[name]


def reader_for(source: Source, name: str = AUTO, options: ReadOptions = PLAIN) -> Reader:
    """The reader of this name, or with ``auto`` the first that the file fits. Raises Rejected where there is none.

    Whoever maps columns wants a reader that maps them.
    """
    if name != AUTO:
        return reader_named(name)
    sample = Sample(source)
    if not options.columns:
        refuse_one_way(sample.record)
    for reader in READERS.values():
        if reader.fits(sample) and ("columns" in reader.heeds or not options.columns):
            return reader
    if options.columns and sample.record:
        return READERS[TableReader.name]
    raise Rejected(
        f"the format is not recognised: {_held(sample)}. Name it, or map its columns", field="format"
    )


def _held(sample: Sample) -> str:
    if sample.record:
        return f"its first record holds {', '.join(sorted(map(str, sample.record))[:12])}"
    if sample.flaw is None:
        return "it holds no record that could be read"
    return f"it holds no record that could be read (line {sample.flaw.line}: {sample.flaw.reason})"
