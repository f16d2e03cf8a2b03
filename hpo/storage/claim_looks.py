"""The looks at a grid's claims, on record: at how many seeds somebody saw verdicts."""

from __future__ import annotations

from hpo.storage.address import Address
from hpo.storage.database import open_database, storage_errors
from hpo.storage.stored_study import StoredStudy

ATTR = "hpo:claim_looks"


def claim_looks(study: StoredStudy) -> tuple[int, ...]:
    """Return the numbers of seeds at which somebody looked, in order; what another program wrote there is left out."""
    stored = study.system_attrs.get(ATTR)
    return tuple(sorted({look for look in stored if isinstance(look, int)})) if isinstance(stored, list) else ()


def record_claim_look(address: Address, study: StoredStudy, seeds: int) -> None:
    """Store that somebody looked, if it is not stored yet.

    Args:
        address: of the database.
        study: as it was read.
        seeds: of the experiment that has most.

    Raises:
        StorageError: the database cannot be written.
    """
    looks = claim_looks(study)
    if seeds > 1 and seeds not in looks:  # One seed allows no verdict.
        with open_database(address) as database, storage_errors(address):
            database.storage.set_study_system_attr(study.key, ATTR, sorted((*looks, seeds)))
