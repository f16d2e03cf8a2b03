"""A table of a study file: the rules that every table has, and the types of its numbers."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from types import NoneType
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationInfo, model_validator

from hpo.definition.synonyms import nearest
from hpo.errors import quoted

# The least positive normal number and the greatest number of IEEE 754's binary32: training computes in float32.
LEAST_NUMBER, MOST_NUMBER = 2.0**-126, (2 - 2.0**-23) * 2.0**127
# More of anything that is counted (epochs, images, trials) fits no machine.
MOST_COUNT = 10**9


def _whole(value: Any) -> Any:
    """Read 64.0 as 64."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[int, Field(strict=True), BeforeValidator(_whole)]
Count = Annotated[int, Field(strict=True, ge=1, le=MOST_COUNT), BeforeValidator(_whole)]
CountOrZero = Annotated[int, Field(strict=True, ge=0, le=MOST_COUNT), BeforeValidator(_whole)]
Number = Annotated[float, Field(strict=True, ge=-MOST_NUMBER, le=MOST_NUMBER)]
Positive = Annotated[float, Field(strict=True, ge=LEAST_NUMBER, le=MOST_NUMBER)]
NotNegative = Annotated[float, Field(strict=True, ge=0.0, le=MOST_NUMBER)]
Share = Annotated[float, Field(strict=True, ge=0.0, lt=1.0)]
Flag = Annotated[bool, Field(strict=True)]
Metric = Literal["val_loss", "val_accuracy"]
NAME = r"^[A-Za-z0-9][A-Za-z0-9_.+-]*$"
MOST_NAME_CHARACTERS = 80
# A study or an experiment; runs and folders are called by it.
Name = Annotated[str, Field(pattern=NAME, max_length=MOST_NAME_CHARACTERS)]


class Table(BaseModel):
    """A table of a study file, frozen: an unknown key is refused, and the text "none" says None where None is allowed.

    The text that stands below a field describes it; `docs/study_files.md` is made from these texts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

    @classmethod
    def read(cls, name: str, value: Any) -> Any:
        """Return one setting as the table would hold it.

        Args:
            name: the setting.
            value: what is stated for it.

        Raises:
            pydantic.ValidationError: the value is of the wrong type, or out of range.
        """
        return _reader(cls, name).validate_python(None if _says_none(cls, name, value) else value)

    @classmethod
    def completed(cls, settings: dict[str, Any]) -> dict[str, Any]:
        """Return the settings with those that follow from others; a table that has such settings overrides this.

        Raises:
            ValueError: what they follow from is not stated.
        """
        return settings

    @model_validator(mode="before")
    @classmethod
    def _read(cls, settings: Any, info: ValidationInfo) -> Any:
        if isinstance(settings, Table):
            return settings
        if not isinstance(settings, dict):
            raise ValueError("must be a table")
        if is_stored(info):
            settings = {key: value for key, value in settings.items() if key in cls.model_fields}
        problem = unknown(settings, cls.model_fields)
        if problem:
            raise ValueError(problem)
        return cls.completed({k: None if _says_none(cls, k, value) else value for k, value in settings.items()})


def is_stored(info: ValidationInfo) -> bool:
    """Return whether what is validated comes from a study on record, which another version of hpo may have begun."""
    return bool((info.context or {}).get("stored"))


def unknown(keys: Iterable[str], known: Iterable[str], noun: str = "key") -> str:
    """Return what to say about the first key that is not known; nothing if all are."""
    known = list(known)
    for key in keys:
        if key not in known:
            return f"unknown {noun} {quoted(key)}. {nearest(str(key), known)}"
    return ""


def row_name(table: str, position: int, row: Mapping[str, Any]) -> str:
    """Return how messages call a row of an array of tables: by its name, or by its number without a usable one.

    >>> row_name("experiment", 0, {"name": "05_sgd"}), row_name("experiment", 1, {})
    ('[[experiment]] 05_sgd', '[[experiment]] 2')

    Args:
        table: what the array is called.
        position: of the row, from 0.
        row: as it stands in the file.
    """
    name = row.get("name") or row.get("id")
    usable = isinstance(name, str) and len(name) <= MOST_NAME_CHARACTERS and re.fullmatch(NAME, name)
    return f"[[{table}]] {name if usable else position + 1}"


@cache
def _reader(table: type[Table], name: str) -> TypeAdapter[Any]:
    field = table.model_fields[name]
    annotated: Any = Annotated[field.annotation, field]
    return TypeAdapter(annotated, config=ConfigDict(allow_inf_nan=False))


def says_none(value: Any) -> bool:
    """Return whether a value is the text with which a study file says None."""
    return isinstance(value, str) and value.lower() == "none"


def _says_none(table: type[Table], name: str, value: Any) -> bool:
    return says_none(value) and NoneType in get_args(table.model_fields[name].annotation)
