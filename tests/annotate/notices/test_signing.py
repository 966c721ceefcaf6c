from __future__ import annotations

import base64

import pytest

from annotate.models import Listener
from annotate.notices.listeners import renew_secret
from annotate.notices.signing import BEGINNING, secret_of, signature
from tests.annotate.notices.listeners import a_webhook
from tests.factories import a_project


def test_the_specifications_own_example_comes_out() -> None:
    """The message that the libraries of standardwebhooks.com are tested with."""
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    said = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert said == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.django_db
def test_a_secret_is_of_32_bytes_one_listeners_own_and_in_no_row(settings) -> None:
    project = a_project()
    one, other = a_webhook(project), a_webhook(project)
    secret = secret_of(one)
    assert secret.startswith(BEGINNING)
    assert len(base64.b64decode(secret.removeprefix(BEGINNING))) == 32
    assert secret != secret_of(other)
    assert secret not in str(Listener.objects.values())
    renew_secret(one)
    assert secret_of(one) != secret
    settings.SECRET_KEY = "another"
    assert secret_of(Listener.objects.get(pk=other.pk)) != secret_of(one)
