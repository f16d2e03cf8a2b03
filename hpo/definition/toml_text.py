"""TOML text to plain tables and values, of bounded size."""

import datetime
import json
import tomllib
from collections.abc import Mapping
from typing import Any

from hpo.errors import DefinitionError, printable

# A study file is written by a person: what is larger or nested deeper is another file.
MOST_CHARACTERS = 2_000_000
DEEPEST = 12


def read_tables(text: str) -> dict[str, Any]:
    """Return the tables of TOML text.

    Raises:
        DefinitionError: the text is not valid TOML, or it is too large, or it holds an integer of more than 64 bits.
    """
    if len(text) > MOST_CHARACTERS:
        raise DefinitionError(f"is larger than {MOST_CHARACTERS:,} characters, so it is not a study file")
    try:
        tables = tomllib.loads(text.removeprefix("\ufeff"))  # Some editors begin a file with a byte-order mark.
    except tomllib.TOMLDecodeError as error:
        raise DefinitionError(f"is not valid TOML: {printable(error)}") from None
    except ValueError:  # Python reads no integer of more digits than `sys.get_int_max_str_digits`, nor year 0.
        raise DefinitionError("is not valid TOML: it holds an integer of more than 64 bits, or an odd date") from None
    except RecursionError:
        raise DefinitionError("is nested too deeply") from None
    _refuse_outsize(tables)
    return tables


def read_value(text: str) -> Any:
    """Return a value as TOML reads it; text that is not a TOML value, or a date to TOML, as the text itself.

    >>> read_value("0.1"), read_value("sgd"), read_value("1024-10-10")
    (0.1, 'sgd', '1024-10-10')

    Raises:
        DefinitionError: the value is nested too deeply, or it is an integer of more than 64 bits.
    """
    try:
        tables = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    except ValueError:
        raise DefinitionError("is an integer of more than 64 bits, or an odd date") from None
    except RecursionError:
        raise DefinitionError("is nested too deeply") from None
    if set(tables) != {"value"} or isinstance(tables["value"], datetime.date | datetime.time):
        return text
    _refuse_outsize(tables)
    return tables["value"]


def write_value(value: Any) -> str:
    """Return a text, number, truth value, or a list or mapping of them, as TOML writes it.

    >>> write_value({"hidden": "64-32", "lr": 1e-05, "nesterov": True})
    '{ hidden = "64-32", lr = 1e-05, nesterov = true }'
    """
    if isinstance(value, Mapping):
        inside = ", ".join(f"{key} = {write_value(item)}" for key, item in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(write_value, value))}]"
    # JSON's texts, finite numbers and truth values are TOML's too, but for one character.
    return json.dumps(value, ensure_ascii=False, allow_nan=False).replace("\x7f", "\\u007f")


def _refuse_outsize(tables: dict[str, Any]) -> None:
    level: list[Any] = [tables]
    for _ in range(DEEPEST):
        inside = [item for value in level if isinstance(value, dict) for item in value.values()]
        inside += [item for value in level if isinstance(value, list) for item in value]
        level = inside
        if any(isinstance(item, int) and not -(2**63) <= item < 2**63 for item in level):
            raise DefinitionError("holds an integer of more than 64 bits")
    if level:
        raise DefinitionError("is nested too deeply")
