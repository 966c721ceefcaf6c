"""One file per noun; this page only names them."""

from .assignment import Assignment
from .candidate import Candidate
from .consensus import Consensus
from .corpus import Pair, Problem, Step, Trace
from .estimate import Estimate
from .label import Label
from .person import Person
from .project import Membership, Project
from .rater import Rater
from .release import Release
from .rubric import Criterion, Level, Rubric
from .run import Completion, Run, Unit, Worker

__all__ = [
    "Assignment",
    "Candidate",
    "Completion",
    "Consensus",
    "Criterion",
    "Estimate",
    "Label",
    "Level",
    "Membership",
    "Pair",
    "Person",
    "Problem",
    "Project",
    "Rater",
    "Release",
    "Rubric",
    "Run",
    "Step",
    "Trace",
    "Unit",
    "Worker",
]
