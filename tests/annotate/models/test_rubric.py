from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from annotate.errors import Conflict
from annotate.ingest.founding import create_rubric, freeze_rubric
from annotate.models import Criterion, Level, Rubric
from tests.factories import a_criterion, a_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def frozen() -> Rubric:
    rubric = a_project().rubric
    assert rubric is not None
    freeze_rubric(rubric)
    return rubric


@pytest.mark.parametrize(
    ("fields"),
    [{"name": "another"}, {"version": 9}, {"guidelines": "new words"}, {"is_frozen": False}],
    ids=lambda fields: next(iter(fields)),
)
def test_frozen_rubric_cannot_change(frozen: Rubric, fields: dict[str, object]) -> None:
    with pytest.raises(IntegrityError, match="frozen"), transaction.atomic():
        Rubric.objects.filter(pk=frozen.pk).update(**fields)


def test_criterion_of_frozen_rubric_cannot_change(frozen: Rubric) -> None:
    with pytest.raises(IntegrityError, match="frozen"), transaction.atomic():
        Criterion.objects.filter(rubric=frozen).update(title="Something else")
    with pytest.raises(IntegrityError, match="frozen"), transaction.atomic():
        Criterion.objects.create(rubric=frozen, key="late", title="Late")
    with pytest.raises(Conflict, match="frozen"):
        frozen.criteria.get(key="verdict").delete()


def test_level_of_frozen_rubric_cannot_change(frozen: Rubric) -> None:
    criterion = frozen.criteria.get(key="verdict")
    with pytest.raises(IntegrityError, match="frozen"), transaction.atomic():
        Level.objects.filter(criterion=criterion, key="good").update(score=-1)
    with pytest.raises(IntegrityError, match="frozen"), transaction.atomic():
        Level.objects.create(criterion=criterion, key="late", title="Late")
    with pytest.raises(Conflict, match="frozen"):
        criterion.levels.get(key="good").delete()


def test_criterion_cannot_move_into_a_frozen_rubric(frozen: Rubric) -> None:
    draft = create_rubric(frozen.project, name="draft", criteria=())
    loose = Criterion.objects.create(rubric=draft, key="loose", title="Loose")
    with pytest.raises(IntegrityError, match="frozen"), transaction.atomic():
        Criterion.objects.filter(pk=loose.pk).update(rubric=frozen)


def test_unfrozen_rubric_can_change_and_next_version_counts_up() -> None:
    project = a_project()
    a_criterion(project).levels.filter(key="good").update(title="Right")
    assert a_criterion(project).levels.get(key="good").title == "Right"
    assert create_rubric(project, name="PRM verdicts", criteria=()).version == 2


def test_version_key_and_hotkey_are_unique() -> None:
    project = a_project()
    rubric = project.rubric
    assert rubric is not None
    with pytest.raises(IntegrityError), transaction.atomic():
        Rubric.objects.create(project=project, name=rubric.name, version=rubric.version)
    with pytest.raises(IntegrityError), transaction.atomic():
        Criterion.objects.create(rubric=rubric, key="verdict", title="Again")
    criterion = a_criterion(project)
    with pytest.raises(IntegrityError), transaction.atomic():
        Level.objects.create(criterion=criterion, key="good", title="Again")
    with pytest.raises(IntegrityError), transaction.atomic():
        Level.objects.create(criterion=criterion, key="fine", title="Fine", hotkey="1")
    Level.objects.create(criterion=criterion, key="fine", title="Fine")
    Level.objects.create(criterion=criterion, key="finer", title="Finer")
