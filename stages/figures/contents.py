"""What the page shows, in the paper's order: each figure with its words, the models in it, and how it is drawn."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import altair as alt
import pandas as pd

from stages.claims.table1 import PAPER_MODELS
from stages.figures import (
    activation_means,
    activation_spread,
    cost_surfaces,
    error_curves,
    examples,
    histograms,
    jacobians,
    spectra,
    theory,
    weight_gradients,
)
from stages.params import Model

OF_DATASETS = {  # what figure 1 says of each data set
    "shapeset": "Up to two shapes in random places, sizes, angles and greys; the task is to name which shapes there "
    "are. One shape may hide up to half of the other, so outlines matter more than single pixels. There is no end of "
    "images: networks are trained on ever new ones.",
    "mnist": "Handwritten digits, 28×28 pixels in grey, centred and of one size: by far the easiest of the four data "
    "sets. In the paper the five networks end within 0.6 percentage points of each other.",
    "cifar10": "Photographs of animals and vehicles, 32×32 pixels in colour. In pixels, the same thing in another "
    "pose, light or colour is another thing altogether: in the paper all five networks name more than half of the "
    "test images wrongly.",
    "small_imagenet": "Photographs from ImageNet in ten wide classes, cut to a square and shrunk to 37×37 pixels in "
    "grey. What belongs to a class may look like nothing else in it: in the paper all five networks name about seven "
    "of ten test images wrongly.",
}


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


@dataclass(frozen=True)
class Figure:
    """One figure of the page.

    key: its name in file names and links. label: its place in the paper. table: what it is drawn from, one of
    `stages.figures.results.Results`, or SURFACES, which are of none of the data sets. models: the paper's models in it,
    top to bottom.
    further: which models that are not the paper's are shown after them. paper_hidden_layers: how deep the
    network of the paper's figure is, where that has to be said. endless: True where it is of endless data sets only,
    False where of finite ones only. of_datasets: what is said of each data set beside its chart.
    """

    key: str
    label: str
    title: str
    caption: str
    table: str
    draw: Callable[[pd.DataFrame], alt.TopLevelMixin]
    models: tuple[str, ...] = ()
    further: Callable[[Model], bool] = no_model
    paper_hidden_layers: int | None = None
    endless: bool | None = None
    of_datasets: Mapping[str, str] = field(default_factory=dict)


SECTIONS = {
    "The data": [
        Figure(
            "figure-1",
            "Figure 1",
            "Examples of every class",
            "The first test images of every class: what the networks are asked to name.",
            "examples",
            examples.draw,
            of_datasets=OF_DATASETS,
        ),
    ],
    "Saturation during training": [
        Figure(
            "figure-2",
            "Figure 2",
            "Sigmoid: mean and spread of each layer's activations",
            "Follow the top layer. In the paper it is pressed against 0, where the sigmoid is flat, within the first "
            "updates and stays there for a long time, while the layers below it keep means of about 0.5 and more. "
            "There, with four hidden layers, the top layer comes back late in training; with five it never did.",
            "monitored",
            activation_means.draw,
            ("sigmoid",),
            further=of_sigmoid_units,
            paper_hidden_layers=4,
        ),
        Figure(
            "figure-3",
            "Figure 3",
            "Tanh and softsign: how close each layer's activations come to ±1",
            "Dots near 1 are a saturated layer. In the paper tanh layers saturate one after the other, the first "
            "layer first; softsign layers saturate less, and all at about the same time.",
            "monitored",
            activation_spread.draw,
            ("tanh", "softsign"),
            further=every_model,
        ),
        Figure(
            "figure-4",
            "Figure 4",
            "Activations at the end of training",
            "In the paper tanh activations of the lower layers pile up at −1 and 1, where the gradient vanishes; those "
            "of softsign gather around ±0.6 to ±0.8, where it bends but is not flat.",
            "histograms",
            histograms.final_activations,
            ("tanh", "softsign"),
            further=every_model,
        ),
    ],
    "The cost": [
        Figure(
            "figure-5",
            "Figure 5",
            "Two costs over two weights",
            "Look for flat places that are not the bottom: the dots. A network of one input, one tanh unit of weight "
            "W1, and a softmax over two classes whose pre-activations are 0 and W2 times the unit's activation has to "
            "tell ten random examples of two classes apart, without biases. The quadratic cost has wide plateaus, on "
            "which gradient descent hardly moves; cross-entropy is steep almost everywhere. Dots mark plateaus: a "
            "straight way down, as steep all along as it is there, would not reach the lowest cost within one side of "
            "the square. The dark band is the valley.",
            SURFACES,
            cost_surfaces.draw,
        ),
    ],
    "Initialization": [
        Figure(
            "figure-6",
            "Figure 6",
            "Activations at initialization",
            "With the standard initialization each layer's activations are narrower than those of the layer below; "
            "with the normalized one they keep most of their width all the way up.",
            "histograms",
            histograms.initial_activations,
            ("tanh", "tanh-n"),
            further=every_model,
        ),
        Figure(
            "figure-7",
            "Figure 7",
            "Back-propagated gradients at initialization",
            "The same picture upside down: with the standard initialization the gradient shrinks on its way from the "
            "top layer to the first; with the normalized one it keeps more of its width. "
            "Each panel has its own axes.",
            "histograms",
            histograms.initial_back_propagated_gradients,
            ("tanh", "tanh-n"),
            further=every_model,
        ),
        Figure(
            "figure-8",
            "Figure 8",
            "Weight gradients at initialization",
            "Shrinking activations and shrinking gradients make up for each other: the weight gradients have about "
            "the same width in every layer, with either initialization. Each panel has its own axes.",
            "histograms",
            histograms.initial_weight_gradients,
            ("tanh", "tanh-n"),
            further=every_model,
        ),
        Figure(
            "jacobians",
            "Section 4.2.1",
            "Average singular value from each layer to the next",
            "By how much a small change of one layer's activations grows or shrinks in the next. The paper reports "
            "about 0.5 for tanh with the standard and 0.8 with the normalized initialization; 1 would keep its size.",
            "jacobians",
            jacobians.draw,
            tuple(PAPER_MODELS),
            further=every_model,
        ),
        Figure(
            "spectra",
            "Section 4.2.1",
            "All singular values from each layer to the next",
            "The averages above hide how unequal the singular values are: some directions of a layer are passed on at "
            "several times their size while others all but vanish. The paper reports only the averages.",
            "spectra",
            spectra.draw,
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
            "theory",
            theory.draw,
            tuple(PAPER_MODELS),
            further=every_model,
        ),
    ],
    "Gradients during training": [
        Figure(
            "figure-9",
            "Figure 9",
            "Weight gradients during training",
            "In the paper the layers' weight gradients, alike at first, come to differ in size as a standard network "
            "trains, and stay closer together in a normalized one. The axis is logarithmic: equal distances are equal "
            "ratios.",
            "monitored",
            weight_gradients.draw,
            ("tanh", "tanh-n"),
            further=every_model,
        ),
        Figure(
            "figure-10",
            "Figure 10",
            "Tanh with normalized initialization: activations during training",
            "To be read beside the tanh panel of figure 3: do the layers start closer together, and does the first "
            "still run ahead of the others?",
            "monitored",
            activation_spread.draw,
            ("tanh-n",),
        ),
    ],
    "Test errors": [
        Figure(
            "figure-11",
            "Figure 11",
            "Test error during training on ever new images",
            "The chosen run of every model, in a band from the lowest to the highest of its seeds. In the paper the "
            "sigmoid hardly leaves chance, tanh stays behind, and the other three end close together.",
            "curves",
            error_curves.draw,
            tuple(PAPER_MODELS),
            further=every_model,
            endless=True,
        ),
        Figure(
            "figure-12",
            "Figure 12",
            "Test error during training on the same images every epoch",
            "To be read as figure 11. In the paper the sigmoid learns last and ends highest on MNIST and on CIFAR-10; "
            "with the normalized initialization tanh learns faster than with the standard one and ends lower, below or "
            "level with all others; to softsign the initialization makes less of a difference.",
            "curves",
            error_curves.draw,
            tuple(PAPER_MODELS),
            further=every_model,
            endless=False,
        ),
    ],
}
