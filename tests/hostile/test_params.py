"""Whatever params.yaml holds, it is read as parameters that are all in range, or refused in one line that says why."""

import copy
import math
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from dvc.utils.serialize import parse_yaml
from hypothesis import example, given
from hypothesis import strategies as st

from stages.checking.models import check_models
from stages.datasets.dataset import find_dataset
from stages.network.activations import ACTIVATIONS
from stages.params import DATASETS, Params, load_params
from stages.running.errors import InputError
from tests.conftest import REPOSITORY
from tests.hostile.cases import cases

MODELS = """
tanh: {activation: tanh, initialization: standard}
sparse: {activation: relu, initialization: sparse, connections: 3, learning_rates: [1e-5, 0.1], seeds: 1}
pretrained:
  activation: sigmoid
  initialization: normalized
  hidden_units: 20
  pretraining: {decoder: units, corruption: masking, level: 0.1, learning_rate: 0.01, updates: {smoke: 5, later: 9}}
widening: {activation: tanh, initialization: normalized, width_profile: [0.5, 1], hidden_layers: [2]}
batchnorm: {activation: tanh, initialization: constant_variance, gain: 1.5, batch_normalization: true}
"""


def base() -> dict[str, Any]:
    """The repository's params.yaml with the smallest scale alone, and models that have every key there is."""
    values = yaml.safe_load((REPOSITORY / "params.yaml").read_text(encoding="utf-8"))
    scales = {"smoke": values["scales"]["smoke"] | {"hidden_layers": [2, 3]}}
    models = yaml.load(MODELS.replace("1e-5", "0.00001"), Loader=yaml.SafeLoader)
    return values | {"scale": "smoke", "datasets": ["shapeset", "mnist"], "models": models, "scales": scales}


def places(values: Any, path: tuple = ()) -> list[tuple]:
    """The path of every value in `values`, blocks and lists too."""
    items = values.items() if isinstance(values, dict) else enumerate(values) if isinstance(values, list) else ()
    return [*([path] if path else []), *(found for key, value in items for found in places(value, (*path, key)))]


def at(values: Any, path: tuple) -> Any:
    for key in path:
        values = values[key]
    return values


