"""What pydantic finds wrong, as one line in the words of a study file."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from hpo.definition.table import LEAST_NUMBER, MOST_NUMBER
from hpo.errors import closest, printable, quoted

# What a value must be, by the type of pydantic's error; `{}` stands for the bound.
RULES = {
    "greater_than": "must be above {}",
    "greater_than_equal": "must be at least {}",
    "less_than": "must be below {}",
    "less_than_equal": "must be at most {}",
    "finite_number": "takes a finite number",
    "string_type": "takes text",
    "tuple_type": "takes a list",
    "dict_type": "takes a table",
    "too_short": "needs at least {} of them",
    "too_long": "takes at most {} of them",
    "string_too_short": "cannot be empty",
    "string_too_long": "takes at most {} characters",
    "string_pattern_mismatch": "takes letters, digits and _ . + -, a letter or digit first,",
}
# The same by the first part of the type, as in "int_type", "int_parsing", "int_from_float".
TYPES = {
    "int": "takes a whole number",
    "float": "takes a number",
    "bool": "takes true or false",
    "string": "takes text",
}
BOUNDS = ("gt", "ge", "lt", "le", "min_length", "max_length")


def describe(error: ValidationError, position: int = 0, *, skip: int = 0) -> str:
    """Return a problem of a pydantic error as one line: where, which rule, the value.

    Args:
        error: what pydantic raised.
        position: which of its problems.
        skip: leading parts of the place that the caller has already named.
    """
    problem = error.errors()[position]
    kind, value, context = problem["type"], problem["input"], problem.get("ctx", {})
    where = ".".join(printable(part) for part in problem["loc"][skip:])
    if kind == "value_error":
        message = str(context["error"])
    elif kind == "missing":
        message = "is missing"
    elif kind == "literal_error":
        choices = re.findall("'([^']*)'", context["expected"])
        message = f"unknown {shown(value)}. {closest(printable(value), choices)}"
    else:
        message = f"{_rule(kind, value, context)} but got {shown(value)}"
    return f"'{where}': {message}" if where else message


def shown(value: Any) -> str:
    """Return a value as a message shows it: a text in quotes, true, false and none as a study file writes them."""
    if isinstance(value, str):
        return quoted(value)
    return str(value).lower() if value is None or isinstance(value, bool) else printable(value)


def _rule(kind: str, value: Any, context: Mapping[str, Any]) -> str:
    bound = next((context[name] for name in BOUNDS if name in context), None)
    if bound in (MOST_NUMBER, MOST_NUMBER / 2, -MOST_NUMBER) or (bound == LEAST_NUMBER and value > 0):
        return "must be a number that 32 bits can hold"
    if bound == LEAST_NUMBER:
        return "must be above 0"
    if kind in RULES:
        return RULES[kind].format(f"{bound:g}" if isinstance(bound, float) else bound)
    rule = TYPES.get(kind.split("_")[0], "must be of another type")
    return f"{rule} without quotes" if _is_number(value) else rule


def _is_number(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"\s*[+-]?\d+(\.\d*)?([eE][+-]?\d+)?\s*", value) is not None
