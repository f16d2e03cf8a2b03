"""What a shell proposes while a command is being typed; answered in a moment, so nothing heavy is imported."""

from pathlib import Path
from typing import Any

import typer

from hpo.errors import StorageError


def study_names(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the studies of the database that the command line names, or that is used without a name."""
    from hpo.storage.address import Address
    from hpo.storage.connection import read

    given: dict[str, Any] = ctx.params
    try:
        address = Address.of(Path(given.get("runs") or "runs"), given.get("storage"))
        names = "SELECT study_name FROM studies ORDER BY study_id"
        rows = read(address, lambda connection: list(connection.execute(names)))
    except StorageError:  # A shell has no place for a message.
        return []
    return [name for (name,) in rows if name.startswith(incomplete)]


def study_files(incomplete: str) -> list[str]:
    """Return the shipped studies, and the study files of the folder that is being typed."""
    from hpo.definition.shipped_studies import shipped_studies

    folder = incomplete.rpartition("/")[0]
    files = [str(path) for path in sorted(Path(folder or ".").glob("*.toml"))]
    return [name for name in (*shipped_studies(), *files) if name.startswith(incomplete)]


def datasets(incomplete: str) -> list[str]:
    """Return the data sets that have a name."""
    known = ("cifar10", "cifar100", "mnist", "fashion_mnist", "svhn", "digits")
    return [name for name in known if name.startswith(incomplete)]
