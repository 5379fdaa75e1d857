"""What a model of params.yaml may ask for."""

from collections.abc import Collection, Mapping

from stages.errors import InputError
from stages.network.activations import ACTIVATIONS
from stages.network.initializers import INITIALIZERS
from stages.network.update_rules import UPDATE_RULES
from stages.params import Model


def check_models(models: Mapping[str, Model]) -> None:
    """Raise InputError for the first model whose activation, initialization or update rule is not registered."""
    for name, model in models.items():
        _check(f"models.{name}.activation", model.activation, ACTIVATIONS)
        _check(f"models.{name}.initialization", model.initialization, INITIALIZERS)
        _check(f"models.{name}.update_rule", model.update_rule, UPDATE_RULES)


def _check(key: str, value: str, registered: Collection[str]) -> None:
    if value not in registered:
        raise InputError(f"params.yaml: {key} is {value!r}; allowed: {', '.join(registered)}")
