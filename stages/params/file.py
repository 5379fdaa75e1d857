"""params.yaml as a whole."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal
from warnings import catch_warnings

from pydantic import TypeAdapter, ValidationError
from pydantic import WithJsonSchema as Schema
from pydantic.dataclasses import dataclass
from ruamel.yaml import YAML, YAMLError
from ruamel.yaml.error import YAMLWarning

from stages.params.datasets import DRAWN, Blocks, Dataset
from stages.params.fields import CLOSED, Name, Named, Positive, Several, whole
from stages.params.recipes import Model
from stages.params.scales import Scale
from stages.running.errors import InputError
from stages.running.invalid import first_problem, missing_key, no_yaml, wrong_value

# besides its own, ruamel.yaml raises Python's errors, for example for !!int abc or the date 2001-13-45
PYTHON_ERRORS = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError)


@dataclass(frozen=True, config=CLOSED)
class Svm:
    """The hyper-parameters of the SVM that are tried, each C with each gamma of the kernel exp(−gamma·|x − y|²)."""

    C: Several[Positive]
    gamma: Several[Positive]


@dataclass(frozen=True, config=CLOSED)
class Surfaces:
    """Figure 5: the seed of its examples and how often they are drawn, and the points along each of two weights.

    The weights go from −range to range.
    """

    seed: Annotated[int, whole(0, 2**31)]
    draws: Annotated[int, whole(1, 1000)]
    points: Annotated[int, whole(3, 401)]
    range: Annotated[int, whole(1, 1000)]


@dataclass(frozen=True, config=CLOSED)
class Params(Blocks):
    """All of params.yaml."""

    scale: Annotated[Any, Schema({"format": "name"})]  # one in `scales`, see load_params
    device: Literal["auto", "cpu", "cuda"]
    precision: Literal["float32", "tf32"]
    datasets: Several[Dataset]
    models: Named[Name, Model]
    scales: Named[Name, Scale]
    svm: Svm
    surfaces: Surfaces

    @property
    def settings(self) -> Scale:
        """The block of `scales` that `scale` names."""
        return self.scales[self.scale]

    def of_training(self, dataset: str, model: str) -> dict[str, Any]:
        """Return all parameters that determine a training of `model` on `dataset`, as values for JSON."""
        recipe = self.models[model]
        scale = asdict(recipe.at(self.settings))
        del scale["svm"]
        scale["updates"] = scale["updates"][dataset]
        model = asdict(recipe)
        if recipe.pretraining:
            model["pretraining"]["updates"] = recipe.pretraining.updates.get(self.scale)
        block = getattr(self, dataset)
        of_data = {"seed": block.seed, "input_range": block.input_range}
        return {"model": model, **scale, "precision": self.precision, **of_data}


def load_params(file: Path | str = "params.yaml") -> Params:
    """Read and check `file`; raises InputError for the first key that is missing, unknown or out of range."""
    values, types = _read(Path(file)), TypeAdapter(Params)
    try:
        params = types.validate_python(values, context=file)
    except ValidationError as error:
        raise first_problem(error, values, types.json_schema()) from error
    if params.scale not in list(params.scales):
        raise wrong_value("scale", params.scale, ", ".join(params.scales))
    for dataset in params.datasets:
        _check_sizes(params, dataset)
    return params


def _read(file: Path) -> Any:
    """Read YAML 1.2 as DVC does, but in pure Python: the parser in C crashes where lists are nested too deep."""
    try:
        with catch_warnings(category=YAMLWarning, action="error"):  # of an anchor there twice, as in DVC
            return YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: cannot be read ({error})") from error
    except (YAMLError, YAMLWarning, *PYTHON_ERRORS) as error:
        raise no_yaml(file, error) from error


def _check_sizes(params: Params, dataset: str) -> None:
    """Raise InputError where the scale has no sizes for `dataset`, or needs more images than there are."""
    scale, splits, key = params.settings, getattr(params, dataset), f"scales.{params.scale}"
    for name, sizes in (("updates", scale.updates), ("svm.examples", scale.svm.examples)):
        if dataset not in sizes:
            raise missing_key(f"{key}.{name}.{dataset}")
    needs = [
        ("monitored_examples", scale.monitored_examples, "test"),
        (f"svm.examples.{dataset}", scale.svm.examples[dataset], "train"),
        ("batch_size", scale.batch_size, "train"),
    ]
    for name, images, split in needs[:2] if dataset == DRAWN else needs:
        if images > (size := getattr(splits, split)):
            raise wrong_value(f"{key}.{name}", images, f"at most {size}, the size of {dataset}.{split}")
