"""No module reads what could run as a program: neither pickles, nor YAML with objects, nor text as Python."""

import ast
from collections.abc import Iterator

import pytest

from stages.params import load_params
from stages.running.errors import InputError
from tests.conftest import REPOSITORY

FILES = sorted(file for folder in ("stages", "publishing") for file in (REPOSITORY / folder).rglob("*.py"))
MODULES = {"pickle", "_pickle", "dill", "cloudpickle", "jsonpickle", "shelve", "marshal"}
NAMES = {
    "compile",
    "eval",
    "exec",
    "joblib.load",
    "torch.load",
    "torch.jit.load",
    *(f"yaml.{name}" for name in ("full_load", "full_load_all", "load_all", "unsafe_load", "unsafe_load_all")),
    *(f"yaml.{name}" for name in ("CLoader", "FullLoader", "Loader", "UnsafeLoader")),
}
LOADERS = {"yaml.SafeLoader", "yaml.CSafeLoader"}


def unsafe(source: str) -> Iterator[str]:
    """Name everything in a module's source by which it could read a pickle, or a text as a program."""
    tree = ast.parse(source)
    known = {}  # what the module calls a thing, and where that is from
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                package = alias.name.split(".")[0]
                known[alias.asname or package] = alias.name if alias.asname else package
                yield from {package} & MODULES
        elif isinstance(node, ast.ImportFrom):
            known |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
            yield from {node.module.split(".")[0]} & MODULES

    def full_name(node: ast.AST) -> str:
        if isinstance(node, ast.Attribute):
            return f"{full_name(node.value)}.{node.attr}"
        return known.get(node.id, node.id) if isinstance(node, ast.Name) else ""

    safe = {
        id(node.func)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if (full_name(node.func) == "numpy.load" and keyword.arg == "allow_pickle" and is_false(keyword.value))
        or (full_name(node.func) == "yaml.load" and keyword.arg == "Loader" and full_name(keyword.value) in LOADERS)
        or (full_name(node.func) == "ruamel.yaml.YAML" and keyword.arg == "typ" and is_safe(keyword.value))
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name) and id(node) not in safe:
            name = full_name(node)
            if name in NAMES | {"numpy.load", "yaml.load", "ruamel.yaml.YAML"} or name.endswith("_pickle"):
                yield name


def is_false(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def is_safe(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value == "safe"


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(REPOSITORY)))
def test_nothing_is_read_that_could_run(file):
    assert list(unsafe(file.read_text(encoding="utf-8"))) == []


def test_every_module_is_looked_at():
    assert {"stages/params/file.py", "stages/network/perceptron.py", "publishing/site.py"} <= {
        file.relative_to(REPOSITORY).as_posix() for file in FILES
    }


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import pickle", "pickle"),
        ("def late():\n    from dill import load", "dill"),
        ("import torch as t\nt.load('f')", "torch.load"),
        ("from torch import load\nload('f')", "torch.load"),
        ("import joblib\nmap(joblib.load, files)", "joblib.load"),
        ("import numpy as np\nnp.load('f')", "numpy.load"),
        ("import numpy as np\nnp.load('f', allow_pickle=True)", "numpy.load"),
        ("import pandas as pd\npd.read_pickle('f')", "pandas.read_pickle"),
        ("table.to_pickle('f')", "table.to_pickle"),
        ("import yaml\nyaml.load(text, Loader=yaml.Loader)", "yaml.load"),
        ("import yaml\nyaml.load(text, yaml.UnsafeLoader)", "yaml.load"),
        ("import yaml\nyaml.unsafe_load(text)", "yaml.unsafe_load"),
        ("from ruamel.yaml import YAML\nYAML(typ='unsafe').load(text)", "ruamel.yaml.YAML"),
        ("import ruamel.yaml\nruamel.yaml.YAML().load(text)", "ruamel.yaml.YAML"),
        ("eval('1')", "eval"),
    ],
)
def test_what_could_run_is_found(source, found):
    assert found in list(unsafe(source))


@pytest.mark.parametrize(
    "source",
    [
        "import numpy as np\nnp.load('f', allow_pickle=False)",
        "import yaml\nyaml.safe_load(text)\nyaml.load(text, Loader=yaml.SafeLoader)",
        "from ruamel.yaml import YAML\nYAML(typ='safe', pure=True).load(text)",
        "import json, re\njson.load(file)\nre.compile('a')",
        "model.eval()",
    ],
)
def test_what_cannot_run_is_not(source):
    assert list(unsafe(source)) == []


@pytest.mark.parametrize(
    "tag", ["python/object/apply:pathlib.Path.touch", "python/object/new:pathlib.Path.touch", "python/name:eval"]
)
def test_params_yaml_makes_no_objects(tmp_path, tag):
    (tmp_path / "params.yaml").write_text(f"scale: !!{tag} [{tmp_path / 'made'}]", encoding="utf-8")
    with pytest.raises(InputError, match="could not determine a constructor"):
        load_params(tmp_path / "params.yaml")
    assert not (tmp_path / "made").exists()
