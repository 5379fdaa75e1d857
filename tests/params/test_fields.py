"""Each type of a value: what it takes, and that it takes nothing that only looks like it."""

import math

import pytest
from pydantic import TypeAdapter, ValidationError

from stages.params.fields import (
    Checksum,
    Name,
    Named,
    OneOrSeveral,
    Optional,
    Place,
    Positive,
    Profile,
    Several,
    Share,
    Tens,
    Truth,
)

CHECKSUM = "4e9" + "D" * 61  # YAML's texts that begin as small numbers do


@pytest.mark.parametrize(
    ("kind", "value", "read"),
    [
        (Truth, True, True),
        (Positive, 1, 1.0),
        (Positive, 1e-320, 1e-320),
        (Share, 1000, 1000.0),
        (Tens, 30, 30),
        (Name, "tanh-n_2", "tanh-n_2"),
        (Name, "a" * 100, "a" * 100),
        (Place, "../mnist", "../mnist"),
        (Place, "HTTPS://127.0.0.1/", "HTTPS://127.0.0.1/"),
        (Checksum, CHECKSUM, CHECKSUM.lower()),
        (Several[Positive], [2, 1], [2.0, 1.0]),
        (Profile, [1, 1], [1.0, 1.0]),
        (OneOrSeveral[Place], "mnist", ["mnist"]),
        (OneOrSeveral[Place], ["mnist", "more"], ["mnist", "more"]),
        (Named[Name, Positive], {"a": 1}, {"a": 1.0}),
    ],
)
def test_a_value_in_range_is_read(kind, value, read):
    found = TypeAdapter(kind).validate_python(value, context="params.yaml")
    assert (found, type(found)) == (read, type(read))


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (Truth, [0, 1, "true", None]),
        (Positive, [True, "1", 0, -1, math.nan, math.inf, 10**400, None]),
        (Share, [True, 0, 1000.1, math.nan]),
        (Tens, [True, "10", 0, 5, 15, 10.0, 10**7 + 10]),
        (Name, ["", "Tanh", "tanh n", "-tanh", "tanh\n", "a" * 101, 5, b"tanh"]),
        (Place, ["", " ", "a\nb", "a\0b", "ftp://127.0.0.1/", "file:///mnist", 5, b"mnist"]),
        (Checksum, ["", "0" * 63, "0" * 65, "0" * 64 + "\n", "g" * 64, 10**63, b"0" * 64]),
        (Several[Positive], [[], [1, 1.0], [0], (1, 2), {1, 2}, {"a": 1}, 1, None]),
        (Profile, [[], [0], [1001], (1,), 1]),
        (OneOrSeveral[Place], [[], ["a", "a"], 5, {"a": "b"}, [["a"]]]),
        (Named[Name, Positive], [{}, [], {"A": 1}, {"a": 0}, {5: 1}, [("a", 1)], None]),
    ],
)
def test_a_value_out_of_range_or_of_another_type_is_refused(kind, values):
    types = TypeAdapter(kind)
    for value in values:
        with pytest.raises(ValidationError):
            types.validate_python(value, context="params.yaml")


def test_nothing_is_a_value_in_python_and_none_in_params_yaml():
    types = TypeAdapter(Optional[Positive])
    assert types.validate_python(None) is None
    with pytest.raises(ValidationError):
        types.validate_python(None, context="params.yaml")
