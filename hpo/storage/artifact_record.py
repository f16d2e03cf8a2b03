"""Where the artifacts of studies lie, by the studies' own record."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

from optuna.artifacts._protocol import ArtifactStore
from optuna.artifacts.exceptions import ArtifactNotFound

from hpo.errors import StorageError
from hpo.storage.address import Address
from hpo.storage.artifact_store import BucketStore, open_artifact_store
from hpo.storage.connection import NoTables, read


def recorded_buckets(address: Address) -> dict[str, str]:
    """Return the bucket of each study that has one on record, by the study's name.

    Raises:
        StorageError: the database cannot be read.
    """
    query = (
        "SELECT study_name, value_json FROM studies JOIN study_user_attributes USING (study_id) "
        "WHERE key = 'artifacts' ORDER BY study_id"
    )
    try:
        rows = read(address, lambda connection: list(connection.execute(query)))
    except NoTables:
        return {}
    return {str(name): str(json.loads(value)) for name, value in rows}


def open_shown_stores(address: Address, runs: Path, location: str | None, tell: Callable[[str], None]) -> ArtifactStore:
    """Open the stores of all studies of a database.

    Args:
        address: of the database.
        runs: folder of everything that is produced.
        location: the one store to be used; None is the default folder and every bucket on record.
        tell: called with a line about each bucket on record that is used, or cannot be used.

    Raises:
        StorageError: `location` cannot be used, or the database cannot be read.
    """
    buckets: list[ArtifactStore] = []
    for bucket in dict.fromkeys(recorded_buckets(address).values()) if location is None else ():
        try:
            buckets.append(BucketStore(bucket))
            tell(f"Figures of trials are looked for in {bucket} too, which is on record.")
        except StorageError as error:
            tell(f"Figures in {bucket} cannot be shown: {error}")
    return Stores([open_artifact_store(runs, location), *buckets])


def open_stores_of(address: Address, study: str, runs: Path, location: str | None) -> ArtifactStore:
    """Open the stores of one study: the one that is named, or else the default folder and its bucket on record.

    Raises:
        StorageError: a bucket cannot be used, or the database cannot be read.
    """
    bucket = recorded_buckets(address).get(study) if location is None else None
    return Stores([open_artifact_store(runs, location), *([BucketStore(bucket)] if bucket else [])])


class Stores:
    """Artifacts in several stores; new ones go to the first.

    Args:
        stores: at least one.
    """

    def __init__(self, stores: Sequence[ArtifactStore]) -> None:
        self._stores = stores

    def open_reader(self, artifact_id: str) -> BinaryIO:
        """Return an artifact to be read, from the first store that has it.

        Raises:
            ArtifactNotFound: none has.
        """
        for store in self._stores[:-1]:
            try:
                return store.open_reader(artifact_id)
            except ArtifactNotFound:
                continue
        return self._stores[-1].open_reader(artifact_id)

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        """Write an artifact.

        Raises:
            OSError: it cannot be written.
        """
        self._stores[0].write(artifact_id, content_body)

    def remove(self, artifact_id: str) -> None:
        """Remove an artifact from every store that has it.

        Raises:
            OSError: it cannot be removed.
        """
        for store in self._stores:
            try:
                store.remove(artifact_id)
            except ArtifactNotFound:
                continue
