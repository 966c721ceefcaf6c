from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from annotate.enums import Role
from annotate.models import Invitation
from tests.factories import a_project

pytestmark = pytest.mark.django_db


def test_nobody_is_invited_as_owner() -> None:
    project, soon = a_project(), timezone.now() + timedelta(days=1)
    Invitation.objects.create(project=project, role=Role.MANAGER, expires_at=soon)
    with pytest.raises(IntegrityError), transaction.atomic():
        Invitation.objects.create(project=project, role=Role.OWNER, expires_at=soon)
