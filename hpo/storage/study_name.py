"""The name that a study gets where nobody states one."""

from __future__ import annotations

import re

from hpo.definition.own_data import has_own_data
from hpo.definition.study_definition import StudyDefinition
from hpo.definition.table import MOST_NAME_CHARACTERS
from hpo.storage.address import Address
from hpo.storage.stored_study import find_study
from hpo.storage.stored_trial import HEAVY_ATTRS


def default_name(definition: StudyDefinition, dataset: str, address: Address) -> str:
    """Return the name of a study: that of its file, with the name of the data if they are not the file's own.

    So studies of one file on different data are different studies: `search`, `search-pets`. A study that an earlier
    version of hpo began under the file's name alone keeps that name, if it was begun on the same data.

    Args:
        definition: of the study, called like its file.
        dataset: the name of its data set.
        address: of the database.

    Raises:
        StorageError: the database cannot be read.
    """
    plain = definition.name
    if has_own_data(definition):
        return plain
    suffix = "-" + re.sub(r"[^A-Za-z0-9_.+-]+", "-", dataset)
    named = plain[: max(1, MOST_NAME_CHARACTERS - len(suffix))] + suffix
    named = named[:MOST_NAME_CHARACTERS]
    if find_study(address, named, without=HEAVY_ATTRS) is not None:
        return named
    earlier = find_study(address, plain, without=HEAVY_ATTRS)
    same = earlier is not None and earlier.record is not None and earlier.record.dataset.name == dataset
    return plain if same else named
