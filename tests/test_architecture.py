"""The rooms of the package and the arrows between them, read from the imports."""

import ast
from pathlib import Path

import pytest

import sklearn_synthohive

PACKAGE = "sklearn_synthohive"
ROOT = Path(sklearn_synthohive.__file__).parent

# Data passes through the rooms in this order; a file imports from its own room and
# from earlier ones.
ROOMS = [
    "exceptions",
    "logging",
    "utils",
    "metadata",
    "layout",
    "io",
    "metrics",
    "preprocessing",
    "neural",
    "calibration",
    "generators",
    "relational",
    "reports",
    "cli",
]
# Files that belong to a room without lying in its folder.
ALIASES = {
    "__main__": "cli",
    "_demo": "cli",
    "_report_command": "cli",
    "_schema_commands": "cli",
}

TORCH = {"torch", "skorch"}
FORBIDDEN = {
    "exceptions": TORCH | {"numpy", "pandas", "sklearn", "scipy"},
    "utils": TORCH,
    "metadata": TORCH,
    "layout": TORCH | {"pandas", "sklearn", "scipy"},
    "io": TORCH,
    "metrics": TORCH,
    "preprocessing": TORCH,
    "neural": {"pandas"},
    "calibration": TORCH | {"pandas"},
}
MAX_LINES = 400


def room_of(module):
    """The room of a module of the package; None for the package itself."""
    parts = module.split(".")
    if len(parts) == 1:
        return None
    return ALIASES.get(parts[1], parts[1])


def imports(source, module, is_package=False):
    """Absolute names of all that a module imports, wherever in the file."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found.extend(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = module.split(".")
                parts = parts[: len(parts) - node.level + is_package]
                base = ".".join(parts + ([node.module] if node.module else []))
            found.extend(f"{base}.{alias.name}" for alias in node.names)
    return found


def violations(module, imported):
    """What a module may not import, one sentence each."""
    room = room_of(module)
    if room is None:
        return [f"{module} imports {n}" for n in imported if n.startswith(PACKAGE)]
    out = []
    if room not in ROOMS:
        return [f"{module} is in no room of the house"]
    for name in imported:
        top = name.split(".")[0]
        if top in FORBIDDEN.get(room, ()):
            out.append(f"{module} imports {name}: no {top} in {room}")
        private = name.startswith("sklearn.") and (
            "_param_validation" in name or name.endswith("._fit_context")
        )
        if private and module != f"{PACKAGE}.utils.params":
            out.append(f"{module} imports {name}: only utils/params.py may")
        if top != PACKAGE or name == f"{PACKAGE}.__version__":
            continue
        target = room_of(name)
        if target not in ROOMS:
            out.append(f"{module} imports {name}: from the package itself")
        elif ROOMS.index(target) > ROOMS.index(room):
            out.append(f"{module} imports {name}: {target} comes after {room}")
    return out


def find_circle(graph):
    """A list of modules that import each other in a ring, or None."""
    done, path = set(), []

    def visit(module):
        if module in path:
            return [*path[path.index(module) :], module]
        if module in done:
            return None
        path.append(module)
        for target in sorted(graph.get(module, ())):
            if circle := visit(target):
                return circle
        path.pop()
        done.add(module)
        return None

    for module in sorted(graph):
        if circle := visit(module):
            return circle
    return None


def _module_name(path):
    parts = [PACKAGE, *path.relative_to(ROOT).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _resolve(name, modules):
    """The module that an imported name lies in."""
    while name not in modules and "." in name:
        name = name.rpartition(".")[0]
    return name


FILES = sorted(ROOT.rglob("*.py"))
IMPORTS = {
    _module_name(p): imports(p.read_text(), _module_name(p), p.stem == "__init__")
    for p in FILES
}


@pytest.mark.parametrize("module", IMPORTS)
def test_arrows(module):
    assert violations(module, IMPORTS[module]) == []


def test_no_circle():
    graph = {
        module: {_resolve(n, IMPORTS) for n in names if n.startswith(PACKAGE)}
        # A package's own __init__ is initialised before its files in any case.
        - {PACKAGE, module}
        for module, names in IMPORTS.items()
    }
    assert find_circle(graph) is None


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_file_size(path):
    assert len(path.read_text().splitlines()) <= MAX_LINES


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("utils.planted", "import torch"),
        ("metrics.planted", "def f():\n    from torch.nn import Module"),
        ("preprocessing.planted", "import skorch.callbacks"),
        ("neural.planted", "import pandas as pd"),
        ("layout", "from sklearn_synthohive.preprocessing import DataTransformer"),
        ("metadata.planted", "from ..layout import Layout"),
        ("metadata.planted", "from sklearn_synthohive import Layout"),
        ("generators.planted", "import sklearn_synthohive.reports"),
        ("reports.planted", "from sklearn_synthohive import cli"),
        ("generators.planted", "from sklearn.base import _fit_context"),
        ("warehouse.planted", "import numpy"),
    ],
)
def test_planted_violations_are_caught(module, source):
    module = f"{PACKAGE}.{module}"
    assert len(violations(module, imports(source, module))) == 1


def test_planted_circle_is_caught():
    assert find_circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert find_circle({"a": {"b", "c"}, "b": {"c"}}) is None


def test_allowed_imports_pass():
    source = (
        "from sklearn_synthohive.layout import Layout\n"
        "from sklearn_synthohive import __version__\n"
        "from ._networks import MLP\n"
        "import torch"
    )
    module = f"{PACKAGE}.neural.planted"
    assert violations(module, imports(source, module)) == []