def dotted(path: tuple) -> str:
    """The path as messages write it."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).removeprefix(".")


def dumped(values: Any) -> str:
    """The YAML of `values`, written by C where it is there, since it is written thousands of times."""
    return yaml.dump(values, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), sort_keys=False)


BASE = base()
TEXT = dumped(BASE)
PLACES = places(BASE)
LEAVES = [path for path in PLACES if not isinstance(at(BASE, path), dict | list)]
NUMBERS = [path for path in LEAVES if isinstance(at(BASE, path), int | float) and at(BASE, path) is not True]
NOWHERE = st.sampled_from([None, {}, [], [[]], [None], {1: 2}, b"\0", date(2010, 5, 13), math.nan, -math.inf, -1, -0.5])
HOSTILE = st.one_of(
    NOWHERE,
    st.integers(-(10**400), 10**400),
    st.floats(allow_subnormal=False),
    st.booleans(),
    st.text(max_size=12),
    st.sampled_from(
        [
            *(
                "standard",
                "orthogonal",
                "he",
                "hessian",
                "quadratic",
                "gaussian",
                "blackening",
                "linear",
                "unit",
                "relu",
            ),
            *("mnist", "1e999", "5", "a\nb"),
        ]
    ),
    st.sampled_from([0, 1, 2, 50, 1000, 10**6, 10**7, 2**31, 10**12, 10**13, 1e-320, 1e300, 1.7e308]),
    st.recursive(
        st.integers() | st.text(max_size=3), lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner)
    ).filter(lambda value: value is not None),
)
PIECES = [
    *("!!python/object:os.system ", "!!python/object/apply:os.system [true]", "!!python/name:eval ", "!!int ''"),
    *("!!float ''", "!!bool x", "!!timestamp x", "!!binary '%'", "!!set {a, b}", "!!omap [a: 1]", "!!map 5", "!!str "),
    *("!!int 0x", "!!float 1:2:3", "2001-13-45", "0001-01-01 00:00:00 +23:59", "&a ", "*a", "&a [*a]", "&a {a: *a}"),
    *("<<: *a", "<<: 5", "<<: [1]", "<<: {scale: smoke}", "? [a, b]\n: c", "? {a: b}\n: c", "{", "[", "]", "}", ": "),
    *("- ", "\n", "\t", "'", '"', "|", ">", "%YAML 2.0", "---\n", "...\n", "\0", "\x85", "\u2028", "\ufeff", "\ud7ff"),
    *("#", "010", "0o17", "0x1F", "1_000", "_1", "1__0", "1e5", "+.5", "1:30", "yes", "on", "~", "=", "<<", ".inf"),
    *("0x" + "f" * 5000, "9" * 5000, "[" * 900, "{a: " * 300, "-" * 100, "é", "𝛔", "scale: smoke\n", "models:\n"),
]


def outcome(file: Path, content: str | bytes) -> Params | str:
    """Write and load `file`; return what was read and is in range, or the one line that refuses it."""
    file.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
    try:
        params = load_params(file)
        check_models(params)
    except InputError as error:
        line = str(error)
        assert line.splitlines() == [line]
        assert "\0" not in line
        assert line.startswith(("params.yaml: ", f"{file}: ")), line
        assert len(line) < 1000 + len(str(file))
        return line
    assert_in_range(params)
    return params


def assert_in_range(params: Params) -> None:
    """What every stage relies on."""
    scale = params.scales[params.scale]
    assert len(set(params.datasets)) == len(params.datasets) > 0
    assert set(params.datasets) <= set(DATASETS)
    assert params.device in ("auto", "cpu", "cuda")
    for dataset in params.datasets:
        splits = getattr(params, dataset)
        assert splits.input_range in ("signed", "unit")
        assert all(0 < getattr(splits, split) <= 10**7 for split in ("train", "validation", "test"))
        assert 2 <= scale.monitored_examples <= splits.test
        assert 2 <= scale.svm.examples[dataset] <= splits.train
        assert 1 <= scale.updates[dataset] <= 10**12
        assert find_dataset(dataset).endless or scale.batch_size <= splits.train
    for model in params.models.values():
        own = model.at(scale)
        assert model.activation in ACTIVATIONS
        assert all(0 < rate < math.inf for rate in own.learning_rates)
        assert all(1 <= depth <= 50 for depth in own.hidden_layers)
        assert 1 <= own.seeds <= 1000
        for width in model.width_profile or []:
            assert round(width * own.hidden_units) < 10**10
        assert 2 <= own.hidden_units <= 10**6
        if model.pretraining:
            assert 1 <= model.pretraining.updates[params.scale] <= 10**12
            assert model.pretraining.decoder in ("units", "linear")
            assert model.pretraining.corruption == "gaussian" or model.pretraining.level < 1
        if model.batch_normalization or model.update_rule == "gradient_variance":
            assert scale.batch_size > 1


def written(params: Params) -> str:
    """The text of a params.yaml with these parameters."""
    values = asdict(params)
    for model in values["models"].values():
        for key in [key for key, value in model.items() if value is None]:
            del model[key]
    return dumped(values)


def plain(value: Any) -> Any:
    """What DVC reads, as PyYAML would have it: sets and dates as they are, lists and dictionaries of their own."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list | tuple) else value


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("params") / "params.yaml"


def test_the_text_that_is_changed_is_in_order(file):
    params = outcome(file, TEXT)
    assert params.models["widening"].width_profile == [0.5, 1]
    assert outcome(file, written(params)) == params


@cases(400)
@given(path=st.sampled_from(PLACES), value=NOWHERE)
def test_a_value_that_is_allowed_nowhere_is_named_by_its_key(file, path, value):
    values = copy.deepcopy(BASE)
    at(values, path[:-1])[path[-1]] = value
    line = outcome(file, dumped(values))
    assert isinstance(line, str)
    assert dotted(path) in line


@cases(300)
@given(changes=st.lists(st.tuples(st.sampled_from(PLACES), HOSTILE), min_size=1, max_size=3))
@example(changes=[(("models", "widening", "width_profile", 0), 1.7e308)])
@example(changes=[(("models", "pretrained", "pretraining", "updates", "smoke"), 10**13)])
@example(
    changes=[(("models", "pretrained", "pretraining", "level"), 1), (("models", "pretrained", "activation"), "relu")]
)
def test_any_values_are_in_range_or_refused(file, changes):
    values = copy.deepcopy(BASE)
    for path, value in changes:
        try:
            at(values, path[:-1])[path[-1]] = value
        except (KeyError, IndexError, TypeError):  # an earlier change took the place away
            continue
    params = outcome(file, dumped(values))
    if isinstance(params, Params):
        assert outcome(file, written(params)) == params


@cases(150)
@given(path=st.sampled_from(NUMBERS), factor=st.floats(0.5, 2))
def test_a_number_in_range_is_read_as_it_is(file, path, factor):
    values = copy.deepcopy(BASE)
    old = at(values, path)
    new = max(1, round(old * factor)) if isinstance(old, int) else old * factor
    at(values, path[:-1])[path[-1]] = new
    params = outcome(file, dumped(values))
    if isinstance(params, Params):
        found = asdict(params)
        assert at(found, path) == new
        at(found, path[:-1])[path[-1]] = old
        assert found == asdict(load_params_of(file, TEXT))
    else:  # more would have to change with it
        assert path[0] in (*DATASETS, "models", "scales")


