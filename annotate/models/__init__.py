"""One file per noun; this page only names them."""

from .among import Among
from .assignment import Assignment, Reader, Turn
from .candidate import Candidate
from .comment import Comment
from .comparison import Comparison
from .consensus import Audited, Consensus, ConsensusFit
from .corpus import Pair, Problem, Step, Trace
from .estimate import Estimate
from .exploration import Exploration
from .filling import Filling
from .image import Image, ImageAddress
from .invitation import Invitation
from .label import Label
from .lineup import Entrant, Lineup
from .log_entry import LogEntry
from .machine_token import MachineToken
from .notice import Listener, Notice
from .person import Person
from .project import Membership, Project
from .push import Push
from .rater import Rater
from .recut import CutReport, Recut
from .release import Release
from .reveal import Reveal
from .rubric import Criterion, Level, Rubric
from .ruler import Intervention, Measure, Ruler, Standing
from .run import Completion, Pulse, Run, Unit, Worker
from .upload import Upload

__all__ = [
    "Among",
    "Assignment",
    "Audited",
    "Candidate",
    "Comment",
    "Comparison",
    "Completion",
    "Consensus",
    "ConsensusFit",
    "Criterion",
    "CutReport",
    "Entrant",
    "Estimate",
    "Exploration",
    "Filling",
    "Image",
    "ImageAddress",
    "Intervention",
    "Invitation",
    "Label",
    "Level",
    "Lineup",
    "Listener",
    "LogEntry",
    "MachineToken",
    "Measure",
    "Membership",
    "Notice",
    "Pair",
    "Person",
    "Problem",
    "Project",
    "Pulse",
    "Push",
    "Rater",
    "Reader",
    "Recut",
    "Release",
    "Reveal",
    "Rubric",
    "Ruler",
    "Run",
    "Standing",
    "Step",
    "Trace",
    "Turn",
    "Unit",
    "Upload",
    "Worker",
]
