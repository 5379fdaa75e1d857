"""The schema of every table that one stage leaves for another, by the name of its file."""

from dataclasses import dataclass, field

RUN = ("hidden_layers", "learning_rate", "seed")  # the columns that identify a run of a model
LARGEST = 1e38  # about float32's: what is larger has not been measured

WHOLE, NUMBER, PERHAPS = "whole numbers from 0 up", "finite numbers", "finite numbers or nothing"
TEXT, TRUTH = "texts", "truth values"
SHARE, SHARE_PERHAPS = "numbers from 0 to 1", "numbers from 0 to 1 or nothing"
OF_RUN = {"hidden_layers": WHOLE, "learning_rate": NUMBER, "seed": WHOLE}
OF_LAYER = {
    "activation_mean": PERHAPS,
    "activation_std": PERHAPS,
    "back_propagated_gradient_std": NUMBER,
    "weight_gradient_std": NUMBER,
}
OF_ERRORS = {"validation_error": SHARE, "test_error": SHARE}


@dataclass(frozen=True)
class Schema:
    """The columns of a table and the kind of each. Only the highest layer may lack a number."""

    key: dict[str, str]
    """the columns that identify a row"""
    columns: dict[str, str]
    """the other columns that every reader can rely on"""
    perhaps: dict[str, str] = field(default_factory=dict)
    """columns that a table may lack: of endless data sets, or in a record of earlier code"""
    layers_of: tuple[str, ...] = ()
    """the columns of a group whose layers are numbered from 1 without a gap"""
    texts: dict[str, set[str]] = field(default_factory=dict)
    """the texts that a column has, all of them in every group"""
    may_be_empty: bool = False
    """whether it may have no rows, as for one hidden layer or pre-trained weights"""


BOTH_MOMENTS = {"moment": {"initial", "final"}}
QUANTITIES = {"quantity": {"activation", "back_propagated_gradient", "weight_gradient"}}
SCHEMAS = {
    "runs": Schema(
        OF_RUN,
        {
            "chosen": TRUTH,
            **dict.fromkeys(["diverged_at", "kept_at"], PERHAPS),
            **{f"{at}{error}": SHARE_PERHAPS for at in ("", "last_") for error in OF_ERRORS},
        },
    ),
    "curves": Schema({**OF_RUN, "update": WHOLE}, OF_ERRORS, {"train_error": SHARE}),
    "monitored": Schema(
        {**OF_RUN, "update": WHOLE, "layer": WHOLE},
        {
            **OF_LAYER,
            "weight_gradient_mean": NUMBER,
            **dict.fromkeys(["activation_p2", "activation_p98"], PERHAPS),
            **{f"activation_tenth_{tenth}": SHARE_PERHAPS for tenth in range(1, 11)},
        },
        layers_of=(*OF_RUN, "update"),
    ),
    "histograms": Schema(
        {"update": WHOLE, "quantity": TEXT, "layer": WHOLE, "left": NUMBER},
        {"right": NUMBER, "density": NUMBER},
        layers_of=("update", "quantity"),
        texts=QUANTITIES,
    ),
    "predictions": Schema({**OF_RUN, "index": WHOLE}, {"label": WHOLE, "prediction": WHOLE}),
    "answers": Schema({"model": TEXT, "seed": WHOLE, "index": WHOLE}, {"label": WHOLE, "prediction": WHOLE}),
    "search": Schema(dict.fromkeys(["C", "gamma"], NUMBER), {"validation_error": SHARE, "chosen": TRUTH}),
    "network": Schema(
        {"learning_rate": NUMBER, "seed": WHOLE},
        {"chosen": TRUTH, "diverged_at": PERHAPS, "validation_error": SHARE_PERHAPS},
    ),
    "layers": Schema(
        {"moment": TEXT, "layer": WHOLE},
        {**OF_LAYER, "saturated_share": PERHAPS},
        layers_of=("moment",),
        texts=BOTH_MOMENTS,
    ),
    "jacobians": Schema(
        {"moment": TEXT, "layer": WHOLE},
        {"average_singular_value": NUMBER},
        layers_of=("moment",),
        texts=BOTH_MOMENTS,
        may_be_empty=True,
    ),
    "initial_jacobians": Schema(
        {"seed": WHOLE, "layer": WHOLE}, {"average_singular_value": NUMBER}, layers_of=("seed",), may_be_empty=True
    ),
    "spectra": Schema(
        {"moment": TEXT, "layer": WHOLE, "share": SHARE},
        {"singular_value": NUMBER},
        layers_of=("moment",),
        texts=BOTH_MOMENTS,
        may_be_empty=True,
    ),
    "theory": Schema(
        {"quantity": TEXT, "seed": WHOLE, "layer": WHOLE},
        {**dict.fromkeys(["measured", "linear", "mean_field"], NUMBER), "squared_slope": PERHAPS},
        layers_of=("quantity", "seed"),
        texts=QUANTITIES,
        may_be_empty=True,
    ),
    "photographs": Schema(
        {"label": WHOLE, "rank": WHOLE}, dict.fromkeys(["file", "wnid", "class", "flaw", "detail"], TEXT)
    ),
    "surfaces": Schema({"cost": TEXT, "weight_1": NUMBER, "weight_2": NUMBER}, {"value": NUMBER, "plateau": TRUTH}),
    "plateaus": Schema(
        {"cost": TEXT, "seed": WHOLE},
        dict.fromkeys(["plateau_share", "plateau_share_half_as_strict", "plateau_share_twice_as_strict"], SHARE),
    ),
    "seeds": Schema(
        {"dataset": TEXT, "model": TEXT, **OF_RUN},
        dict.fromkeys(["diverged_at", "kept_at", "validation_error_percent", "test_error_percent"], PERHAPS),
    ),
    "table1": Schema(
        {"dataset": TEXT, "model": TEXT},
        {
            **dict.fromkeys(["activation", "initialization"], TEXT),
            **dict.fromkeys(["mean_percent", "test_error_percent", "low_percent", "high_percent"], NUMBER),
            **dict.fromkeys(["margin_percent", "std_percent", "last_percent", "paper_percent"], PERHAPS),
            "learning_rate": NUMBER,
            "hidden_layers": WHOLE,
            "seeds": WHOLE,
            **dict.fromkeys(["at_chance", "marked"], TRUTH),
        },
    ),
}
