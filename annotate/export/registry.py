"""The named formats. A new one is a file in ``formats/`` and a line here."""

from __future__ import annotations

from annotate.errors import Rejected
from annotate.export.contracts import Format
from annotate.export.formats.critique_sft import CRITIQUE_SFT
from annotate.export.formats.jsonl import JSONL
from annotate.export.formats.labels import LABELS
from annotate.export.formats.math_shepherd import MATH_SHEPHERD
from annotate.export.formats.parquet import PARQUET
from annotate.export.formats.preference import PREFERENCE
from annotate.export.formats.prm800k import PRM800K
from annotate.export.formats.processbench import PROCESSBENCH
from annotate.export.formats.qwen_prm import QWEN_PRM
from annotate.export.formats.rlhflow import RLHFLOW
from annotate.export.formats.rubric_rewards import RUBRIC_REWARDS
from annotate.export.formats.soft_labels import SOFT_LABELS
from annotate.export.formats.step_preference import STEP_PREFERENCE
from annotate.export.formats.trl_stepwise import TRL_STEPWISE

FORMATS: dict[str, Format] = {
    layout.name: layout
    for layout in (
        TRL_STEPWISE,
        SOFT_LABELS,
        QWEN_PRM,
        PRM800K,
        MATH_SHEPHERD,
        RLHFLOW,
        PROCESSBENCH,
        JSONL,
        PARQUET,
        LABELS,
        STEP_PREFERENCE,
        PREFERENCE,
        CRITIQUE_SFT,
        RUBRIC_REWARDS,
    )
}


def get_format(name: str) -> Format:
    """The format of that name; ``Rejected`` names the ones there are."""
    try:
        return FORMATS[name]
    except KeyError:
        raise Rejected(f"{name!r} is no format; known are {', '.join(FORMATS)}.", field="format") from None