def load_params_of(file: Path, text: str) -> Params:
    file.write_text(text, encoding="utf-8")
    return load_params(file)


@cases(100)
@given(path=st.sampled_from(PLACES), key=st.text(max_size=8) | st.integers() | st.none())
def test_a_key_that_is_unknown_or_missing_is_named(file, path, key):
    values = copy.deepcopy(BASE)
    parent = at(values, path[:-1])
    if not isinstance(parent, dict) or key in parent:
        return
    parent[key] = parent.pop(path[-1])
    found = outcome(file, dumped(values))
    optional = path[0] == "models" and len(path) >= 2
    assert isinstance(found, str) or (optional and key in found.models) or path[:-1] in (("scales",),)


@cases(300)
@given(
    cuts=st.lists(
        st.tuples(st.integers(0, len(TEXT)), st.integers(0, 12), st.sampled_from(PIECES) | st.text(max_size=4)),
        min_size=1,
        max_size=4,
    )
)
@example(cuts=[(TEXT.index("seed: "), 0, "seed: 0x" + "f" * 5000 + "\n  ")])
def test_a_text_that_is_cut_and_patched_is_read_or_refused(file, cuts):
    text = TEXT
    for begin, length, piece in cuts:
        text = text[:begin] + piece + text[begin + length :]
    outcome(file, text)


@cases(300)
@given(path=st.sampled_from(LEAVES), piece=st.sampled_from(PIECES), before=st.booleans())
def test_a_value_with_tags_anchors_and_signs_is_read_or_refused(file, path, piece, before):
    values = copy.deepcopy(BASE)
    at(values, path[:-1])[path[-1]] = "PLACE"
    old = dumped(at(BASE, path)).split("\n")[0]
    outcome(file, dumped(values).replace("PLACE", f"{piece}{old}" if before else piece))


@cases(200)
@given(content=st.text() | st.binary() | st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_any_text_or_bytes_are_refused(file, content):
    assert isinstance(outcome(file, content), str)


@cases(60)
@given(path=st.sampled_from(PLACES), levels=st.integers(1, 12), width=st.integers(1, 9), block=st.booleans())
def test_a_few_aliases_that_stand_for_billions_of_values_are_refused_at_once(file, path, levels, width, block):
    values = copy.deepcopy(BASE)
    inner: Any = ["lol"]
    for _ in range(levels):
        inner = {f"key-{number}": inner for number in range(width)} if block else [inner] * width
    at(values, path[:-1])[path[-1]] = inner
    assert isinstance(outcome(file, dumped(values)), str)


@cases(60)
@given(path=st.sampled_from([path for path in PLACES if isinstance(path[-1], str)]))
def test_a_key_that_is_there_twice_is_refused(file, path):
    lines, depth = TEXT.splitlines(), 0
    here = 0
    for key in path:  # where the key stands: after its parents, each deeper by two blanks
        if isinstance(key, str):
            here = next(row for row in range(here, len(lines)) if lines[row].startswith(f"{'  ' * depth}{key}:"))
        depth += 1
    again = f"{'  ' * (depth - 1)}{path[-1]}: 1"
    lines.insert(here, again)
    line = outcome(file, "\n".join(lines))
    assert isinstance(line, str)
    assert f'line {here + 2} is not YAML: the key "{path[-1]}" is there twice' in line


@cases(40)
@given(
    path=st.sampled_from(NUMBERS),
    number=st.sampled_from(["010", "0o12", "0x0A", "1_0", "1e1", "1E+1", "+10", "10.0", ".1e2", "+.5", "0b11", "1:30"]),
)
def test_dvc_reads_the_same_values(file, path, number):
    values = copy.deepcopy(BASE)
    at(values, path[:-1])[path[-1]] = "NUMBER"
    text = dumped(values).replace("NUMBER", number)
    params = outcome(file, text)
    if isinstance(params, Params):
        again = dumped(plain(parse_yaml(text, str(file))))
        assert outcome(file, again) == params


@cases(40)
@given(
    merged=st.lists(st.sampled_from(sorted(BASE["models"])), min_size=1, max_size=3, unique=True),
    activation=st.sampled_from(sorted(ACTIVATIONS)),
)
def test_merged_blocks_are_what_they_say(file, merged, activation):
    anchored = TEXT.replace("  tanh:\n", "  tanh: &tanh\n")
    added = "".join(f"  new-{name}:\n    <<: *tanh\n    activation: {activation}\n" for name in merged)
    params = outcome(file, anchored.replace("scales:\n", f"{added}scales:\n", 1))
    expected = load_params_of(file, TEXT)
    new = {f"new-{name}": replace(expected.models["tanh"], activation=activation) for name in merged}
    assert params == replace(expected, models=expected.models | new)
