"""Found a project: its people, its row, its members and its rubric. The only writer of those tables."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify

from annotate.enums import CriterionKind, Role, Scope
from annotate.errors import Conflict, Rejected
from annotate.models import Criterion, Level, Membership, Person, Project, Rubric

PASSWORD_BYTES = 12


@dataclass(frozen=True, slots=True)
class LevelPreset:
    key: str
    title: str
    description: str
    hotkey: str
    score: float | None


@dataclass(frozen=True, slots=True)
class CriterionPreset:
    key: str
    title: str
    description: str
    levels: Sequence[LevelPreset]
    scope: Scope = Scope.STEP
    kind: CriterionKind = CriterionKind.VERDICT
    is_asked: bool = True


# *Correct* and *recoverable* are two questions: a wrong step may still be repaired, and only rollouts can say so.
PRM_VERDICTS = (
    CriterionPreset(
        key="verdict",
        title="Verdict",
        description="Is this step right, given the steps before it?",
        levels=(
            LevelPreset("good", "Good", "Correct, and it helps.", "1", 1.0),
            LevelPreset("neutral", "Neutral", "Not wrong, but no progress.", "2", 0.0),
            LevelPreset("bad", "Bad", "Wrong, or it rests on something wrong.", "3", -1.0),
            LevelPreset("unsure", "Unsure", "You cannot tell.", "4", None),
        ),
    ),
    CriterionPreset(
        key="recoverable",
        title="Recoverable",
        description="Can the model still reach the right answer from here?",
        levels=(
            LevelPreset("good", "Recoverable", "At least one completion got there.", "", 1.0),
            LevelPreset("bad", "Lost", "No completion got there.", "", 0.0),
        ),
        kind=CriterionKind.BINARY,
        is_asked=False,
    ),
)


def create_person(name: str) -> tuple[Person, str]:
    """Create somebody who may sign in, and a password for them; nothing but its hash is kept."""
    person = Person(username=name)
    try:
        person.clean_fields(exclude=("password",))
    except ValidationError as error:
        raise Rejected(" ".join(error.messages), field="name") from None
    if Person.objects.filter(username=name).exists():
        raise Conflict(f"There is a person named {name} already.")
    return person, renew_password(person)


def renew_password(person: Person) -> str:
    """Give the person a new random password and return it."""
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    person.set_password(password)
    person.save()
    return password


@transaction.atomic
def create_project(
    owner: Person, *, name: str, slug: str = "", description: str = "", overlap: int = 1
) -> Project:
    """Create a project with the verdict rubric and ``owner`` as its owner."""
    slug = slug or slugify(name)
    if not slug:
        raise Rejected("a project needs a name with at least one letter or digit", field="name")
    if Project.objects.filter(slug=slug).exists():
        raise Conflict(f"There is a project named {slug} already.")
    project = Project.objects.create(slug=slug, name=name, description=description, overlap=overlap)
    Membership.objects.create(project=project, person=owner, role=Role.OWNER)
    project.rubric = create_rubric(project, name="PRM verdicts", criteria=PRM_VERDICTS)
    project.save(update_fields=["rubric"])
    return project


@transaction.atomic
def add_member(project: Project, person: Person, role: Role) -> Membership:
    """Give ``person`` a role in the project, or change the one they have. Owners stay owners."""
    if role != Role.OWNER and project.memberships.filter(person=person, role=Role.OWNER).exists():
        raise Conflict(f"{person.shown_name} owns this project; an owner's role is not changed here.")
    membership, _ = Membership.objects.update_or_create(
        project=project, person=person, defaults={"role": role}
    )
    return membership


@transaction.atomic
def create_rubric(project: Project, *, name: str, criteria: Sequence[CriterionPreset]) -> Rubric:
    """Write the next version of the rubric called ``name``."""
    newest = Rubric.objects.filter(project=project, name=name).order_by("-version").first()
    rubric = Rubric.objects.create(project=project, name=name, version=newest.version + 1 if newest else 1)
    for position, preset in enumerate(criteria):
        criterion = Criterion.objects.create(
            rubric=rubric,
            key=preset.key,
            title=preset.title,
            description=preset.description,
            scope=preset.scope,
            kind=preset.kind,
            position=position,
            is_asked=preset.is_asked,
        )
        Level.objects.bulk_create(
            Level(
                criterion=criterion,
                key=level.key,
                title=level.title,
                description=level.description,
                hotkey=level.hotkey,
                score=level.score,
                position=place,
            )
            for place, level in enumerate(preset.levels)
        )
    return rubric


def use_rubric(project: Project, rubric: Rubric) -> None:
    """Ask by ``rubric`` from now on. Labels by the version before stay, and no longer count for the project."""
    if rubric.project_id != project.pk:
        raise Rejected(f"{rubric} belongs to another project.", field="rubric")
    project.rubric = rubric
    project.save(update_fields=["rubric"])


def freeze_rubric(rubric: Rubric) -> None:
    """Freeze a rubric version: called by whatever writes its first label."""
    if not rubric.is_frozen:
        # Of two first labels at once the later one finds it frozen, which the database would refuse to do again.
        Rubric.objects.filter(pk=rubric.pk, is_frozen=False).update(is_frozen=True)
        rubric.is_frozen = True


@transaction.atomic
def remove_project(project: Project) -> None:
    """Delete a project and everything in it. The files of its releases stay where they were written."""
    project.delete()
