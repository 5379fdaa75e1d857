"""Messages about params.yaml, whole, for types of the tests' own and for the shipped file."""

from typing import Annotated, Literal

import pytest
from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from stages.params import Params
from stages.params.fields import (
    CLOSED,
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
    whole,
)
from stages.running.invalid import WORDS, first_problem


@dataclass(frozen=True, config=CLOSED)
class Inner:
    count: Annotated[int, whole(1, 50)]
    rates: Optional[Several[Positive]] = None


@dataclass(frozen=True, config=CLOSED)
class Outer:
    device: Literal["cpu", "cuda"] = "cpu"
    truth: Truth = True
    share: Share = 1
    images: Tens = 10
    name: Name = "a"
    source: OneOrSeveral[Place] = ()
    sha256: Checksum = ""
    profile: Profile = ()
    inner: Named[Name, Inner] = ()


def line(values: object) -> str:
    """The message about `values` as params.yaml's."""
    types = TypeAdapter(Outer)
    with pytest.raises(ValidationError) as caught:
        types.validate_python(values)
    return str(first_problem(caught.value, values, types.json_schema())).removeprefix("params.yaml: ")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"device": "tpu"}, "device is 'tpu'; allowed: cpu, cuda"),
        ({"truth": 1}, "truth is 1; allowed: true, false"),
        ({"share": 2000}, "share is 2000; allowed: a number above 0, up to 1000"),
        ({"truth": None}, "truth has no value; allowed: true, false"),
        ({"images": 15}, "images is 15; allowed: a multiple of 10 up to 10000000"),
        ({"source": "ftp://a"}, "source is 'ftp://a'; allowed: an http or https URL, or the path of a file or folder"),
        ({"source": ["a", 5]}, "source[1] is 5; allowed: an http or https URL, or the path of a file or folder"),
        ({"sha256": 5}, "sha256 is 5; allowed: a SHA-256, 64 hexadecimal digits in quotes"),
        ({"profile": []}, "profile is []; allowed: a list of numbers above 0, one for each hidden layer"),
        ({"inner": {}}, "inner is {}; allowed: a block of at least one name"),
        ({"inner": {"a": 5}}, "inner.a is 5; allowed: a block with the keys count, rates"),
        ({"inner": {"a": {"count": True}}}, "inner.a.count is True; allowed: a whole number from 1 to 50"),
        ({"inner": {"a": {}}}, "the key inner.a.count is missing; needed: count"),
        ({"inner": {"a": {"coutn": 1}}}, "a key in inner.a is 'coutn'; allowed: count, rates"),
        ({"inner": {"a": {"count": 1, "rates": [0]}}}, "inner.a.rates[0] is 0; allowed: a number above 0"),
        (
            {"inner": {"a": {"count": 1, "rates": [1, 1]}}},
            "inner.a.rates is [1, 1]; allowed: a list such as [one, another], with at least one item and none of them "
            "twice",
        ),
        (
            {"inner": {5: {"count": 1}}},
            "a name in inner is 5; allowed: a name of up to 100 small letters, digits, - and _ (in quotes where it is "
            "only digits)",
        ),
        ({"devices": 5}, f"a key in the file is 'devices'; allowed: {', '.join(Outer.__annotations__)}"),
        ([], f"the file is []; allowed: a block with the keys {', '.join(Outer.__annotations__)}"),
    ],
)
def test_a_message_names_the_key_its_value_and_what_is_allowed(values, message):
    assert line(values) == message


def test_the_first_of_several_wrong_keys_is_named():
    assert line({"device": 1, "truth": 1, "inner": {"a": {"count": 0}}}).startswith("device is 1;")
    assert line({"truth": 1, "inner": {"a": {"count": 0, "counts": 0}}}).startswith("truth is 1;")


@pytest.mark.parametrize("value", [["x" * 1000] * 1000, "x" * 10**6, {str(key): {} for key in range(10**4)}])
def test_a_large_value_is_cut(value):
    assert len(line({"device": value})) < 300


def test_a_number_of_thousands_of_digits_is_not_written():
    assert line({"images": 10**5000}).startswith("images is a very large number;")


def test_every_type_of_params_yaml_has_words():
    def leaves(schema: dict):
        """Every part of a schema for a value, but for blocks of known keys and lists of names."""
        for part in schema.get("properties", {}).values():
            yield from leaves(part)
        for key in ("items", "additionalProperties", "propertyNames"):
            if isinstance(schema.get(key), dict):
                yield from leaves(schema[key])
        for part in schema.get("anyOf", [])[:1]:
            yield from leaves(part)
        if not schema.keys() & {"properties", "anyOf", "$ref", "enum"}:
            yield schema

    schema = TypeAdapter(Params).json_schema()
    found = [part for one in (schema, *schema["$defs"].values()) for part in leaves(one)]
    used = {part.get("format") or part["type"] for part in found}
    assert used == WORDS.keys()
    assert [part for part in found if "{" in WORDS[part.get("format") or part["type"]].format_map(part)] == []
