"""The command line of a stage that runs once for each data set and model."""

import argparse
from typing import NamedTuple

from stages.params import Model, Params, Scale
from stages.running.errors import InputError


class Arguments(NamedTuple):
    """The parameters, and the data set and model of a stage."""

    params: Params
    dataset: str
    model: str

    @property
    def recipe(self) -> Model:
        """The model's recipe."""
        return self.params.models[self.model]

    @property
    def settings(self) -> Scale:
        """The scale with what the model sets itself."""
        return self.recipe.at(self.params.settings)


def read_arguments(params: Params, description: str) -> Arguments:
    """Read the command line; raises InputError for a data set or model that params.yaml does not list."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("dataset")
    parser.add_argument("model")
    names = parser.parse_args()
    for key, given, known in (("datasets", names.dataset, params.datasets), ("models", names.model, params.models)):
        if given not in known:
            raise InputError(f"params.yaml: {key} has no {given!r}; it has: {', '.join(known)}")
    return Arguments(params, names.dataset, names.model)
