"""Whether a study runs on the data that its file is written for."""

import os
from typing import Any

from hpo.definition.data_config import DataConfig
from hpo.definition.study_definition import StudyDefinition
from hpo.definition.toml_text import read_tables


def has_own_data(definition: StudyDefinition) -> bool:
    """Return whether a study runs on the data set of its file, and not on another one that is given beside it."""
    own = str(_table(definition).get("dataset", DataConfig.model_fields["dataset"].default))
    given = definition.data.dataset
    return own == given or os.path.realpath(os.path.expanduser(own)) == os.path.realpath(os.path.expanduser(given))


def chooses_validation(definition: StudyDefinition) -> bool:
    """Return whether somebody has chosen the number of validation images for the data that a study runs on.

    It is stated beside the file, or by the file for its own data set. A number that the file states for another data
    set is a default, as is the number where none is stated.
    """
    stated = "validation" in _table(definition) and has_own_data(definition)
    return stated or "data.validation" in definition.overrides


def _table(definition: StudyDefinition) -> dict[str, Any]:
    table = read_tables(definition.text).get("data", {})
    return table if isinstance(table, dict) else {}
