"""How a study can be run again: its command, its file, the versions, the machine, the images."""

import shlex
from dataclasses import dataclass

from hpo.storage.stored_study import StoredStudy
from hpo.storage.study_record import shareable


@dataclass(frozen=True)
class Reproduction:
    """What must be the same.

    Attributes:
        command: the command line that began the study.
        facts: by name.
        study_file: its text.
    """

    command: str
    facts: dict[str, str]
    study_file: str


def reproduction(study: StoredStudy) -> Reproduction:
    """Return how a study is run again.

    Args:
        study: made by hpo.
    """
    record, definition = study.record, study.definition
    assert record is not None
    began = min((trial.started for trial in study.trials if trial.started), default=None)
    ended = max((trial.ended for trial in study.trials if trial.ended), default=None)
    facts = {
        "Study": study.name,
        "Seed": str(definition.seed),
        "Images": record.dataset.name,
        "Fingerprint of the images": f"sha256 {record.dataset.fingerprint}",
        "Fingerprint of the settings": f"sha256 {record.definition_sha256}",
        "Settings beside the file": shlex.join(f"{key}={value}" for key, value in record.overrides.items()),
        "Versions": ", ".join(f"{name} {version}" for name, version in record.versions.items()),
        "Precision": record.precision or "",
        "Machine": record.host,
        "First trial (UTC)": f"{began:%Y-%m-%d %H:%M}" if began else "",
        "Last trial (UTC)": f"{ended:%Y-%m-%d %H:%M}" if ended else "",
    }
    return Reproduction(
        shareable(record.command), {name: value for name, value in facts.items() if value}, record.definition
    )
