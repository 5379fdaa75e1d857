"""params.yaml as checked, typed values; an error names the key, the value and what is allowed."""

import re
import reprlib
import sys
from collections.abc import Callable
from dataclasses import MISSING, asdict, dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, get_type_hints

import yaml

from stages.running.errors import InputError

DATASETS = ("shapeset", "mnist", "cifar10", "small_imagenet", "fashion_mnist")  # the columns of Table 1
DRAWN = "shapeset"  # the one without end, whose images are drawn
Check = Callable[[str, Any], Any]
LARGEST = sys.float_info.max
LARGEST_SHARE = 1000  # of hidden units or of updates
LONGEST = 200  # letters of a value or of what PyYAML says, in a message
MNIST_FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def one_of(*allowed: str) -> Check:
    """Return the check for one of the texts `allowed`."""

    def check(key: str, value: Any) -> str:
        _require(isinstance(value, str) and value in allowed, key, value, ", ".join(allowed))
        return value

    return check


def whole_number(least: int, most: int | None = None) -> Check:
    """Return the check for a whole number from `least` to `most`."""
    allowed = f"a whole number from {least} up" if most is None else f"a whole number from {least} to {most}"

    def check(key: str, value: Any) -> int:
        whole = isinstance(value, int) and not isinstance(value, bool)
        _require(whole and least <= value and (most is None or value <= most), key, value, allowed)
        return value

    return check


def multiple_of(unit: int, most: int) -> Check:
    """Return the check for a multiple of `unit` from `unit` to `most`."""

    def check(key: str, value: Any) -> int:
        whole = isinstance(value, int) and not isinstance(value, bool)
        _require(whole and 0 < value <= most and value % unit == 0, key, value, f"a multiple of {unit} up to {most}")
        return value

    return check


def positive_number(key: str, value: Any) -> float:
    """Check for a finite number above 0."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    _require(number and 0 < value <= LARGEST, key, value, "a number above 0")
    return float(value)


def share(key: str, value: Any) -> float:
    """Check for a number above 0 that a count can be multiplied by."""
    number = positive_number(key, value)
    _require(number <= LARGEST_SHARE, key, value, f"a number above 0, up to {LARGEST_SHARE}")
    return number


def true_or_false(key: str, value: Any) -> bool:
    """Check for a truth value."""
    _require(isinstance(value, bool), key, value, "true, false")
    return value


def name(key: str, value: Any) -> str:
    """Check for a text that can name a folder and a DVC stage."""
    named = isinstance(value, str) and re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,99}", value)
    allowed = "a name of up to 100 small letters, digits, - and _ (in quotes where it is only digits)"
    _require(bool(named), key, value, allowed)
    return value


def place(key: str, value: Any) -> str:
    """Check for a URL or the path of a file or folder."""
    text = isinstance(value, str) and value.strip() and "\n" not in value and "\0" not in value
    reached = text and ("://" not in value or value.lower().startswith(("http://", "https://")))
    _require(bool(reached), key, value, "an http or https URL, or the path of a file or folder")
    return value


def checksum(key: str, value: Any) -> str:
    """Check for a SHA-256 in hexadecimal."""
    digest = isinstance(value, str) and re.fullmatch(r"[0-9a-fA-F]{64}", value)
    _require(bool(digest), key, value, "a SHA-256, 64 hexadecimal digits in quotes")
    return value.lower()


def one_or_list_of(check_item: Check) -> Check:
    """Return the check for one item that passes `check_item`, or a list of such; the value is a list."""

    def check(key: str, value: Any) -> list:
        return list_of(check_item)(key, value) if isinstance(value, list) else [check_item(key, value)]

    return check


def list_of(check_item: Check) -> Check:
    """Return the check for a list of one or more different items that pass `check_item`."""

    def check(key: str, value: Any) -> list:
        allowed = "a list of at least one item, none of them twice"
        _require(isinstance(value, list) and len(value) > 0, key, value, allowed)
        items = [check_item(f"{key}[{position}]", item) for position, item in enumerate(value)]
        _require(len(set(items)) == len(items), key, value, allowed)
        return items

    return check


def profile(key: str, value: Any) -> list[float]:
    """Check for a list of numbers above 0, which may be equal."""
    _require(isinstance(value, list) and len(value) > 0, key, value, "a list of numbers above 0, one a hidden layer")
    return [share(f"{key}[{position}]", item) for position, item in enumerate(value)]


def named(check_item: Check, check_name: Check = name) -> Check:
    """Return the check for a block of one or more names, each with a value that passes `check_item`."""

    def check(key: str, value: Any) -> dict:
        _require(isinstance(value, dict) and len(value) > 0, key, value, "a block of at least one name")
        return {check_name(f"a name in {key}", item): check_item(f"{key}.{item}", value[item]) for item in value}

    return check


def each_of(names: tuple[str, ...], check_item: Check) -> Check:
    """Return the check for a block with exactly the keys `names`, each with a value that passes `check_item`."""

    def check(key: str, value: Any) -> dict:
        values = named(check_item, one_of(*names))(key, value)
        for one in names:
            if one not in values:
                raise InputError(f"params.yaml: the key {key}.{one} is missing; needed: {', '.join(names)}")
        return values

    return check


def block(cls: type) -> Check:
    """Return the check for a block with the fields of the dataclass `cls`, each annotated with its own check.

    A field without a default is a key that is needed.
    """
    checks = {one: hint.__metadata__[0] for one, hint in get_type_hints(cls, include_extras=True).items()}
    needed = [one.name for one in fields(cls) if one.default is MISSING]
    keys = ", ".join(checks)

    def check(key: str, value: Any) -> Any:
        within = f"in {key}" if key else "of params.yaml"
        prefix = f"{key}." if key else ""
        _require(isinstance(value, dict), key or "the file", value, f"a block with the keys {keys}")
        for given in value:
            _require(given in checks, f"a key {within}", given, keys)
        for one in needed:
            if one not in value:
                raise InputError(f"params.yaml: the key {prefix}{one} is missing; needed: {', '.join(needed)}")
        return cls(**{one: checks[one](f"{prefix}{one}", value[one]) for one in value})

    return check


@dataclass(frozen=True)
class FixedSet:
    """Of the SVM and the network beside it: the first training images that both read, and the network's updates."""

    examples: Annotated[dict[str, int], named(whole_number(2, 10**7), one_of(*DATASETS))]
    updates: Annotated[int, whole_number(1, 10**12)]


