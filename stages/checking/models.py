"""What a model of params.yaml may ask for."""

import math
from collections.abc import Collection, Sequence

from stages.datasets.dataset import find_dataset
from stages.descent.pretraining import CORRUPTIONS, LOWEST
from stages.descent.update_rules import UPDATE_RULES
from stages.network.activations import ACTIVATIONS
from stages.network.costs import COSTS
from stages.network.initializers import INITIALIZERS, given_options, options_of
from stages.network.sizes import layer_sizes
from stages.params import Model, Params
from stages.running.errors import InputError


def check_models(params: Params) -> None:
    """Raise InputError for the first model that asks for what there is not, or what does not fit the scale in force."""
    for name, model in params.models.items():
        key = f"models.{name}"
        _check(f"{key}.activation", model.activation, ACTIVATIONS)
        _check(f"{key}.initialization", model.initialization, INITIALIZERS)
        _check(f"{key}.update_rule", model.update_rule, UPDATE_RULES)
        _check(f"{key}.cost", model.cost, COSTS)
        if model.pretraining:
            _check(f"{key}.pretraining.corruption", model.pretraining.corruption, CORRUPTIONS)
            if model.pretraining.corruption == "masking" and model.pretraining.level >= 1:
                raise InputError(
                    f"params.yaml: {key}.pretraining.level is {model.pretraining.level:g}; allowed with masking: a "
                    "number above 0 and below 1, the share of values that are put to 0"
                )
            if model.activation not in LOWEST:
                raise InputError(
                    f"params.yaml: {key}.pretraining needs bounded units, but activation is {model.activation!r}; "
                    f"allowed: {', '.join(LOWEST)}"
                )
        if model.batch_normalization:
            _check_batch_normalization(key, model, params)
        if model.update_rule == "gradient_variance" and params.settings.batch_size < 2:
            raise InputError(
                f"params.yaml: scales.{params.scale}.batch_size is {params.settings.batch_size}, but {key}.update_rule "
                "is gradient_variance; allowed: a whole number from 2 up, since one example has no variance"
            )
        scale = model.at(params.settings)
        for hidden_layers in scale.hidden_layers:
            if model.width_profile and len(model.width_profile) != hidden_layers:
                raise InputError(
                    f"params.yaml: {key}.width_profile has {len(model.width_profile)} numbers; allowed: one for each "
                    f"hidden layer, of which there are to be {hidden_layers}"
                )
            for dataset in params.datasets:
                inputs, classes = math.prod(find_dataset(dataset).image_shape), len(find_dataset(dataset).class_names)
                check_options(key, model, layer_sizes(model, inputs, scale.hidden_units, hidden_layers, classes))


def check_options(key: str, recipe: Model, sizes: Sequence[int]) -> None:
    """Raise InputError where options of `recipe` are too many, too few, or too large for layers of `sizes`.

    `key` is where params.yaml has the recipe, such as models.tanh; `sizes` are inputs, hidden layers…, classes.
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
            raise InputError(f"params.yaml: the key {key}.{option} is missing; {initialization} needs it")
    fewest = min(sizes[:-1])
    if chosen.get("connections", 0) > fewest:
        raise InputError(
            f"params.yaml: {key}.connections is {chosen['connections']}"
            f"{' by default' if recipe.connections is None else ''}; allowed: a whole number from 1 to {fewest}, the "
            "units of the smallest layer that is below another"
        )


def _check_batch_normalization(key: str, model: Model, params: Params) -> None:
    """Raise InputError for what batch normalization does not go together with."""
    if model.update_rule != "sgd":
        raise InputError(
            f"params.yaml: {key}.update_rule is {model.update_rule!r}, but {key}.batch_normalization is true; "
            "allowed: only sgd"
        )
    if model.pretraining:
        raise InputError(
            f"params.yaml: {key} has pretraining, but {key}.batch_normalization is true; allowed: one of the two"
        )
    if params.settings.batch_size < 2:
        raise InputError(
            f"params.yaml: scales.{params.scale}.batch_size is {params.settings.batch_size}, but "
            f"{key}.batch_normalization is true; allowed: a whole number from 2 up, since one example has no variance"
        )


def _check(key: str, value: str, registered: Collection[str]) -> None:
    if value not in registered:
        raise InputError(f"params.yaml: {key} is {value!r}; allowed: {', '.join(registered)}")
