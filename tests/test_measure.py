"""What is measured on a network, against autograd and counting; and the files that the stage writes."""

from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from safetensors.numpy import load_file, save_file

from stages import measure
from stages.datasets.dataset import find_dataset
from stages.handover.prepared import write_about
from stages.network.perceptron import back_propagate, initialize, parameters
from stages.params import Model, load_params
from stages.statistics import theory
from stages.statistics.jacobians import DECOMPOSED_EXAMPLES, SHARES
from tests.synthetic_results import write_params

SIZES = [7, 6, 5, 4, 3]  # no two layers alike: another pairing would not multiply
CLASSES = 9
TABLES = ("layers", "jacobians", "spectra", "initial_jacobians", "theory")


@pytest.fixture
def network():
    return initialize(SIZES, Model("tanh", "normalized"), seed=4)


@pytest.fixture
def passes(network):
    generator = torch.Generator().manual_seed(2)
    inputs = torch.rand(40, SIZES[0], generator=generator) * 2 - 1
    return back_propagate(network, inputs, torch.randint(0, SIZES[-1], (40,), generator=generator), "cross_entropy")


def test_jacobians_are_between_neighbouring_hidden_layers(network, passes):
    """Row i is of ∂z^{i+1}/∂z^i as autograd finds it, at the z^i of the first examples."""
    expected = []
    for layer in (1, 2):
        weight, bias = network.weights[layer], network.biases[layer][0]
        jacobians = torch.stack(
            [
                torch.autograd.functional.jacobian(lambda z, weight=weight, bias=bias: torch.tanh(z @ weight + bias), z)
                for z in passes.activations[layer][:DECOMPOSED_EXAMPLES]
            ]
        )
        assert jacobians.shape[1:] == (SIZES[layer + 1], SIZES[layer])
        expected.append(torch.linalg.svdvals(jacobians).numpy())
    spectra = measure.singular_values(network, passes)
    rows = measure.jacobian_rows(spectra)
    assert [row["layer"] for row in rows] == [1, 2]
    averages = [found.mean() for found in expected]
    assert [row["average_singular_value"] for row in rows] == pytest.approx(averages, rel=1e-5)
    assert averages[0] != pytest.approx(averages[1], rel=0.01)
    quantiles = pd.DataFrame(measure.spectrum_rows(spectra))
    for layer, found in enumerate(expected, start=1):
        of_layer = quantiles[quantiles["layer"] == layer]
        assert list(of_layer["share"]) == SHARES.tolist()
        np.testing.assert_allclose(of_layer["singular_value"], np.quantile(found, of_layer["share"]), rtol=1e-4)


def test_hidden_layers_have_their_saturated_share(network, passes):
    """The share of hidden units where 1 − tanh² is below 0.05; the output layer has none."""
    network.weights[1].mul_(8)
    passes = back_propagate(network, passes.activations[0], torch.zeros(40, dtype=torch.int64), "cross_entropy")
    rows = measure.layer_rows(network, passes)
    assert [row["layer"] for row in rows] == [1, 2, 3, 4]
    shares = [float(np.mean(1 - z.double().numpy() ** 2 < 0.05)) for z in passes.activations[1:]]
    assert [row["saturated_share"] for row in rows[:-1]] == pytest.approx(shares, abs=1e-6)
    assert shares[1] > 0.1
    assert "saturated_share" not in rows[-1]


def test_theory_is_compared_in_float64_on_the_first_examples(network, passes, monkeypatch):
    """The measured variances are those of the same network in numpy, without float32's rounding."""
    monkeypatch.setattr(theory, "COMPARED_EXAMPLES", 30)
    inputs, labels = passes.activations[0], torch.arange(40) % SIZES[-1]
    table = pd.DataFrame(measure.theory_rows(network, inputs, labels, "cross_entropy"))
    z = inputs[:30].numpy().astype(float)
    for layer, weight in enumerate(network.weights[:-1], start=1):
        z = np.tanh(z @ weight.numpy().astype(float))
        (found,) = table.loc[(table["layer"] == layer) & (table["quantity"] == "activation"), "measured"]
        assert found == pytest.approx(z.var(), rel=1e-12)
    assert network.weights[0].dtype == torch.float32


@pytest.fixture
def restored():
    """Put back what the stage sets for its whole process."""
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)
    torch.set_flush_denormal(False)