@dataclass(frozen=True)
class Scale:
    """How large the networks are and how long they train."""

    hidden_units: Annotated[int, whole_number(2, 10**6)]
    hidden_layers: Annotated[list[int], list_of(whole_number(1, 50))]
    updates: Annotated[dict[str, int], named(whole_number(1, 10**12), one_of(*DATASETS))]
    batch_size: Annotated[int, whole_number(1, 10**6)]
    learning_rates: Annotated[list[float], list_of(positive_number)]
    seeds: Annotated[int, whole_number(1, 1000)]
    monitored_examples: Annotated[int, whole_number(2)]
    monitored_updates: Annotated[int, whole_number(2, 10**4)]
    svm: Annotated[FixedSet, block(FixedSet)]


@dataclass(frozen=True)
class Pretraining:
    """Denoising auto-encoders: the kind and level of corruption, the learning rate, and how long each layer trains.

    share is of the updates that follow, whose number is the scale's.
    """

    corruption: Annotated[str, name]
    level: Annotated[float, positive_number]
    learning_rate: Annotated[float, positive_number]
    share: Annotated[float, share]

    def updates(self, following: int) -> int:
        """Return the updates of each layer, where so many follow."""
        return max(1, round(self.share * following))


@dataclass(frozen=True)
class Model:
    """A recipe: what distinguishes one row of Table 1 from another. `stages.network.recipe` knows what is allowed.

    batch_normalization is of the hidden layers. gain and connections are of the initializations that take them.
    width_profile has the units of each hidden layer as shares of the scale's hidden_units; hidden_layers,
    learning_rates and seeds stand in for the scale's.
    """

    activation: Annotated[str, name]
    initialization: Annotated[str, name]
    update_rule: Annotated[str, name] = "sgd"
    cost: Annotated[str, name] = "cross_entropy"
    pretraining: Annotated[Pretraining | None, block(Pretraining)] = None
    batch_normalization: Annotated[bool, true_or_false] = False
    gain: Annotated[float | None, positive_number] = None
    connections: Annotated[int | None, whole_number(1, 10**6)] = None
    width_profile: Annotated[list[float] | None, profile] = None
    hidden_layers: Annotated[list[int] | None, list_of(whole_number(1, 50))] = None
    learning_rates: Annotated[list[float] | None, list_of(positive_number)] = None
    seeds: Annotated[int | None, whole_number(1, 1000)] = None

    def at(self, scale: Scale) -> Scale:
        """Return `scale` with what this model sets itself."""
        own = {key: getattr(self, key) for key in ("hidden_layers", "learning_rates", "seeds")}
        return replace(scale, **{key: value for key, value in own.items() if value is not None})


