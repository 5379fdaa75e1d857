"""What the page shows, in the paper's order: each figure with its words, the models in it, and how it is drawn."""

from collections.abc import Callable
from dataclasses import dataclass

import altair as alt
import pandas as pd

from stages.claims.table1 import PAPER_MODELS
from stages.figures import (
    activation_means,
    activation_spread,
    cost_surfaces,
    depths,
    error_curves,
    examples,
    histograms,
    jacobians,
    playback,
    spectra,
    theory,
    weight_gradients,
)
from stages.params import Model

SURFACES = "surfaces"


def no_model(recipe: Model) -> bool:
    """No model beside the paper's."""
    return False


def every_model(recipe: Model) -> bool:
    """Every model of params.yaml."""
    return True


def of_sigmoid_units(recipe: Model) -> bool:
    """Those with the sigmoid, of whatever depth or beginning."""
    return recipe.activation == "sigmoid"


def of_other_units(recipe: Model) -> bool:
    """Those with any other activation."""
    return not of_sigmoid_units(recipe)


def of_random_weights(recipe: Model) -> bool:
    """Those whose training begins from random weights, which theory is of: not from pre-trained ones."""
    return recipe.pretraining is None


@dataclass(frozen=True)
class Figure:
    """One figure of the page.

    key: its name in file names and links. label: its place in the paper. look: what to look for. paper: what the paper
    found, where it shows this. table: what it is drawn from, one of `stages.figures.results.Results`, or SURFACES,
    which are of none of the data sets. claims: those that it bears on, by their names in `stages.claims.ledger`.
    models: the paper's models in it, top to bottom. further: which models that are not the paper's are shown after
    them. paper_hidden_layers: how deep the network of the paper's figure is, where that has to be said. endless: True
    where it is of endless data sets only, False where of finite ones only. still: whether it is a picture too.
    describes_data: whether each data set's own words stand beside its chart.
    """

    key: str
    label: str
    title: str
    look: str
    paper: str
    table: str
    draw: Callable[[pd.DataFrame], alt.TopLevelMixin]
    claims: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    further: Callable[[Model], bool] = no_model
    paper_hidden_layers: int | None = None
    endless: bool | None = None
    still: bool = True
    describes_data: bool = False


