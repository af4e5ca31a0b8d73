"""Tables and models that several of these tests read, and none changes."""

import pytest
from gan_cases import fit, parents, people, small_gan


@pytest.fixture(scope="session")
def table():
    return people()


@pytest.fixture(scope="session")
def raw(table):
    return fit(small_gan(), table)


@pytest.fixture(scope="session")
def with_context(table):
    return fit(small_gan(), table, context=parents())
