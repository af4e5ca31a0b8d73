"""Importing the package is light, and its public names are all there."""

import subprocess
import sys

import pytest

import sklearn_synthohive


def _run(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_import_is_free_of_torch():
    loaded = _run("import sys, sklearn_synthohive; print(*sys.modules)").split()
    heavy = {"torch", "skorch", "pandas", "sklearn", "scipy", "matplotlib"}
    assert heavy & set(loaded) == set()


@pytest.mark.parametrize("name", ["DataTransformer", "Metadata", "Layout", "metrics"])
def test_rooms_without_networks_are_free_of_torch(name):
    code = f"import sys; from sklearn_synthohive import {name}; print(*sys.modules)"
    assert {"torch", "skorch"} & set(_run(code).split()) == set()


@pytest.mark.parametrize("name", sklearn_synthohive.__all__)
def test_public_names_resolve(name):
    assert getattr(sklearn_synthohive, name) is not None


def test_dir_lists_the_public_names():
    assert dir(sklearn_synthohive) == sorted(sklearn_synthohive.__all__)


def test_unknown_name():
    with pytest.raises(AttributeError, match="no attribute 'CTGANN'"):
        sklearn_synthohive.CTGANN  # noqa: B018


def test_star_import_brings_the_public_names():
    code = "from sklearn_synthohive import *; print(CTGAN.__name__, metrics.__name__)"
    assert _run(code) == "CTGAN sklearn_synthohive.metrics"


def test_command_and_module_run():
    out = _run(
        "import subprocess, sys\n"
        "args = [sys.executable, '-m', 'sklearn_synthohive', '--version']\n"
        "subprocess.run(args, check=True)"
    )
    assert out == f"synthohive {sklearn_synthohive.__version__}"
