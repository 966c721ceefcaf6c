from __future__ import annotations

import re

import pytest
from django.urls import resolve

from tests.paths import REPOSITORY

ADDRESSES = sorted(set(re.findall(r"/api/[\w/.-]*", (REPOSITORY / "docs/api.md").read_text())))


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_address_in_the_documentation_exists(address):
    resolve(address)


def test_the_documentation_names_addresses():
    assert "/api/projects/sums/traces/" in ADDRESSES
