"""Talk to a Gradus server from Python.

>>> from gradus_client import Gradus                                                    # doctest: +SKIP
>>> project = Gradus("https://gradus.example.org", token="…").project("sums")           # doctest: +SKIP
>>> project.ingest("traces.jsonl").created                                              # doctest: +SKIP
>>> project.start_run("judge/critique", backend="openai:http://llm:8000/v1").wait()     # doctest: +SKIP
>>> project.labels(rater_kind="judge")                                                  # doctest: +SKIP
"""

from .connection import Gradus
from .errors import Denied, GradusError, Refused, Unreachable
from .project import Project
from .pushes import Push
from .releases import Release
from .runs import Run
from .uploads import BadRow, Report

__all__ = [
    "BadRow",
    "Denied",
    "Gradus",
    "GradusError",
    "Project",
    "Push",
    "Refused",
    "Release",
    "Report",
    "Run",
    "Unreachable",
]
