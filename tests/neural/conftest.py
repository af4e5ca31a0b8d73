"""The tables that most of these tests use."""

import pytest
import torch
from neural_cases import NAMES, on_device


@pytest.fixture(scope="session")
def own():
    return on_device(NAMES)


@pytest.fixture(scope="session")
def context():
    return on_device(["age~value", "age~mode0", "land=n", "land=s", "id~code[70]"])


@pytest.fixture
def rng():
    return torch.Generator().manual_seed(0)
