import json
from pathlib import Path

import pytest

from hpo.storage.address import Address
from hpo.storage.stored_study import read_study
from tests.studies import SEARCH, Session, definition, stored

STUDY = definition(SEARCH.format(epochs=1, pruner="none", lr=0.0003).replace('"fp32"', '"auto"'))


def test_the_precision_that_the_first_session_decided_stays_that_of_the_study(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HPO_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    session = Session(STUDY, 2, tmp_path / "runs", workers=2)
    assert session.wait() == 0, session.printed()
    record = read_study(Address.of(tmp_path / "runs"), "small").record
    assert record is not None and record.precision in ("fp32", "bf16")
    # As if this were another machine, which is faster with the other precision.
    (cache,) = (tmp_path / "cache/hpo").glob("precision-*.json")
    measured = json.loads(cache.read_text())
    cache.write_text(json.dumps({**measured, "precision": "fp32" if record.precision == "bf16" else "bf16"}))
    session = Session(STUDY, 3, tmp_path / "runs", workers=1)
    assert session.wait() == 0, session.printed()
    assert {trial.system_attrs["hpo:result"]["precision"] for trial in stored(tmp_path / "runs")} == {record.precision}
    assert read_study(Address.of(tmp_path / "runs"), "small").record == record