@dataclass(frozen=True)
class Splits:
    """How many images each split has, and the seed of all that is drawn at random with or from them.

    A run has a seed of its own too. For Shapeset's endless stream the two are added; of a finite set, the order of each
    epoch is drawn from the two and the epoch's number, three numbers side by side.
    """

    seed: Annotated[int, whole_number(0, 2**31)]
    train: Annotated[int, whole_number(1, 10**7)]
    validation: Annotated[int, whole_number(1, 10**7)]
    test: Annotated[int, whole_number(1, 10**7)]


@dataclass(frozen=True)
class Mnist(Splits):
    """source: mirrors, tried in turn, each a URL or folder of the four files; sha256: of each, gz or unpacked."""

    source: Annotated[list[str], one_or_list_of(place)]
    sha256: Annotated[dict[str, str], each_of(MNIST_FILES, checksum)]


@dataclass(frozen=True)
class Cifar10(Splits):
    """source: mirrors, tried in turn, each a URL or path of the archive in the binary layout; sha256: its checksum."""

    source: Annotated[list[str], one_or_list_of(place)]
    sha256: Annotated[str, checksum]


@dataclass(frozen=True)
class SmallImagenet(Splits):
    """source: ImageNet's training photographs, a folder of wnids' folders or the tar of tars.

    Each split has as many images of each of the ten classes.
    """

    source: Annotated[str, place]
    train: Annotated[int, multiple_of(10, 10**7)]
    validation: Annotated[int, multiple_of(10, 10**7)]
    test: Annotated[int, multiple_of(10, 10**7)]


@dataclass(frozen=True)
class Svm:
    """The hyper-parameters of the SVM that are tried, each C with each gamma of the kernel exp(−gamma·|x − y|²)."""

    C: Annotated[list[float], list_of(positive_number)]
    gamma: Annotated[list[float], list_of(positive_number)]


@dataclass(frozen=True)
class Surfaces:
    """Figure 5: the seed of its examples, and the points along each of two weights, which go from −range to range."""

    seed: Annotated[int, whole_number(0, 2**31)]
    points: Annotated[int, whole_number(3, 401)]
    range: Annotated[int, whole_number(1, 1000)]


@dataclass(frozen=True)
class Params:
    """All of params.yaml."""

    scale: Annotated[str, name]
    device: Annotated[str, one_of("auto", "cpu", "cuda")]
    precision: Annotated[str, one_of("float32", "tf32")]
    datasets: Annotated[list[str], list_of(one_of(*DATASETS))]
    models: Annotated[dict[str, Model], named(block(Model))]
    scales: Annotated[dict[str, Scale], named(block(Scale))]
    shapeset: Annotated[Splits, block(Splits)]
    mnist: Annotated[Mnist, block(Mnist)]
    cifar10: Annotated[Cifar10, block(Cifar10)]
    small_imagenet: Annotated[SmallImagenet, block(SmallImagenet)]
    fashion_mnist: Annotated[Mnist, block(Mnist)]
    svm: Annotated[Svm, block(Svm)]
    surfaces: Annotated[Surfaces, block(Surfaces)]

    @property
    def settings(self) -> Scale:
        """The block of `scales` that is in force."""
        return self.scales[self.scale]

    def of_training(self, dataset: str, model: str) -> dict[str, Any]:
        """Return all parameters by which a training of `model` on `dataset` is determined, as JSON can have them."""
        recipe = self.models[model]
        scale = asdict(recipe.at(self.settings))
        del scale["svm"]
        scale["updates"] = scale["updates"][dataset]
        return {"model": asdict(recipe), **scale, "precision": self.precision, "seed": getattr(self, dataset).seed}