def measured(
    root, monkeypatch, hidden_layers: int, input_range: str = "signed", recipe=MappingProxyType({})
) -> dict[str, bytes]:
    """Write images and parameters and run the stage on them; return the tables it wrote.

    The initial parameters are those that seed 0 draws, the final ones those that seed 1 draws.
    """
    monkeypatch.chdir(root)
    write_params(root, {"tanh": ("tanh", "standard")})
    values = yaml.safe_load((root / "params.yaml").read_text(encoding="utf-8"))
    values["scales"]["made_up"] |= {"hidden_layers": [hidden_layers], "hidden_units": 200}
    values["shapeset"]["input_range"] = input_range
    values["models"]["tanh"] |= recipe
    (root / "params.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    random = np.random.default_rng(1)
    prepared, runs = root / "data/prepared/shapeset", root / "data/runs/shapeset/tanh"
    for folder in (prepared, runs):
        folder.mkdir(parents=True, exist_ok=True)
    images, labels = random.integers(0, 256, (400, 32, 32), dtype=np.uint8), np.arange(400) % CLASSES
    save_file({"images": images, "labels": labels}, prepared / "test.safetensors")
    write_about(prepared, find_dataset("shapeset").about)
    for seed, moment in enumerate(measure.MOMENTS):
        network = initialize([1024, *[200] * hidden_layers, CLASSES], Model("tanh", "standard"), seed)
        save_file(parameters(network), runs / f"{moment}.safetensors")
    monkeypatch.setattr("sys.argv", ["measure", "shapeset", "tanh"])
    measure.main(load_params())
    return {table: (root / "data/measured/shapeset/tanh" / f"{table}.parquet").read_bytes() for table in TABLES}


@pytest.mark.usefixtures("restored")
def test_tables_do_not_depend_on_the_number_of_threads(tmp_path, monkeypatch):
    tables = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        tables.append(measured(tmp_path, monkeypatch, hidden_layers=3))
    assert tables[0] == tables[1]


@pytest.mark.usefixtures("restored")
@pytest.mark.parametrize("input_range", ["signed", "unit"])
def test_each_moment_is_of_its_own_parameters(tmp_path, monkeypatch, input_range):
    measured(tmp_path, monkeypatch, hidden_layers=2, input_range=input_range)
    layers = table(tmp_path, "layers")
    assert list(layers["moment"]) == ["initial"] * 3 + ["final"] * 3
    images = load_file(tmp_path / "data/prepared/shapeset/test.safetensors")["images"][:300]
    for moment in measure.MOMENTS:
        arrays = load_file(tmp_path / f"data/runs/shapeset/tanh/{moment}.safetensors")
        grey = images.reshape(300, -1) / 255
        z = np.tanh((grey * 2 - 1 if input_range == "signed" else grey) @ arrays["weight_1"].astype(float))
        (found,) = layers.loc[(layers["moment"] == moment) & (layers["layer"] == 1), "activation_mean"]
        assert found == pytest.approx(z.mean(), abs=1e-5)
    assert layers["activation_mean"].nunique() == 4


@pytest.mark.usefixtures("restored")
@pytest.mark.parametrize(
    ("name", "columns", "rows"),
    [
        ("jacobians", ["moment", "layer", "average_singular_value"], 2),
        ("initial_jacobians", ["seed", "layer", "average_singular_value"], 2),
        ("spectra", ["moment", "layer", "share", "singular_value"], 2 * len(SHARES)),
    ],
)
def test_one_hidden_layer_has_tables_of_jacobians_without_rows(tmp_path, monkeypatch, name, columns, rows):
    tables = {}
    for hidden_layers in (1, 2):
        measured(tmp_path, monkeypatch, hidden_layers)
        tables[hidden_layers] = pd.read_parquet(tmp_path / "data/measured/shapeset/tanh" / f"{name}.parquet")
    assert list(tables[1]) == list(tables[2]) == columns
    assert len(tables[1]) == 0
    assert len(tables[2]) == rows
    assert tables[1].dtypes.equals(tables[2].dtypes)


def table(root, name: str) -> pd.DataFrame:
    return pd.read_parquet(root / "data/measured/shapeset/tanh" / f"{name}.parquet")


@pytest.mark.usefixtures("restored")
def test_theory_is_of_the_parameters_of_every_seed_before_training(tmp_path, monkeypatch):
    measured(tmp_path, monkeypatch, hidden_layers=2)
    theory, layers = table(tmp_path, "theory"), table(tmp_path, "layers")
    assert list(theory) == ["seed", "layer", "quantity", "measured", "linear", "mean_field", "squared_slope"]
    assert set(theory["seed"]) == {0, 1}
    drawn_by = {0: "initial", 1: "final"}
    for (seed, quantity), rows in theory.groupby(["seed", "quantity"]):
        of_seed = layers[layers["moment"] == drawn_by[seed]].set_index("layer")
        expected = of_seed.loc[rows["layer"], f"{quantity}_std"] ** 2
        np.testing.assert_allclose(rows["measured"], expected, rtol=1e-4)
    assert (theory[["linear", "mean_field"]] > 0).all(axis=None)
    assert theory.loc[theory["layer"] == 1, "measured"].nunique() == 6  # seeds, quantities


@pytest.mark.usefixtures("restored")
def test_the_squared_slope_is_that_of_tanh(tmp_path, monkeypatch):
    """The mean of (1 − tanh²)² over a hidden layer; the output layer has none."""
    measured(tmp_path, monkeypatch, hidden_layers=2)
    theory = table(tmp_path, "theory")
    images = load_file(tmp_path / "data/prepared/shapeset/test.safetensors")["images"][:300]
    z = images.reshape(300, -1) / 255 * 2 - 1
    arrays = load_file(tmp_path / "data/runs/shapeset/tanh/initial.safetensors")
    for layer in (1, 2):
        z = np.tanh(z @ arrays[f"weight_{layer}"].astype(float))
        found = theory.loc[(theory["seed"] == 0) & (theory["layer"] == layer), "squared_slope"]
        assert found.tolist() == pytest.approx([np.mean((1 - z**2) ** 2)] * 3, rel=1e-5)
    assert theory.loc[theory["layer"] == 3, "squared_slope"].isna().all()


@pytest.mark.usefixtures("restored")
def test_jacobians_of_every_seed_are_those_of_its_parameters(tmp_path, monkeypatch):
    measured(tmp_path, monkeypatch, hidden_layers=3)
    found, expected = table(tmp_path, "initial_jacobians"), table(tmp_path, "jacobians")
    assert list(found["seed"]) == [0, 0, 1, 1]
    assert list(found["layer"]) == [1, 2, 1, 2]
    np.testing.assert_allclose(found["average_singular_value"], expected["average_singular_value"], rtol=1e-5)
    assert found["average_singular_value"].nunique() == 4


@pytest.mark.usefixtures("restored")
def test_pretrained_networks_have_no_random_ones(tmp_path, monkeypatch):
    settings = {"decoder": "linear", "corruption": "masking", "level": 0.1, "learning_rate": 0.1}
    recipe = {"pretraining": settings | {"updates": {"made_up": 5}}}
    measured(tmp_path, monkeypatch, hidden_layers=2, recipe=recipe)
    assert len(table(tmp_path, "layers")) == 6
    assert len(table(tmp_path, "theory")) == len(table(tmp_path, "initial_jacobians")) == 0


@pytest.mark.usefixtures("restored")
def test_of_weights_that_fit_the_data_only_the_chosen_runs_are_compared_with_theory(tmp_path, monkeypatch):
    """Its seed is in runs.parquet, its parameters in the file."""
    runs = pd.DataFrame({"hidden_layers": 2, "learning_rate": 0.1, "seed": [0, 4], "chosen": [False, True]})
    errors = [f"{at}{split}_error" for at in ("", "last_") for split in ("validation", "test")]
    runs = runs.assign(diverged_at=pd.array([None, None], dtype="Int64"), kept_at=3, **dict.fromkeys(errors, 0.5))
    folder = tmp_path / "data/runs/shapeset/tanh"
    folder.mkdir(parents=True)
    runs.to_parquet(folder / "runs.parquet")
    measured(tmp_path, monkeypatch, hidden_layers=2, recipe={"initialization": "lsuv"})
    theory, layers = table(tmp_path, "theory"), table(tmp_path, "layers")
    assert set(theory["seed"]) == set(table(tmp_path, "initial_jacobians")["seed"]) == {4}
    initial = layers[(layers["moment"] == "initial") & (layers["layer"] < 3)]
    activations = theory.loc[theory["quantity"] == "activation", "measured"]
    np.testing.assert_allclose(activations, initial["activation_std"] ** 2, rtol=1e-4)
