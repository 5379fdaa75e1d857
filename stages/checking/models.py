"""What a model of params.yaml may ask for: names in the registries, and options that go together and fit the scale."""

import math
from collections.abc import Sequence

from stages.datasets.dataset import find_dataset
from stages.descent.pretraining import CORRUPTIONS, LOWEST, OF_BOUNDED_UNITS
from stages.descent.update_rules import UPDATE_RULES
from stages.network.activations import ACTIVATIONS
from stages.network.costs import COSTS
from stages.network.initializers import INITIALIZERS, given_options, options_of
from stages.network.sizes import layer_sizes
from stages.params import Model, Params
from stages.running.errors import InputError
from stages.running.invalid import missing_key, wrong_value

REGISTRIES = {
    "activation": ACTIVATIONS,
    "initialization": INITIALIZERS,
    "update_rule": UPDATE_RULES,
    "cost": COSTS,
}


def check_models(params: Params) -> None:
    """Raise InputError for the first model with an unknown name, or with options that do not fit."""
    for name, model in params.models.items():
        key = f"models.{name}"
        for field, registry in REGISTRIES.items():
            if getattr(model, field) not in registry:
                raise wrong_value(f"{key}.{field}", getattr(model, field), ", ".join(registry))
        _check_pretraining(key, model, params.scale)
        _check_batch_normalization(key, model)
        _check_batch_size(key, model, params)
        _check_layers(key, model, params)


def check_options(key: str, recipe: Model, sizes: Sequence[int]) -> None:
    """Raise InputError where options of the initialization are too many, too few, or too large for layers of `sizes`.

    `key` is the recipe's in params.yaml, such as models.tanh; `sizes` are inputs, hidden layers…, classes.
    """
    initialization, chosen = recipe.initialization, options_of(recipe)
    for option, value in given_options(recipe).items():
        if value is not None and option not in chosen:
            takers = ", ".join(name for name, one in INITIALIZERS.items() if option in one.options)
            raise InputError(
                f"params.yaml: {key}.{option} is {value!r}, but {key}.initialization is {initialization!r}; "
                f"allowed: only with {takers}"
            )
    for option, value in chosen.items():
        if value is None:
            raise missing_key(f"{key}.{option}", f"; {initialization} needs it")
    fewest = min(sizes[:-1])
    if chosen.get("connections", 0) > fewest:
        raise InputError(
            f"params.yaml: {key}.connections is {chosen['connections']}"
            f"{' by default' if recipe.connections is None else ''}; allowed: a whole number from 1 to {fewest}, the "
            "units of the smallest layer that is below another"
        )


def _check_pretraining(key: str, model: Model, scale: str) -> None:
    """Raise InputError for an unknown corruption, a level beyond it, units without bounds, or a scale left out."""
    if not model.pretraining:
        return
    corruption, level = model.pretraining.corruption, model.pretraining.level
    if corruption not in CORRUPTIONS:
        raise wrong_value(f"{key}.pretraining.corruption", corruption, ", ".join(CORRUPTIONS))
    if corruption != "gaussian" and level >= 1:
        allowed = f"with {corruption}, a number above 0 and below 1, the share of values that it changes"
        raise wrong_value(f"{key}.pretraining.level", level, allowed)
    for field, choice in OF_BOUNDED_UNITS.items():
        if getattr(model.pretraining, field) == choice and model.activation not in LOWEST:
            raise InputError(
                f"params.yaml: {key}.pretraining.{field} is {choice!r}, which needs bounded units, but "
                f"{key}.activation is {model.activation!r}; allowed: {', '.join(LOWEST)}"
            )
    if scale not in model.pretraining.updates:
        raise missing_key(f"{key}.pretraining.updates.{scale}")


def _check_batch_normalization(key: str, model: Model) -> None:
    """Raise InputError where batch normalization meets an update rule or pre-training that excludes it."""
    if model.batch_normalization and model.update_rule != "sgd":
        raise InputError(
            f"params.yaml: {key}.update_rule is {model.update_rule!r}, but {key}.batch_normalization is true; "
            "allowed: only sgd"
        )
    if model.batch_normalization and model.pretraining:
        raise InputError(
            f"params.yaml: {key} has pretraining, but {key}.batch_normalization is true; allowed: one of the two"
        )


def _check_batch_size(key: str, model: Model, params: Params) -> None:
    """Raise InputError where a model needs the variance over a mini-batch of one example."""
    for needs, reason in (
        (model.batch_normalization, "batch_normalization is true"),
        (model.update_rule == "gradient_variance", "update_rule is gradient_variance"),
    ):
        if needs and params.settings.batch_size < 2:
            raise InputError(
                f"params.yaml: scales.{params.scale}.batch_size is {params.settings.batch_size}, but {key}.{reason}; "
                "allowed: a whole number from 2 up, since one example has no variance"
            )


def _check_layers(key: str, model: Model, params: Params) -> None:
    """Raise InputError where the width profile or the options do not fit the layers of some run."""
    scale = model.at(params.settings)
    for hidden_layers in scale.hidden_layers:
        if model.width_profile and len(model.width_profile) != hidden_layers:
            raise InputError(
                f"params.yaml: {key}.width_profile has {len(model.width_profile)} numbers; allowed: one for each of "
                f"the {hidden_layers} hidden layers"
            )
        for dataset in params.datasets:
            inputs, classes = math.prod(find_dataset(dataset).image_shape), len(find_dataset(dataset).class_names)
            check_options(key, model, layer_sizes(model, inputs, scale.hidden_units, hidden_layers, classes))
