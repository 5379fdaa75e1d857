"""The parameters and library versions with which a reader can repeat the run."""

import platform
from dataclasses import asdict
from importlib import metadata
from typing import Any

import yaml

from stages.params import Model, Params

LIBRARIES = ("torch", "numpy", "scikit-learn", "scipy", "pandas", "dvc", "great_expectations", "altair")


def parameters(params: Params) -> str:
    """The parts of params.yaml that this run uses, as YAML; a model's default values are left out."""
    given = {
        "scale": params.scale,
        "device": params.device,
        "precision": params.precision,
        "datasets": params.datasets,
        "models": {name: entry_of(model) for name, model in params.models.items()},
        "scales": {params.scale: asdict(params.settings)},
        **{dataset: asdict(getattr(params, dataset)) for dataset in params.datasets},
        "svm": asdict(params.svm),
        "surfaces": asdict(params.surfaces),
    }
    return yaml.safe_dump(given, sort_keys=False, default_flow_style=None, width=100, allow_unicode=True)


def entry_of(model: Model) -> dict[str, Any]:
    """The keys of a model that differ from the defaults."""
    default = Model(model.activation, model.initialization)
    special = {key: value for key, value in asdict(model).items() if value != getattr(default, key)}
    return {"activation": model.activation, "initialization": model.initialization, **special}


def versions() -> dict[str, str]:
    """The version of Python and of each library that results depend on."""
    return {"Python": platform.python_version(), **{name: metadata.version(name) for name in LIBRARIES}}
