"""docs/licences.md is the list of the pinned packages; their own metadata say the same."""

import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution

import pytest
import yaml
from packaging.requirements import Requirement

from tests.conftest import REPOSITORY

LIST = (REPOSITORY / "docs/licences.md").read_text(encoding="utf-8")
ROWS = re.findall(r"(?m)^\| (\S+) \| (\d\S*) \| (.+) \|$", LIST)
LOCKED = [Requirement(line) for line in (REPOSITORY / "requirements.lock").read_text(encoding="utf-8").splitlines()]


def told(package: Distribution) -> set[str]:
    """Every licence that a package says it has: in its metadata, as a classifier, and as its licence's first line."""
    metadata = package.metadata
    classifiers = metadata.get_all("Classifier", [])
    words = {one.rpartition(" :: ")[2] for one in classifiers if one.startswith("License ::")}
    words |= {metadata.get("License-Expression"), metadata.get("License")}
    files = [file for file in package.files or [] if "dist-info" in str(file)]
    texts = [file for file in files if file.name.upper().startswith("LICENSE")]
    return words | {text.read_text(encoding="utf-8").split("\n")[0].strip() for text in texts}


def test_every_pinned_package_is_listed_with_its_version_and_none_beside():
    pins = [(one.name, str(one.specifier).removeprefix("==")) for one in LOCKED]
    assert [(name, version) for name, version, _ in ROWS] == pins
    assert len(pins) > 100


def test_every_licence_is_named():
    assert [name for name, _, licence in ROWS if licence.upper() == "UNKNOWN" or not re.search("[A-Z]", licence)] == []


@pytest.mark.parametrize(("name", "version", "licence"), ROWS)
def test_the_licence_is_what_the_installed_package_says(name, version, licence):
    try:
        package = distribution(name)
    except PackageNotFoundError:
        pytest.skip(f"{name} is not installed for this Python")
    if package.version.partition("+")[0] != version:
        pytest.skip(f"{name} {package.version} is installed, not {version}")
    assert set(licence.split("; ")) <= told(package)


def test_the_list_is_no_output_of_the_pipeline():
    stages = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    outputs = [
        next(iter(output)) if isinstance(output, dict) else output
        for stage in stages.values()
        for output in [*stage.get("outs", []), *stage.get("metrics", [])]
    ]
    assert "reports/site" in outputs
    assert not [output for output in outputs if output.startswith("docs")]
