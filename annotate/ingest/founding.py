"""Found a project: its people, its row, its members and its rubric. The only writer of those tables."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import RestrictedError
from django.utils.text import slugify
from django.utils.translation import gettext

from annotate.enums import Role
from annotate.errors import Conflict, Rejected
from annotate.ingest.presets import GALLERY, USUAL, CriterionPreset, in_language
from annotate.ingest.rubric_rows import criteria_of, write_criteria
from annotate.ingest.rubric_rules import check_criteria, problems_in
from annotate.models import Label, Membership, Person, Project, Rubric

PASSWORD_BYTES = 12
MOST_NAME = 150


def create_person(name: str) -> tuple[Person, str]:
    """Create somebody who may sign in, and a password for them; nothing but its hash is kept."""
    person = Person(username=name)
    try:
        person.clean_fields(exclude=("password",))
    except ValidationError as error:
        raise Rejected(" ".join(error.messages), field="name") from None
    if Person.objects.filter(username=name).exists():
        raise Conflict(gettext("There is a person named %(name)s already.") % {"name": name})
    return person, renew_password(person)


def welcome_person(name: str, *, email: str, first_name: str = "", last_name: str = "") -> Person:
    """Create somebody whom a service elsewhere vouches for; they have no password until one is made for them."""
    person = Person(username=name, first_name=first_name[:MOST_NAME], last_name=last_name[:MOST_NAME])
    person.set_unusable_password()
    _set_address(person, email)
    person.save()
    return person


def note_address(person: Person, email: str) -> None:
    """Note an address by which a service elsewhere knows the person. Raises Conflict where it is another's."""
    _set_address(person, email)
    person.save(update_fields=["email"])


def _set_address(person: Person, email: str) -> None:
    person.email = email
    try:
        person.clean_fields(exclude=("password",))
    except ValidationError as error:
        raise Rejected(" ".join(error.messages), field=", ".join(error.message_dict)) from None
    if Person.objects.filter(email__iexact=email).exclude(pk=person.pk).exists():
        raise Conflict(gettext("%(email)s is the address of somebody else.") % {"email": email})


def renew_password(person: Person) -> str:
    """Give the person a new random password and return it."""
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    person.set_password(password)
    person.save()
    return password


def name_operator(person: Person, is_operator: bool) -> None:
    """Let the person see the machine room, or no more. It opens no project."""
    person.is_superuser = is_operator
    person.save(update_fields=["is_superuser"])


@transaction.atomic
def create_project(
    owner: Person,
    *,
    name: str,
    slug: str = "",
    description: str = "",
    overlap: int = 1,
    preset: str = USUAL,
    language: str = "en",
) -> Project:
    """Create a project with ``owner`` as its owner, asking by a rubric of the gallery in the words of ``language``."""
    slug = slug or slugify(name)
    if not slug:
        raise Rejected(gettext("a project needs a name with at least one letter or digit"), field="name")
    if Project.objects.filter(slug=slug).exists():
        raise Conflict(gettext("There is a project named %(slug)s already.") % {"slug": slug})
    project = Project.objects.create(slug=slug, name=name, description=description, overlap=overlap)
    Membership.objects.create(project=project, person=owner, role=Role.OWNER)
    use_rubric(project, create_from_preset(project, preset, language))
    return project


@transaction.atomic
def add_member(project: Project, person: Person, role: Role) -> Membership:
    """Give ``person`` a role in the project, or change the one they have. Owners stay owners."""
    if role != Role.OWNER and project.memberships.filter(person=person, role=Role.OWNER).exists():
        raise Conflict(
            gettext("%(shown_name)s owns this project; an owner's role is not changed here.")
            % {"shown_name": person.shown_name}
        )
    membership, _ = Membership.objects.update_or_create(
        project=project, person=person, defaults={"role": role}
    )
    return membership


@transaction.atomic
def create_rubric(
    project: Project, *, name: str, criteria: Sequence[CriterionPreset], guidelines: str = ""
) -> Rubric:
    """Write the next version of the rubric called ``name``. Raises Rejected with the first question that cannot be."""
    check_criteria(criteria)
    return _write_version(project, name, criteria, guidelines)


def create_from_preset(project: Project, key: str, language: str = "en") -> Rubric:
    """Write a rubric of the gallery as the next version of its name; it is asked by once it is put to use.

    Its words are those of ``language``, and stay so whoever reads them.
    """
    preset = GALLERY.get(key)
    if preset is None:
        raise Rejected(
            gettext("There is no preset %(key)s. There are: %(gallery)s.")
            % {"key": key, "gallery": ", ".join(GALLERY)},
            field="preset",
        )
    said = in_language(preset, language)
    return create_rubric(project, name=said.title, criteria=said.criteria, guidelines=said.guidelines)