def load_params(file: Path | str = "params.yaml") -> Params:
    """Read and check `file`; raises InputError for the first key that is missing, unknown or out of range."""
    try:
        values = yaml.load(Path(file).read_text(encoding="utf-8"), Loader=_Loader)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: cannot be read ({error})") from error
    # PyYAML lets its constructors' errors through, for example of !!int abc or of a date that is none
    except (yaml.YAMLError, ValueError, LookupError, ArithmeticError, AttributeError, RecursionError) as error:
        raise InputError(f"{file}: is not YAML ({' '.join(str(error).split())[:LONGEST]})") from error
    params = block(Params)("", values)
    one_of(*params.scales)("scale", params.scale)
    for dataset in params.datasets:
        _check_sizes(params, dataset)
    return params


def _check_sizes(params: Params, dataset: str) -> None:
    """Raise InputError where the scale in force does not fit the data set."""
    scale, splits = params.settings, getattr(params, dataset)
    if dataset not in scale.updates:
        raise InputError(f"params.yaml: the key scales.{params.scale}.updates.{dataset} is missing")
    whole_number(2, splits.test)(f"scales.{params.scale}.monitored_examples", scale.monitored_examples)
    if dataset != DRAWN and scale.batch_size > splits.train:
        raise InputError(
            f"params.yaml: scales.{params.scale}.batch_size is {scale.batch_size}, but {dataset}.train is only "
            f"{splits.train}; allowed: a batch of at most all training images"
        )
    key = f"scales.{params.scale}.svm.examples"
    if dataset not in scale.svm.examples:
        raise InputError(f"params.yaml: the key {key}.{dataset} is missing")
    if scale.svm.examples[dataset] > splits.train:
        raise InputError(
            f"params.yaml: {key}.{dataset} is {scale.svm.examples[dataset]}, but {dataset}.train is only "
            f"{splits.train}; allowed: at most all training images"
        )


class _Loader(yaml.SafeLoader):
    """Numbers and truth values as DVC reads them, by YAML 1.2: in 1.1, 1e-05 is a text, 010 is 8 and on is true."""

    yaml_implicit_resolvers: ClassVar = {
        first: [(tag, form) for tag, form in resolvers if tag.rpartition(":")[2] not in ("bool", "int", "float")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def compose_mapping_node(self, anchor: str | None) -> yaml.MappingNode:
        """Read a block; raises InputError where it has a key twice, of which PyYAML would take the last."""
        block, known = super().compose_mapping_node(anchor), set()
        for key, _ in block.value:
            if isinstance(key, yaml.ScalarNode):
                if (key.tag, key.value) in known:
                    where = f"in line {key.start_mark.line + 1}"
                    raise InputError(f"params.yaml: the key {_shown(key.value)} {where} is there twice; allowed: once")
                known.add((key.tag, key.value))
        return block

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        text = self.construct_scalar(node)
        return int(text, 0 if re.match("[-+]?0[box]", text) else 10)


_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_yaml_int)
for _tag, _form, _firsts in (
    ("bool", "true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", "[-+]?(0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*)", "-+0123456789"),
    (
        "float",
        r"[-+]?([0-9][0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]+)?|\.[0-9][0-9_]*([eE][-+][0-9]+)?|\.(inf|Inf|INF))|\.(nan|NaN|NAN)",
        "-+.0123456789",
    ),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"({_form})$"), list(_firsts))

_REPR = reprlib.Repr()
_REPR.maxlevel, _REPR.maxlist, _REPR.maxdict = 2, 10, 10
_REPR.maxstring = _REPR.maxother = _REPR.maxlong = LONGEST


def _shown(value: Any) -> str:
    """Return a value as a text of one line that is short, however large a few aliases of YAML make it."""
    try:
        text = _REPR.repr(value)
    except ValueError:  # Python writes no whole number of thousands of digits
        return "a very large number"
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _require(holds: bool, key: str, value: Any, allowed: str) -> None:
    if not holds:
        raise InputError(f"params.yaml: {key} is {_shown(value)}; allowed: {allowed}")
