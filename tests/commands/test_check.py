"""Whatever is wrong in params.yaml is one line of `python -m commands.check`."""

import pytest
import yaml

from commands import check
from stages.running.errors import report_input_errors
from tests.conftest import REPOSITORY
from tests.tiny_project import edit


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "params.yaml").write_bytes((REPOSITORY / "params.yaml").read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_file_in_order_is_summed_up(folder, capsys):
    check.main()
    values = yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))
    assert capsys.readouterr().out.startswith(f"params.yaml is in order: {len(values['models'])} models on shapeset")


@pytest.mark.parametrize(
    ("dataset", "source"),
    [("small_imagenet", "nowhere/imagenet"), ("mnist", ["nowhere", "nowhere else"]), ("cifar10", "~/no such file")],
)
def test_a_local_source_that_is_missing_is_noticed_before_any_download(folder, monkeypatch, dataset, source):
    """Whichever place it has in the list; DVC would fetch the data sets before it first."""
    monkeypatch.setenv("HOME", str(folder))
    change = {"datasets": ["shapeset", "fashion_mnist", dataset]}
    edit(folder, lambda values: values.update(change) or values[dataset].update(source=source))
    with pytest.raises(SystemExit) as stopped:
        report_input_errors(check.main)
    said = " and ".join(source) if isinstance(source, list) else source.replace("~", str(folder))
    assert str(stopped.value.code).startswith(f"error: params.yaml: {dataset}.source is {said}, which is not there; ")


@pytest.mark.parametrize("source", [["nowhere", "https://example.org/mnist/"], ["nowhere", "params.yaml"], "fetched"])
def test_a_source_is_not_missing_where_one_place_may_have_it_or_it_is_fetched(folder, capsys, source):
    edit(folder, lambda values: values.update(datasets=["mnist"]) or values["mnist"].update(source=source))
    (folder / "data/raw/mnist" if source == "fetched" else folder / "other").mkdir(parents=True)
    check.main()
    assert "params.yaml is in order" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda values: values.update(scale="huge"), "scale is 'huge'; allowed: smoke, laptop, overnight, paper"),
        (lambda values: values.update(device="tpu"), "device is 'tpu'; allowed: auto, cpu, cuda"),
        (lambda values: values["models"]["tanh"].update(cost="cubic"), "models.tanh.cost is 'cubic'; allowed: cross_"),
        (lambda values: values["shapeset"].update(test=100), "monitored_examples is 300; allowed: at most 100, the"),
    ],
)
def test_what_is_wrong_is_one_line(folder, change, message):
    edit(folder, change)
    with pytest.raises(SystemExit) as stopped:
        report_input_errors(check.main)
    assert str(stopped.value.code).startswith("error: params.yaml: ")
    assert message in str(stopped.value.code)
    assert "\n" not in str(stopped.value.code)


def test_a_file_that_is_no_yaml_is_one_line(folder):
    (folder / "params.yaml").write_text("scale: [" * 10 + "\n", encoding="utf-8")
    with pytest.raises(SystemExit, match=r"params\.yaml: line 2 is not YAML: [^\n]*$"):
        report_input_errors(check.main)


def test_a_gpu_that_is_not_here_is_noticed_unless_a_cluster_trains(folder, monkeypatch, capsys):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    edit(folder, lambda values: values.update(device="cuda"))
    with pytest.raises(
        SystemExit, match="device is 'cuda', but torch finds no GPU on this machine; allowed: auto, cpu"
    ):
        report_input_errors(check.main)
    monkeypatch.setenv("DIFFICULTY_EXECUTOR", "ray")
    check.main()
    assert "params.yaml is in order" in capsys.readouterr().out
