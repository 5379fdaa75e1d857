"""What is wrong with params.yaml, in one line: the key, its value, and what the JSON Schema of its type allows."""

import re
import reprlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from stages.running.errors import InputError

WORDS = {  # for a format or type of the schema
    "array": "a list such as [one, another], with at least one item and none of them twice",
    "boolean": "true, false",
    "integer": "a whole number from {minimum} to {maximum}",
    "multiple": "a multiple of {multipleOf} up to {maximum}",
    "name": "a name of up to 100 small letters, digits, - and _ (in quotes where it is only digits)",
    "number": "a number above 0",
    "object": "a block of at least one name",
    "path": "the path of a file or folder on this machine",
    "place": "an http or https URL, or the path of a file or folder",
    "profile": "a list of numbers above 0, one for each hidden layer",
    "sha256": "a SHA-256, 64 hexadecimal digits in quotes",
    "share": "a number above 0, up to {maximum:g}",
}
UNKNOWN = ("unexpected_keyword_argument", "extra_forbidden", "invalid_key")  # pydantic's errors of a key
LONGEST = 200  # letters of a value or of a parser's error

_REPR = reprlib.Repr()
_REPR.maxlevel, _REPR.maxlist, _REPR.maxdict = 2, 10, 10
_REPR.maxstring = _REPR.maxother = _REPR.maxlong = LONGEST
_REPR.repr_ordereddict = _REPR.repr_dict  # of !!omap


def first_problem(error: ValidationError, values: Any, schema: dict[str, Any]) -> InputError:
    """Return the error for the first wrong key of `values`, which `schema` describes."""
    # without inputs: pydantic fails to show whole numbers of thousands of digits
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    # a missing key comes last: if misspelled, it is there as an unknown one
    problem = min(problems, key=lambda one: one["type"] == "missing")
    kind, path = problem["type"], problem["loc"]
    if kind == "missing":
        key, _, block = _find(path[:-1], values, schema)
        return missing_key(f"{key}.{path[-1]}".removeprefix("."), f"; needed: {', '.join(block['required'])}")
    if kind in UNKNOWN:
        key, _, block = _find(path[:-1], values, schema)
        return wrong_value(f"a key in {key or 'the file'}", path[-1], ", ".join(block["properties"]))
    if path[-1:] == ("[key]",):  # pydantic's sign for a name in a block of names
        key, _, block = _find(path[:-2], values, schema)
        return wrong_value(f"a name in {key}", path[-2], _words(block["propertyNames"]))
    key, value, part = _find(path, values, schema)
    return wrong_value(key or "the file", value, _words(part))


def wrong_value(key: str, value: Any, allowed: str) -> InputError:
    """Return the error for a value that is not allowed."""
    what = "has no value" if value is None else f"is {_shown(value)}"
    return InputError(f"params.yaml: {key} {what}; allowed: {allowed}")


def missing_key(key: str, needed: str = "") -> InputError:
    """Return the error for a key that is missing."""
    return InputError(f"params.yaml: the key {key} is missing{needed}")


def no_yaml(file: Path, error: Exception) -> InputError:
    """Return the error for a file that the YAML parser refuses, in a line that it may name."""
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None) or str(error)
    where = f"line {mark.line + 1} " if mark else ""
    problem = re.sub(r"^found duplicate key (.*) with value .*", r"the key \1 is there twice", problem, flags=re.DOTALL)
    return InputError(f"{file}: {where}is not YAML: {' '.join(problem.split())[:LONGEST]}")


def _find(path: Sequence[str | int], value: Any, schema: dict[str, Any]) -> tuple[str, Any, dict[str, Any]]:
    """Return what lies at `path` in a value and its schema: the dotted key, the value and its schema."""
    key, part = "", schema
    for step in path:
        if "items" in part:
            part = part["items"]
            if isinstance(value, list):  # and not one item in place of a list
                key, value = f"{key}[{step}]", value[step]
        else:
            part = part.get("properties", {}).get(step) or part["additionalProperties"]
            key, value = f"{key}.{step}".removeprefix("."), value.get(step)
        part = part.get("anyOf", [part])[0]  # without null
        if "$ref" in part:
            part = schema["$defs"][part["$ref"].rpartition("/")[2]]
    return key, value, part


def _words(schema: dict[str, Any]) -> str:
    """Return what a schema allows, in words."""
    if "enum" in schema:
        return ", ".join(schema["enum"])
    if "properties" in schema:
        return f"a block with the keys {', '.join(schema['properties'])}"
    return WORDS[schema.get("format") or schema["type"]].format_map(schema)


def _shown(value: Any) -> str:
    """Return a value as a short text of one line, however large a few aliases of YAML make it."""
    try:
        text = _REPR.repr(value)
    except ValueError:  # Python writes no whole number of thousands of digits
        return "a very large number"
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
