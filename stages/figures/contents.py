"""The page's figures in its order, each with its text, its models and its drawing function."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import altair as alt
import pandas as pd

from stages.claims.table1 import PAPER_MODELS
from stages.figures import (
    activation_spread,
    cost_surfaces,
    depths,
    error_curves,
    examples,
    gap,
    histograms,
    intervals,
    jacobians,
    layers_apart,
    playback,
    ridges,
    signals,
    spectra,
    theory,
)
from stages.params import Model

SURFACES = "surfaces"


def no_model(recipe: Model) -> bool:
    """No other model."""
    return False


def every_model(recipe: Model) -> bool:
    """Every model of params.yaml."""
    return True


def of_sigmoid_units(recipe: Model) -> bool:
    """Models with the sigmoid, at any depth and from any start."""
    return recipe.activation == "sigmoid"


def of_other_units(recipe: Model) -> bool:
    """Models with any other activation."""
    return not of_sigmoid_units(recipe)


def of_random_weights(recipe: Model) -> bool:
    """Models that start from random weights, which the theory describes, not from pre-trained ones."""
    return recipe.pretraining is None


@dataclass(frozen=True)
class Figure:
    """One figure of the page.

    key: its name in file names and links. label: its place in the paper. look: what to look for. paper: what the paper
    found, if it has this figure. table: the table it draws, a field of `stages.figures.results.Results`, or SURFACES,
    which belongs to no data set. models: the models that it shows at first, top to bottom. others: selects the models
    that the reader can add. paper_hidden_layers: depth of the network in the paper's figure, if the page compares it
    with ours. endless: True for endless data sets only, False for finite ones only. still: whether it is also saved as
    a picture. describes_data: whether each data set's description stands beside its chart. behind: whether the reader
    opens it, since another figure of its section shows its point. one_model: whether it shows one model at a time.
    found: sentences about this run's results, from the table of the models shown at first. where_run: whether it is
    left out where nothing of it was run.
    """

    key: str
    label: str
    title: str
    look: str
    paper: str
    table: str
    draw: Callable[[pd.DataFrame], alt.TopLevelMixin]
    models: tuple[str, ...] = ()
    others: Callable[[Model], bool] = no_model
    paper_hidden_layers: int | None = None
    endless: bool | None = None
    still: bool = True
    describes_data: bool = False
    behind: bool = False
    one_model: bool = False
    found: Callable[[pd.DataFrame], list[str]] | None = None
    where_run: bool = False

    @property
    def source(self) -> str:
        """The file that draws it."""
        function = self.draw.func if isinstance(self.draw, partial) else self.draw
        return f"{function.__module__.replace('.', '/')}.py"


FIRST = Figure(
    "signals",
    "The argument of the paper",
    "What untrained layers do to a signal",
    "",
    "",
    "monitored",
    signals.draw,
    ("tanh", "tanh-n"),
)
SECTIONS = {
    "Initialization": [
        Figure(
            "figure-6",
            "Figure 6",
            "Activations at initialization",
            "Compare the widths of the histograms. A narrower layer passes on a weaker signal.",
            "With standard initialization each layer is narrower than the one below. With normalized initialization "
            "the layers keep most of their width.",
            "histograms",
            histograms.initial_activations,
            ("tanh", "tanh-n"),
            others=of_random_weights,
            behind=True,
        ),
        Figure(
            "figure-7",
            "Figure 7",
            "Back-propagated gradients at initialization",
            "Now follow the error signal down from the top layer to layer 1. (Scales differ between panels.)",
            "With standard initialization the gradient shrinks on its way down to layer 1. With normalized "
            "initialization it keeps more of its width.",
            "histograms",
            histograms.initial_back_propagated_gradients,
            ("tanh", "tanh-n"),
            others=of_random_weights,
            behind=True,
        ),
        Figure(
            "figure-8",
            "Figure 8",
            "Weight gradients at initialization",
            "Weight gradients hide the problem: one factor shrinks upwards, the other downwards, and their product is "
            "about the same in every layer. (Scales differ between panels.)",
            "Weight gradients have about the same width in every layer, with either initialization.",
            "histograms",
            histograms.initial_weight_gradients,
            ("tanh", "tanh-n"),
            others=of_random_weights,
            behind=True,
        ),
        Figure(
            "theory",
            "Section 4.2.1",
            "Variances in every layer: predicted and measured",
            "Dotted: the paper's formula, which treats units as linear. Solid: mean-field theory, exact for infinitely "
            "wide layers. Dots: measured. The formula fails where dotted and solid lines part.",
            "Each layer multiplies the variance by n·Var[W]: one third with standard initialization, about 1 with "
            "normalized initialization.",
            "theory",
            theory.draw,
            ("tanh", "tanh-n"),
            others=of_random_weights,
        ),
        Figure(
            "jacobians",
            "Section 4.2.1",
            "Average singular value from each layer to the next",
            "Nudge one layer: how large is the nudge in the next, averaged over all directions? 1 means unchanged.",
            "About 0.5 for tanh with standard and 0.8 with normalized initialization.",
            "jacobians",
            jacobians.draw,
            tuple(PAPER_MODELS),
            others=of_random_weights,
        ),
        Figure(
            "spectra",
            "Section 4.2.1",
            "All singular values from each layer to the next",
            "The average hides the spread: some directions grow severalfold while others almost vanish. A steeper line "
            "means a larger spread. Compare before training (dotted) with after (solid).",
            "Only the averages are reported.",
            "spectra",
            spectra.draw,
            ("tanh", "tanh-n"),
            others=of_random_weights,
            behind=True,
        ),
    ],
    "Saturation during training": [
        Figure(
            "figure-2",
            "Figure 2",
            "Sigmoid: mean and spread of each layer's activations",
            "Follow the top layer: does it stay near 0, where the sigmoid is flat? Does it ever recover?",
            "The top layer falls to 0 within the first updates and stays there for a long time, while the lower layers "
            "keep means of about 0.5 or more. With four hidden layers it recovers late in training; with five it never "
            "does.",
            "monitored",
            intervals.activations,
            ("sigmoid",),
            others=of_sigmoid_units,
            paper_hidden_layers=4,
        ),
        Figure(
            "figure-3",
            "Figures 3 and 10",
            "Tanh and softsign: saturation of each layer",
            "A dot near 1 means that layer's units are pinned at their limit and pass back almost no gradient; dashed "
            "is where a tanh layer counts as saturated. In which order do the layers get there?",
            "Tanh layers saturate one after another, layer 1 first; with normalized initialization they stay together "
            "longer. Softsign layers saturate less, and all at about the same time.",
            "monitored",
            activation_spread.draw,
            ("tanh", "tanh-n", "softsign"),
            others=of_other_units,
        ),
        Figure(
            "figure-4",
            "Figure 4",
            "Activations at the end of training",
            "Where do each layer's activations pile up? At −1 and 1 the gradient vanishes; near 0 the unit is almost "
            "linear. Each row has its own height.",
            "Tanh activations of the lower layers pile up at −1 and 1. Softsign activations gather around ±0.6 to "
            "±0.8, where the curve bends but is not flat.",
            "histograms",
            ridges.final_activations,
            ("tanh", "softsign"),
            others=of_other_units,
        ),
    ],
    "Gradients during training": [
        Figure(
            "figure-9",
            "Figure 9",
            "How far apart the layers' weight gradients are",
            "The largest layer's standard deviation over the smallest's: 1 means that all layers learn alike. Line: "
            "geometric mean over seeds. Band: all seeds. Which network's layers are further apart, early and late?",
            "The layers' weight gradients start alike. They diverge as a standard network trains and stay closer "
            "together in a normalized one.",
            "apart",
            layers_apart.draw,
            ("tanh", "tanh-n"),
            others=every_model,
        ),
        Figure(
            "figure-9-layers",
            "Figure 9",
            "Weight gradients of every layer",
            "Do the bands of the layers, a standard deviation to either side of the mean, move apart during training?",
            "",
            "monitored",
            intervals.weight_gradients,
            ("tanh", "tanh-n"),
            others=every_model,
            behind=True,
        ),
        Figure(
            "playback",
            "Beyond the paper",
            "Watch every layer learn",
            "Press Play, or move the slider. The axes stay the same, and those of gradients count powers of ten, so "
            "you can see them shrink and grow. Each row has its own height.",
            "",
            "histograms",
            playback.draw,
            ("tanh", "tanh-n", "softsign", "softsign-n", "sigmoid"),
            others=every_model,
            one_model=True,
            still=False,
        ),
    ],
    "The cost": [
        Figure(
            "figure-5",
            "Figure 5",
            "Two cost functions over two weights",
            "Dots mark plateaus: at that slope, walking the full width of the square would not reach the lowest cost. "
            "The network has one tanh unit between two weights and separates ten examples of two classes. The dark "
            "band is its valley. This is one draw of examples; the claim compares many.",
            "The quadratic cost has more plateaus, where gradient descent hardly moves.",
            SURFACES,
            cost_surfaces.draw,
        ),
    ],
    "Test errors": [
        Figure(
            "figure-11",
            "Figure 11",
            "Test error during training on new images at every step",
            "Line: the run with the best validation error. Band: all seeds. Where does each model end, and when does "
            "it leave chance?",
            "The sigmoid hardly leaves chance and tanh stays behind. Softsign and normalized tanh end close together. "
            "A network pre-trained without labels ends lowest.",
            "curves",
            error_curves.draw,
            tuple(PAPER_MODELS),
            others=every_model,
            endless=True,
            where_run=True,
        ),
        Figure(
            "figure-12",
            "Figure 12",
            "Test error during training on the same images every epoch",
            "Line: the run with the best validation error. Band: all seeds. Dashed: chance.",
            "The sigmoid learns last and ends highest on MNIST and CIFAR-10. Normalized tanh learns faster than "
            "standard tanh and ends lower, below or level with all others. Initialization matters less for softsign.",
            "curves",
            error_curves.draw,
            tuple(PAPER_MODELS),
            others=every_model,
            endless=False,
            found=error_curves.overfitted,
            where_run=True,
        ),
        Figure(
            "gap",
            "Beyond the paper",
            "Tanh: what normalized initialization gains, over time and width",
            "Line: mean over seeds. Band: all seeds. Above 0 the normalized network is ahead. Does its lead last, and "
            "does it grow with the width of the layers?",
            "One width and one moment: with 1,000 units, at the end of training, the lead was 11.55 points.",
            "gaps",
            gap.draw,
            endless=True,
        ),
        Figure(
            "depths",
            "Section 2.3",
            "The best depth of every model",
            "The lowest validation error of each model at each depth. A large dot marks a model's best depth. Which "
            "models do better when deeper?",
            "On Shapeset the best depth was five hidden layers, and four for the sigmoid.",
            "depths",
            depths.draw,
            tuple(PAPER_MODELS),
            others=every_model,
            where_run=True,
        ),
    ],
    "The data": [
        Figure(
            "figure-1",
            "Figure 1",
            "Examples of every class",
            "The first test images of every class. Networks have to name the class. Images of one class can differ "
            "more than images of different classes.",
            "",
            "examples",
            examples.draw,
            describes_data=True,
        ),
    ],
}
