"""What the live figure offers, and the recorded error curves that it draws beside its own."""

from dataclasses import replace

from stages.claims.measurements import without_search
from stages.figures.results import Results
from stages.params import Model

WORKER = ("images.js", "network.js", "worker.js")  # joined into the worker's script
PAGE = ("picture.js", "live.js")  # joined into the page's script
ACTIVATIONS = ("sigmoid", "tanh", "softsign", "relu")
# initializers of stages/network, and how the reader sees them
INITIALIZATIONS = {"standard": "standard", "normalized": "normalized", "he": "He", "torch_linear": "PyTorch’s"}
RATES = ("0.003", "0.01", "0.03", "0.1", "0.3", "1")
MOST_LAYERS = 10
# both networks, hidden layers, learning rate and seed, as in the page's address; the first is the opening choice
PRESETS = {
    "tanh, eight layers": "tanh-standard tanh-normalized 8 0.03 2010",
    "2010: sigmoid": "sigmoid-standard tanh-standard 5 0.1 2010",
    "PyTorch’s default today with ReLU": "relu-torch_linear relu-he 8 0.03 2010",
}


def choices() -> dict:
    """What the template offers, each choice as value → words."""
    return {
        "presets": PRESETS,
        "activations": {name: name for name in ACTIVATIONS},
        "initializations": INITIALIZATIONS | {"gain": "by gain"},
        "layers": {layers: layers for layers in range(1, MOST_LAYERS + 1)},
        "rates": {rate: rate for rate in RATES},
    }


def recorded(results: Results | None) -> list[dict]:
    """The mean test error over the seeds of each model that the live figure can train, besides its size.

    One entry per model: activation, initialization, layers (hidden), units, errors [[update, fraction], …].
    """
    found = []
    for model, run in results.chosen.items() if results else ():
        recipe = results.recipes[model]
        plain = Model(recipe.activation, recipe.initialization)
        if replace(without_search(recipe), hidden_units=None) != plain:
            continue
        curves = results.curves[results.curves["model"] == model]
        means = curves.groupby("update")["test_error"].mean().dropna()
        found.append(
            {
                "activation": recipe.activation,
                "initialization": recipe.initialization,
                "layers": int(run.hidden_layers),
                "units": recipe.hidden_units or results.hidden_units,
                "errors": [[int(update), round(error, 4)] for update, error in means.items()],
            }
        )
    return found
