"""Tables and models that several of these tests read, and none changes."""

import pytest
from gan_cases import fit, parents, people, small_gan


@pytest.fixture(scope="session", params=["mlp", "autoregressive"])
def network(request):
    """Both generator networks keep the same promises."""
    return request.param


@pytest.fixture(scope="session")
def table():
    return people()


@pytest.fixture(scope="session")
def raw(table, network):
    return fit(small_gan(generator=network), table)


@pytest.fixture(scope="session")
def with_context(table, network):
    return fit(small_gan(generator=network), table, context=parents())