SECTIONS = {
    "The data": [
        Figure(
            "figure-1",
            "Figure 1",
            "Examples of every class",
            "These are the first test images of every class: what the networks are asked to name. See how much images "
            "of one class differ, and how little some of different classes do.",
            "",
            "examples",
            examples.draw,
            describes_data=True,
        ),
    ],
    "Saturation during training": [
        Figure(
            "figure-2",
            "Figure 2",
            "Sigmoid: mean and spread of each layer's activations",
            "Follow the top layer: is it pressed against 0, where the sigmoid is flat? Then see whether it ever comes "
            "back.",
            "The top layer falls to 0 within the first updates and stays there for a long time, while the layers below "
            "keep means of about 0.5 and more. With four hidden layers it comes back late in training; with five it "
            "never did.",
            "monitored",
            activation_means.draw,
            ("sigmoid-top-saturates", "sigmoid-depth4-escapes", "sigmoid-pretrained-escapes"),
            ("sigmoid",),
            further=of_sigmoid_units,
            paper_hidden_layers=4,
        ),
        Figure(
            "figure-3",
            "Figure 3",
            "Tanh and softsign: how close each layer's activations come to ±1",
            "Dots near 1 are a saturated layer. Look for the order in which the layers get there.",
            "Tanh layers saturate one after the other, the first layer first; softsign layers saturate less, and all "
            "at about the same time.",
            "monitored",
            activation_spread.draw,
            ("tanh-saturates-in-order", "softsign-saturates-together"),
            ("tanh", "softsign"),
            further=of_other_units,
        ),
        Figure(
            "figure-4",
            "Figure 4",
            "Activations at the end of training",
            "Look where each layer's activations pile up. At −1 and 1 the gradient vanishes; around 0 the unit is as "
            "good as linear.",
            "Tanh activations of the lower layers pile up at −1 and 1; those of softsign gather around ±0.6 to ±0.8, "
            "where it bends but is not flat.",
            "histograms",
            histograms.final_activations,
            ("tanh-ends-at-extremes",),
            ("tanh", "softsign"),
            further=of_other_units,
        ),
    ],
    "The cost": [
        Figure(
            "figure-5",
            "Figure 5",
            "Two costs over two weights",
            "Look for dots: they mark plateaus, where the way down is too gentle to reach the lowest cost within one "
            "side of the square. The network has one tanh unit between two weights and tells ten examples of two "
            "classes apart; the dark band is its valley.",
            "The quadratic cost has more plateaus, on which gradient descent hardly moves.",
            SURFACES,
            cost_surfaces.draw,
            ("cross-entropy-fewer-plateaus",),
        ),
    ],
    "Initialization": [
        Figure(
            "figure-6",
            "Figure 6",
            "Activations at initialization",
            "Compare the layers' widths. A layer whose activations are narrower passes on less than it gets.",
            "With the standard initialization each layer is narrower than the one below; with the normalized one they "
            "keep most of their width all the way up.",
            "histograms",
            histograms.initial_activations,
            ("standard-activations-shrink",),
            ("tanh", "tanh-n"),
            further=every_model,
        ),
        Figure(
            "figure-7",
            "Figure 7",
            "Back-propagated gradients at initialization",
            "The same picture upside down: gradients start at the top layer and go down. Each panel has its own axes.",
            "With the standard initialization the gradient shrinks on its way to the first layer; with the normalized "
            "one it keeps more of its width.",
            "histograms",
            histograms.initial_back_propagated_gradients,
            ("standard-gradients-shrink",),
            ("tanh", "tanh-n"),
            further=every_model,
        ),
        Figure(
            "figure-8",
            "Figure 8",
            "Weight gradients at initialization",
            "Shrinking activations and shrinking gradients make up for each other here. Each panel has its own axes.",
            "The weight gradients have about the same width in every layer, with either initialization.",
            "histograms",
            histograms.initial_weight_gradients,
            ("weight-gradients-level",),
            ("tanh", "tanh-n"),
            further=every_model,
        ),
        Figure(
            "theory",
            "Section 4.2.1",
            "Every layer's variances, as predicted and as measured",
            "Dots are measured. Dashed lines are the paper's argument, which takes every unit for linear; solid lines "
            "are exact for layers of infinitely many units, whatever their activation. Where the two part, the linear "
            "argument stops holding.",
            "Variances are multiplied from layer to layer by n·Var[W]: by a third with the standard initialization, "
            "by about 1 with the normalized one.",
            "theory",
            theory.draw,
            ("variance-matches-theory",),
            tuple(PAPER_MODELS),
            further=of_random_weights,
        ),
        Figure(
            "jacobians",
            "Section 4.2.1",
            "Average singular value from each layer to the next",
            "By how much a small change of one layer's activations grows or shrinks in the next, on average over all "
            "directions. Look which models stay near 1, where it would keep its size, and whether training brings the "
            "others there.",
            "About 0.5 for tanh with the standard and 0.8 with the normalized initialization.",
            "jacobians",
            jacobians.draw,
            ("jacobian-closer-to-one",),
            tuple(PAPER_MODELS),
            further=every_model,
        ),
        Figure(
            "spectra",
            "Section 4.2.1",
            "All singular values from each layer to the next",
            "The averages above hide how unequal the singular values are: some directions of a layer are passed on at "
            "several times their size while others all but vanish. Look how steep the lines are, and how training "
            "(from dashed to solid) tilts them.",
            "It reports only the averages.",
            "spectra",
            spectra.draw,
            (),
            ("tanh", "tanh-n"),
            further=every_model,
        ),
    ],
    "Gradients during training": [
        Figure(
            "figure-9",
            "Figure 9",
            "Weight gradients during training",
            "Look how far apart the layers are: on the logarithmic axis equal distances are equal ratios. Then see "
            "whether they move apart as the network trains.",
            "The layers' weight gradients, alike at first, come to differ in size as a standard network trains, and "
            "stay closer together in a normalized one.",
            "monitored",
            weight_gradients.draw,
            ("standard-weight-gradients-diverge",),
            ("tanh", "tanh-n"),
            further=every_model,
        ),
        Figure(
            "figure-10",
            "Figure 10",
            "Tanh with normalized initialization: activations during training",
            "To be read beside the tanh panel of figure 3. Do the layers start closer together, and does the first "
            "still run ahead of the others?",
            "They start closer together and stay so for longer.",
            "monitored",
            activation_spread.draw,
            (),
            ("tanh-n",),
        ),
        Figure(
            "playback",
            "Beyond the paper",
            "Watch every layer learn",
            "Move the slider: it shows all layers' activations and gradients at that time of training, of the model "
            "that you choose. The axes follow the gradients' size.",
            "",
            "histograms",
            playback.draw,
            (),
            tuple(PAPER_MODELS),
            further=every_model,
            still=False,
        ),
    ],
    "Test errors": [
        Figure(
            "figure-11",
            "Figure 11",
            "Test error during training on ever new images",
            "The chosen run of every model, in a band from the lowest to the highest of its seeds. Look where each "
            "ends, and when it leaves chance.",
            "The sigmoid hardly leaves chance, tanh stays behind, softsign and normalized tanh end close together, and "
            "a network that was pre-trained without labels ends lowest.",
            "curves",
            error_curves.draw,
            (
                "normalized-beats-standard-tanh",
                "softsign-robust",
                "sigmoid-worst",
                "pretraining-best",
                "second-order-helps",
                "width-profile-irrelevant",
                "deep-beats-svm",
            ),
            tuple(PAPER_MODELS),
            further=every_model,
            endless=True,
        ),
        Figure(
            "figure-12",
            "Figure 12",
            "Test error during training on the same images every epoch",
            "Look where each model ends, and when it leaves chance, the dashed line. Bands are as in figure 11; where "
            "a curve turns up again, the network has begun to learn its training images by heart.",
            "The sigmoid learns last and ends highest on MNIST and on CIFAR-10; with the normalized initialization "
            "tanh learns faster than with the standard one and ends lower, below or level with all others; to softsign "
            "the initialization makes less of a difference.",
            "curves",
            error_curves.draw,
            ("same-on-real-data",),
            tuple(PAPER_MODELS),
            further=every_model,
            endless=False,
        ),
        Figure(
            "depths",
            "Section 2.3",
            "The best depth of every model",
            "The lowest validation error that each model reached with each number of hidden layers that it was tried "
            "with. Look for the large dots, each model's best: do deeper networks do better, and for which models "
            "not?",
            "The best depth on Shapeset was five hidden layers, and for the sigmoid four.",
            "runs",
            depths.draw,
            ("best-depth",),
            tuple(PAPER_MODELS),
            further=every_model,
        ),
    ],
}
