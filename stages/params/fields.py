"""Types of the values in params.yaml; all are strict: "3" and true are no numbers.

`stages.running.invalid` says in words what a type allows, by its JSON Schema.
"""

from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, ValidationInfo
from pydantic import WithJsonSchema as Schema
from pydantic.fields import FieldInfo

CLOSED = ConfigDict(extra="forbid")  # a block has the keys of its class and no others
Item, Key = TypeVar("Item"), TypeVar("Key")


def whole(least: int, most: int) -> FieldInfo:
    """Return the constraint on a whole number from `least` to `most`."""
    return Field(strict=True, ge=least, le=most)


def _different(items: list) -> list:
    if len(set(items)) < len(items):
        raise ValueError("an item is there twice")
    return items


def _reachable(place: str) -> str:
    known_scheme = "://" not in place or place.lower().startswith(("http://", "https://"))
    if not place.strip() or "\n" in place or "\0" in place or not known_scheme:
        raise ValueError("neither an http or https URL nor a path")
    return place


def _not_null(value: Any, info: ValidationInfo) -> Any:
    if value is None and info.context:  # the file that it is from
        raise ValueError("a key without a value")
    return value


Truth = Annotated[bool, Field(strict=True)]
Positive = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
Share = Annotated[Positive, Field(le=1000, json_schema_extra={"format": "share"})]  # of hidden units
Tens = Annotated[int, whole(10, 10**7), Field(multiple_of=10, json_schema_extra={"format": "multiple"})]
Text = Annotated[str, Field(strict=True)]
Name = Annotated[Text, Field(pattern="^[a-z0-9][a-z0-9_-]{0,99}$"), Schema({"type": "string", "format": "name"})]
Place = Annotated[Text, AfterValidator(_reachable), Schema({"format": "place"})]
Checksum = Annotated[Text, Field(pattern="^[0-9a-fA-F]{64}$"), AfterValidator(str.lower), Schema({"format": "sha256"})]

Several = Annotated[list[Item], Field(strict=True, min_length=1), AfterValidator(_different)]
OneOrSeveral = Annotated[Several[Item], BeforeValidator(lambda value: value if isinstance(value, list) else [value])]
Profile = Annotated[list[Share], Field(strict=True, min_length=1, json_schema_extra={"format": "profile"})]
Named = Annotated[dict[Key, Item], Field(strict=True, min_length=1)]
Optional = Annotated[Item | None, BeforeValidator(_not_null)]  # None for a key that params.yaml leaves out
