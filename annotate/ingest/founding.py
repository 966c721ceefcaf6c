"""Found a project: its people, its row, its members and its rubric. The only writer of those tables."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify

from annotate.enums import Role
from annotate.errors import Conflict, Rejected
from annotate.ingest.presets import PRM_VERDICTS, CriterionPreset
from annotate.models import Criterion, Label, Level, Membership, Person, Project, Rubric

PASSWORD_BYTES = 12


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
        _write_criterion(rubric, preset, position)
    return rubric


@transaction.atomic
def add_criteria(
    project: Project, criteria: Sequence[CriterionPreset], *, as_new_version: bool = False
) -> Rubric:
    """Let the project's rubric ask these too; a criterion whose key it has already stays as it is.

    A version without labels is added to. A frozen one never changes: with ``as_new_version`` the next version is
    written with all that this one asks, and the project asks by it from then on (see :func:`use_rubric`). Raises
    Conflict where that would be needed and was not said, or where a key is taken by a question about something else.
    """
    if project.rubric is None:
        raise Conflict(f"{project} has no rubric to add to.")
    rubric = Rubric.objects.select_for_update(no_key=True).get(pk=project.rubric.pk)
    held = {one.key: one for one in rubric.criteria.all()}
    for preset in criteria:
        if preset.key in held and held[preset.key].scope != preset.scope:
            raise Conflict(f"{rubric} asks {preset.key} about a {held[preset.key].scope} already.")
    new = [preset for preset in criteria if preset.key not in held]
    if new and rubric.is_frozen:
        if not as_new_version:
            n = Label.objects.live().filter(criterion__rubric=rubric).count()
            raise Conflict(
                f"{rubric} is frozen: {n} labels rest on it. Only a new version can ask more; these labels stay,"
                " and no longer count for the project."
            )
        rubric = _next_version(rubric)
        use_rubric(project, rubric)
    first = max((one.position + 1 for one in held.values()), default=0)
    for position, preset in enumerate(new, start=first):
        _write_criterion(rubric, preset, position)
    return rubric


def use_rubric(project: Project, rubric: Rubric) -> None:
    """Ask by ``rubric`` from now on. Labels by the version before stay, and no longer count for the project."""
    if rubric.project_id != project.pk:
        raise Rejected(f"{rubric} belongs to another project.", field="rubric")
    project.rubric = rubric
    project.save(update_fields=["rubric"])


def _next_version(rubric: Rubric) -> Rubric:
    """The next version of a rubric, asking what this one asks."""
    copy = create_rubric(rubric.project, name=rubric.name, criteria=())
    copy.guidelines = rubric.guidelines
    copy.save(update_fields=["guidelines"])
    copied: dict[int, Criterion] = {}
    for criterion in rubric.criteria.prefetch_related("levels"):
        levels, old = list(criterion.levels.all()), criterion.pk
        criterion.pk, criterion.rubric, criterion._state.adding = None, copy, True
        criterion.save()
        copied[old] = criterion
        for level in levels:
            level.pk, level.criterion = None, criterion
        Level.objects.bulk_create(levels)
    for criterion in copied.values():
        if criterion.parent_id is not None:
            criterion.parent = copied[criterion.parent_id]
            criterion.save(update_fields=["parent"])
    return copy


def _write_criterion(rubric: Rubric, preset: CriterionPreset, position: int) -> None:
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
