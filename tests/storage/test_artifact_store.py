"""Figures in S3-compatible storage, on a real server of this machine."""

import json
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hpo.definition.outcome import Outcome
from hpo.errors import StorageError
from hpo.serve.dashboard import DashboardServer
from hpo.storage.address import Address
from hpo.storage.artifact_record import open_shown_stores, open_stores_of, recorded_buckets
from hpo.storage.artifact_store import BucketStore, open_artifact_store
from hpo.storage.stored_study import read_study
from hpo.storage.study_removal import delete_study, find_removable
from hpo.training.epoch import Epoch
from tests.studies import live_study, search_definition, search_plan

boto3 = pytest.importorskip("boto3", reason="no S3: install hpo[s3]")
moto = pytest.importorskip("moto.server", reason="no S3 server: install moto[server]")
STUDY = search_definition(epochs=1)
BUCKET = "s3://figures/of/team"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of an S3 server that has one bucket, `figures`."""
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "someone")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    client = boto3.client("s3")
    client.create_bucket(Bucket="figures")
    client.stop = server.stop
    yield client
    server.stop()


def keys(client: Any) -> list[str]:
    return [found["Key"] for found in client.list_objects_v2(Bucket="figures").get("Contents", [])]


def run(folder: Path, told: list[str], n_trials: int, fault: Any = None, artifacts: str | None = BUCKET) -> None:
    """Run trials that are invented, their figures in the bucket; after the first one something may happen."""
    with live_study(STUDY, folder, artifacts=artifacts, tell=told.append) as live:
        plan = search_plan(live, STUDY, n_trials)
        while job := plan.next_job():
            live.report(job.number, Epoch(1, 1.0, 0.5, 1.0, 0.5, 0.1, 0.1))
            live.tell(job.number, Outcome.COMPLETE, {"val_accuracy": 0.5})
            if fault is not None and job.number == 0:
                fault()


def test_figures_lie_in_the_bucket_the_dashboard_sends_them_and_delete_removes_them(bucket: Any, tmp_path: Path):
    run(tmp_path, [], 2)
    assert len(keys(bucket)) == 2 and all(key.startswith("of/team/") for key in keys(bucket))
    assert not (tmp_path / "artifacts").exists()
    address, store = Address.of(tmp_path), open_artifact_store(tmp_path, "s3://figures/of/team")
    with DashboardServer(address, store, port=0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.port}"
        with urllib.request.urlopen(f"{base}/api/studies/1") as answer:
            trial = json.loads(answer.read())["trials"][1]
        path = f"/artifacts/1/{trial['trial_id']}/{trial['artifacts'][0]['artifact_id']}"
        with urllib.request.urlopen(base + path) as answer:
            assert answer.read().startswith(b"<svg")
        server.shutdown()
    recorded = open_stores_of(address, "small", tmp_path, None)
    assert delete_study(address, find_removable(address, "small", tmp_path), recorded) == 0
    assert keys(bucket) == []


def test_a_study_remembers_its_bucket_but_no_keys(bucket: Any, tmp_path: Path):
    bucket.create_bucket(Bucket="moved")
    told: list[str] = []
    run(tmp_path, told, 1)
    address = Address.of(tmp_path)
    assert recorded_buckets(address) == {"small": "s3://figures/of/team"} and told == []
    assert b"secret" not in (tmp_path / "hpo.db").read_bytes()

    run(tmp_path, told, 2, artifacts=None)
    assert told == ["Figures go to s3://figures/of/team, which study 'small' has on record."]
    assert len(keys(bucket)) == 2 and not (tmp_path / "artifacts").exists()

    said: list[str] = []
    shown = open_shown_stores(address, tmp_path, None, said.append)
    assert said == ["Figures of trials are looked for in s3://figures/of/team too, which is on record."]
    for key in keys(bucket):
        with shown.open_reader(key.removeprefix("of/team/")) as figure:
            assert figure.read().startswith(b"<svg")

    told.clear()
    run(tmp_path, told, 3, artifacts="s3://moved")
    assert told == [
        "Figures of study 'small' went to s3://figures/of/team, new ones go to s3://moved: "
        "copy the earlier ones there, or they are not found."
    ]
    assert recorded_buckets(address) == {"small": "s3://moved"}


def test_a_bucket_on_record_that_cannot_be_used_stops_no_dashboard_but_a_search(bucket: Any, tmp_path: Path):
    run(tmp_path, [], 1)
    bucket.stop()
    said: list[str] = []
    open_shown_stores(Address.of(tmp_path), tmp_path, None, said.append)
    assert len(said) == 1 and said[0].startswith("Figures in s3://figures/of/team cannot be shown: ")
    with pytest.raises(StorageError, match="Could not connect to the endpoint URL"):
        run(tmp_path, [], 2, artifacts=None)


def test_a_bucket_that_goes_away_costs_a_study_its_figures_and_one_message(bucket: Any, tmp_path: Path, monkeypatch):
    monkeypatch.setattr("hpo.storage.study_writer.NO_FIGURES_SECONDS", 0.0)
    told: list[str] = []
    run(tmp_path, told, 6, fault=bucket.stop)
    trials = read_study(Address.of(tmp_path), "small").trials
    assert [trial.state for trial in trials] == ["complete"] * 6
    assert len(told) == 1 and told[0].startswith("Figures cannot be stored (Could not connect to the endpoint URL")


@pytest.mark.parametrize(
    ("location", "changes", "says"),
    [
        ("gs://figures", {}, "--artifacts takes s3://BUCKET or s3://BUCKET/PREFIX"),
        ("s3://me:secret@figures", {}, "--artifacts takes s3://BUCKET or s3://BUCKET/PREFIX"),
        ("s3://:secret@figures", {}, "--artifacts takes s3://BUCKET or s3://BUCKET/PREFIX"),
        ("s3://missing/a", {}, "--artifacts s3://missing/a: the bucket does not exist: create it"),
        ("s3://No!", {}, "--artifacts s3://No!: a bucket's name has 3 to 63 lower-case letters"),
        ("s3://figures", {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}, "there are no keys: set AWS_"),
        ("s3://figures", {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "Could not connect to the endpoint URL"),
        ("s3://figures", {"AWS_ENDPOINT_URL": "nonsense"}, "Invalid endpoint: nonsense"),
    ],
)
def test_a_bucket_that_cannot_be_used_is_one_line_and_nothing_is_left(
    bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, location: str, changes: dict[str, Any], says: str
):
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    for name, value in changes.items():
        monkeypatch.delenv(name) if value is None else monkeypatch.setenv(name, value)
    with pytest.raises(StorageError) as error, live_study(STUDY, tmp_path / "runs", artifacts=location):
        pass
    assert says in str(error.value)
    assert "\n" not in str(error.value) and "secret" not in str(error.value)
    assert not list(tmp_path.glob("runs/hpo.db*"))


def test_without_boto3_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(StorageError, match=r"needs the extra package of hpo\[s3\]: pip install 'hpo\[s3\]'\."):
        BucketStore("s3://figures")
