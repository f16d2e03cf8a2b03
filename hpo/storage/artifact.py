"""Artifacts as Optuna stores them: a file in a store, and a system attribute of its trial that describes it."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optuna.artifacts._protocol import ArtifactStore

ARTIFACT_PREFIX = "artifacts:"
SVG = "image/svg+xml"


def write_artifacts(store: ArtifactStore, names: str, figures: Mapping[str, Callable[[], str]]) -> dict[str, str]:
    """Draw figures into a store, in place of those of the same names.

    Args:
        store: of the artifacts.
        names: what makes the ids of a trial its own, whatever the study is called.
        figures: what draws each, as SVG, by the name under which it is shown.

    Returns:
        The system attributes of the trial that describe the files, as Optuna's `upload_artifact` writes them.

    Raises:
        OSError: a file cannot be written.
    """
    attrs = {}
    for name, draw in figures.items():
        artifact = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{names}/{name}"))
        store.write(artifact, io.BytesIO(draw().encode()))
        described = {"artifact_id": artifact, "filename": name, "mimetype": SVG, "encoding": None}
        attrs[ARTIFACT_PREFIX + artifact] = json.dumps(described)
    return attrs
