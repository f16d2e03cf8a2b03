"""The rows of Optuna's tables that belong to the trials of one study, put together trial by trial."""

from __future__ import annotations

import json
from typing import Any

from hpo.errors import quoted
from hpo.storage.connection import Connection

INFINITIES = {"INF_POS": float("inf"), "INF_NEG": float("-inf"), "NAN": float("nan")}


def trial_rows(
    connection: Connection, study_key: int, user_attrs: str, system_attrs: str, trials: str = "1=1"
) -> list[dict[str, Any]]:
    """Read trials, in the order of their numbers.

    Args:
        connection: to the database.
        study_key: of the study.
        user_attrs: the condition, in SQL, of the user attributes that are read.
        system_attrs: that of the system attributes.
        trials: that of the trials.

    Returns:
        Of each trial the fields of `StoredTrial` that Optuna's tables have; value, params, attributes as they were
        before they were stored.

    Raises:
        ValueError: what is stored breaks a rule of Optuna's; so may LookupError, TypeError and AttributeError.
    """

    def of_trials(columns: str, table: str, rest: str = "") -> list[tuple[Any, ...]]:
        query = f"SELECT {columns} FROM {table} WHERE study_id = {study_key:d} AND {trials} {rest}"
        return list(connection.execute(query))  # All at once: a cursor left half read would keep the database locked.

    def joined(columns: str, table: str, rest: str = "") -> list[tuple[Any, ...]]:
        return of_trials(f"trial_id, {columns}", f"{table} JOIN trials USING (trial_id)", rest)

    columns = "trial_id, number, state, datetime_start, datetime_complete"
    found: dict[int, dict[str, Any]] = {
        key: {
            "key": key,
            "number": number,
            "state": str(state).lower(),
            "started": started,
            "ended": ended,
            "params": {},
            "distributions": {},
            "intermediate_values": {},
            "user_attrs": {},
            "system_attrs": {},
        }
        for key, number, state, started, ended in of_trials(columns, "trials", "ORDER BY number")
    }
    for key, value, kind in joined("value, value_type", "trial_values", "AND objective = 0"):
        found[key]["value"] = INFINITIES.get(kind, value)
    steps = "step, intermediate_value, intermediate_value_type"
    for key, step, value, kind in joined(steps, "trial_intermediate_values", "ORDER BY step"):
        found[key]["intermediate_values"][step] = INFINITIES.get(kind, value)
    params = "param_name, param_value, distribution_json"
    for key, name, value, text in joined(params, "trial_params", "ORDER BY param_id"):
        found[key]["params"][name] = _external(text, value)
        found[key]["distributions"][name] = text
    for kind, wanted in (("user", user_attrs), ("system", system_attrs)):
        for key, name, text in joined("key, value_json", f"trial_{kind}_attributes", f"AND {wanted}"):
            found[key][f"{kind}_attrs"][name] = parsed(text, name)
    return list(found.values())


def parsed(text: str, key: str) -> Any:
    """Return the value of an attribute.

    Raises:
        ValueError: it is not JSON.
    """
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError):
        raise ValueError(f"the attribute '{key}' is not JSON") from None


def _external(distribution: str, value: Any) -> Any:
    """Return a parameter as it was suggested, from the number that Optuna stores for it."""
    stored = json.loads(distribution)
    match stored["name"]:
        case "FloatDistribution":
            return float(value)
        case "IntDistribution":
            return int(value)
        case "CategoricalDistribution":
            return stored["attributes"]["choices"][int(value)]
    raise ValueError(f"{quoted(stored['name'])} is not a distribution")
