"""Artifacts as Optuna stores them: a file in one folder, and a system attribute of its trial that describes it."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path

ARTIFACT_PREFIX = "artifacts:"
# The folder of artifacts in the runs folder.
ARTIFACTS = "artifacts"
SVG = "image/svg+xml"


def write_artifacts(folder: Path, names: str, figures: Mapping[str, Callable[[], str]]) -> dict[str, str]:
    """Draw figures into files, in place of those of the same names.

    Args:
        folder: of the artifacts; it is made if need be.
        names: what makes the file names of a trial its own, whatever the study is called.
        figures: what draws each, as SVG, by the name under which it is shown.

    Returns:
        The system attributes of the trial that describe the files, as Optuna's `upload_artifact` writes them.

    Raises:
        OSError: a file cannot be written.
    """
    attrs = {}
    for name, draw in figures.items():
        artifact = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{names}/{name}"))
        path = folder / artifact
        temporary = path.with_name(f"{artifact}.{os.getpid()}")
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(draw(), encoding="utf-8")
        temporary.replace(path)
        described = {"artifact_id": artifact, "filename": name, "mimetype": SVG, "encoding": None}
        attrs[ARTIFACT_PREFIX + artifact] = json.dumps(described)
    return attrs