@transaction.atomic
def rewrite_rubric(
    rubric: Rubric, criteria: Sequence[CriterionPreset], *, guidelines: str | None = None
) -> Rubric:
    """Let a version without labels ask exactly these, under the guidelines given (None: those it has).

    Raises Rejected for questions that cannot be, and Conflict where the version is frozen or a machine's run rests on
    a question that would go.
    """
    check_criteria(criteria)
    current = Rubric.objects.select_for_update(no_key=True).get(pk=rubric.pk)
    if current.is_frozen:
        raise Conflict(
            gettext("%(current)s is frozen: labels rest on it. Make a new version instead.")
            % {"current": current}
        )
    if guidelines is not None:
        current.guidelines = guidelines
        current.save(update_fields=["guidelines"])
    try:
        write_criteria(current, criteria)
    except RestrictedError as error:
        raise Conflict(
            gettext(
                "A question of %(current)s that would go is what a run or a measurement is about; keep it,"
                " or make a new version."
            )
            % {"current": current}
        ) from error
    return current


@transaction.atomic
def discard_draft(rubric: Rubric) -> None:
    """Delete a version that no label rests on and that the project does not ask by."""
    current = Rubric.objects.select_for_update(no_key=True).select_related("project").get(pk=rubric.pk)
    if current.is_frozen:
        raise Conflict(
            gettext("%(current)s is frozen: labels rest on it, and it stays.") % {"current": current}
        )
    if current.project.rubric_id == current.pk:
        raise Conflict(
            gettext("%(current)s is what the project asks by. Use another version first.")
            % {"current": current}
        )
    try:
        current.delete()
    except RestrictedError as error:
        raise Conflict(
            gettext("A run is about a question of %(current)s, so it stays.") % {"current": current}
        ) from error


@transaction.atomic
def draft_version(rubric: Rubric) -> Rubric:
    """The next version of a rubric, asking what this one asks; nobody is asked by it yet."""
    return _write_version(rubric.project, rubric.name, criteria_of(rubric), rubric.guidelines)


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
        raise Conflict(gettext("%(project)s has no rubric to add to.") % {"project": project})
    rubric = Rubric.objects.select_for_update(no_key=True).get(pk=project.rubric.pk)
    standing = criteria_of(rubric)
    held = {one.key: one for one in standing}
    for preset in criteria:
        if preset.key in held and held[preset.key].scope != preset.scope:
            raise Conflict(
                gettext("%(rubric)s asks %(key)s about a %(scope)s already.")
                % {"rubric": rubric, "key": preset.key, "scope": held[preset.key].scope}
            )
    new = [preset for preset in criteria if preset.key not in held]
    if not new:
        return rubric
    together = [*standing, *new]
    for problem in problems_in(together):
        # What stands already was allowed when it was written.
        if problem.criterion is not None and problem.criterion >= len(standing):
            raise Rejected(problem.reason, field=problem.path)
    if rubric.is_frozen:
        if not as_new_version:
            n = Label.objects.live().filter(criterion__rubric=rubric).count()
            raise Conflict(
                gettext(
                    "%(rubric)s is frozen: %(n)s labels rest on it. Only a new version can ask more; these"
                    " labels stay, and no longer count for the project."
                )
                % {"rubric": rubric, "n": n}
            )
        rubric = draft_version(rubric)
        use_rubric(project, rubric)
    write_criteria(rubric, together)
    return rubric


def use_rubric(project: Project, rubric: Rubric) -> None:
    """Ask by ``rubric`` from now on. Labels by the version before stay, and no longer count for the project."""
    if rubric.project_id != project.pk:
        raise Rejected(gettext("%(rubric)s belongs to another project.") % {"rubric": rubric}, field="rubric")
    project.rubric = rubric
    project.save(update_fields=["rubric"])


def _write_version(
    project: Project, name: str, criteria: Sequence[CriterionPreset], guidelines: str
) -> Rubric:
    # Two at once would both count up to one number: the project's row lets one of them wait.
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    newest = Rubric.objects.filter(project=project, name=name).order_by("-version").first()
    version = newest.version + 1 if newest else 1
    rubric = Rubric.objects.create(project=project, name=name, version=version, guidelines=guidelines)
    write_criteria(rubric, criteria)
    return rubric


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
