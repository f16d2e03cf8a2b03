"""Studies on a Ray cluster whose nodes are all on this machine."""

import os
import signal
import socket
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch
from safetensors.torch import load_file

from hpo.data.load import load_dataset
from hpo.definition.data_config import DataConfig
from hpo.definition.study_definition import StudyDefinition
from hpo.errors import RequestError
from hpo.execution.cluster.cluster_options import ClusterOptions
from hpo.execution.events import EpochTrained, Event, StudyOpened, TrialEnded, TrialStarted
from hpo.execution.options import Options
from hpo.execution.session import run_grid
from hpo.run.logging_config import LoggingConfig
from tests.studies import GRID, Session, definition, stored, wait_until, what_came_out

# Ray reads it while it is imported. Without it each node makes the environment of `uv run` anew, in a folder that all
# nodes of a machine share; a node that is lost takes it along.
os.environ["RAY_ENABLE_UV_RUN_RUNTIME_ENV"] = "0"
pytest.importorskip("ray", reason="no Ray: install hpo[ray]")
STUDY = definition(GRID.replace("epochs = 3", "epochs = 40"))
SEEDS = 2


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study, run by processes of this machine."""
    runs = tmp_path_factory.mktemp("whole")
    run_grid(STUDY, SEEDS, options=Options(runs=runs, workers=2, device="cpu"))
    return runs


NODE = {"num_cpus": 1, "include_log_monitor": False}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Two nodes of one core each, with a cache of images of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        # A busy machine starts them slowly: a node, and what serves a connection of Ray Client.
        patch.setenv("RAY_raylet_start_wait_time_s", "180")
        patch.setenv("RAY_CLIENT_SERVER_CHECK_CHANNEL_TIMEOUT_S", "180")
        patch.setenv("RAY_worker_niceness", "0")  # 15 unless stated: beside other tests, that takes minutes.
        patch.setenv("HPO_DATA_DIR", str(tmp_path_factory.mktemp("nodes")))
        from ray.cluster_utils import Cluster

        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        head = {"include_dashboard": False, "no_monitor": True, "ray_client_server_port": port, **NODE}
        try:
            with warnings.catch_warnings(action="ignore"):  # Ray leaves the log of Ray Client's server open.
                cluster = Cluster(initialize_head=True, head_node_args=head)
            cluster.add_node(**NODE)
            cluster.from_outside = f"ray://{cluster.address.partition(':')[0]}:{port}"
        except Exception as error:  # Ray has no narrower one. It gives each node 15 s, whatever the machine does.
            pytest.skip(f"Ray cannot start two nodes here: {error}")
    yield cluster
    cluster.shutdown()


def on(cluster: Any, **options: Any) -> ClusterOptions:
    return ClusterOptions(cluster.address, **options)


def run(
    cluster: ClusterOptions, runs: Path, observe: Any = lambda event: None, study: StudyDefinition = STUDY
) -> list[Event]:
    """Run the study on a cluster, and return what happened."""
    events: list[Event] = []

    def observer(event: Event) -> None:
        events.append(event)
        observe(event)

    options = Options(runs=runs, device="cpu", cluster=cluster, checkpoint_seconds=0.0, observer=observer)
    run_grid(study, SEEDS, options=options)
    return events


def table(runs: Path) -> list[Any]:
    return sorted(what_came_out(stored(runs, "rows")))


def actors() -> list[psutil.Process]:
    """The actors that have a worker process."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess):  # It ended in this moment.
            if process.name().startswith("ray::NodeProc") and process.children():
                found.append(process)
    return found


def test_fresh_splits_are_the_same_on_a_cluster(cluster: Any, tmp_path: Path) -> None:
    study = definition(GRID, {"data.split": "fresh"})
    run(on(cluster), tmp_path / "cluster", study=study)
    run_grid(study, SEEDS, options=Options(runs=tmp_path / "here", workers=2, device="cpu"))
    assert table(tmp_path / "cluster") == table(tmp_path / "here")
    drawn = [
        {trial.system_attrs["hpo:correct"]["drawn"] for trial in stored(tmp_path / place, "rows")}
        for place in ("cluster", "here")
    ]
    assert drawn[0] == drawn[1] and len(drawn[0]) == SEEDS


def test_results_are_the_same_bit_for_bit_and_every_file_arrives_though_an_actor_and_a_node_are_lost(
    cluster: Any, whole: Path, tmp_path: Path
) -> None:
    lost: list[Any] = []

    def fault(event: Event) -> None:
        if isinstance(event, EpochTrained) and event.epoch.epoch == 25:
            if event.number == 0:
                actors()[0].kill()
            if event.number == 3:
                lost.append(next(node for node in cluster.worker_nodes))
                cluster.remove_node(lost[0], allow_graceful=False)
                cluster.add_node(**NODE)

    events = run(ClusterOptions(cluster.from_outside), tmp_path, fault)
    assert next(event for event in events if isinstance(event, StudyOpened)).workers == 2
    assert lost
    assert table(tmp_path) == table(whole)
    ended = [event.run_id for event in events if isinstance(event, TrialEnded)]
    assert sorted(ended) == sorted({*ended}) and len(ended) == 3 * SEEDS
    begun = [(event.run_id, event.epochs_done) for event in events if isinstance(event, TrialStarted)]
    assert any(epochs_done for _, epochs_done in begun)
    folders = sorted((whole / "rows").glob("*/"))
    assert len(folders) == 3 * SEEDS
    for folder in folders:
        found = tmp_path / "rows" / folder.name
        weights, expected = (load_file(path / "weights.safetensors") for path in (found, folder))
        assert all(torch.equal(weights[name], tensor) for name, tensor in expected.items())
        assert len((found / "epochs.jsonl").read_text().splitlines()) == 40
        files = {path.relative_to(folder).parts[0].split(".tfevents.")[0] for path in folder.rglob("*")}
        assert {path.relative_to(found).parts[0].split(".tfevents.")[0] for path in found.rglob("*")} == files
    assert not actors()


def test_a_supervisor_that_was_killed_leaves_no_actor_and_its_study_resumes_here(
    cluster: Any, whole: Path, tmp_path: Path
) -> None:
    session = Session(
        STUDY, SEEDS, tmp_path, workers="auto", checkpoint_seconds=0.0, cluster={"address": cluster.address}
    )
    session.wait_for("EpochTrained", 50)
    session.signal(signal.SIGKILL)
    session.wait()
    wait_until(lambda: not actors())
    events: list[Event] = []
    run_grid(STUDY, SEEDS, options=Options(runs=tmp_path, workers=2, device="cpu", observer=events.append))
    assert any(isinstance(event, TrialStarted) and event.epochs_done for event in events)
    assert table(tmp_path) == table(whole)


def test_a_node_fetches_images_that_it_lacks_once(cluster: Any, tmp_path: Path) -> None:
    from hpo.data.cache import entry_blocks
    from hpo.execution.cluster.cluster import connected
    from hpo.execution.messages import Setup

    data = DataConfig(dataset="digits", validation=300)
    images = load_dataset(data, tmp_path)
    assert images.folder is not None
    setup = Setup(images.folder, images.folder, "cpu", None, data, "digits", images.fingerprint, 5.0, LoggingConfig())
    elsewhere = replace(setup, images=tmp_path / "of_another_machine")
    with connected(on(cluster), Options(device="cpu"), n_runs=1) as session:
        import ray

        actor: Any = session._nodes.place_actor(1)
        assert ray.get(actor.find_images.remote(setup)) == images.folder
        assert ray.get(actor.find_images.remote(elsewhere)) is None
        blocks = {name: [ray.put(block) for block in of] for name, of in entry_blocks(images.folder, 10_000).items()}
        kept = ray.get(actor.keep_images.remote(elsewhere, blocks))
        assert ray.get(actor.find_images.remote(elsewhere)) == kept
    assert kept.is_relative_to(tmp_path.parent)
    for file in images.folder.iterdir():
        assert (kept / file.name).read_bytes() == file.read_bytes()


@pytest.mark.parametrize(
    ("cluster_options", "device", "message"),
    [
        ({"address": "127.0.0.1:1"}, "cpu", "no Ray cluster answers at 127.0.0.1:1: connection refused"),
        ({"address": "rubbish"}, "cpu", "takes auto, HOST:PORT or ray://HOST:PORT, not 'rubbish'"),
        ({}, "cuda", "the cluster has no GPU"),
        ({}, "cuda:1", "with --cluster, Ray chooses the GPUs"),
        ({"cpus_per_trial": 7}, "cpu", "no node of the cluster has 7 cores for one process"),
        ({"gpus_per_trial": 2}, "cuda", "--gpus-per-trial must be above 0 and at most 1"),
    ],
)
def test_a_cluster_that_cannot_do_it_is_refused_and_nothing_is_left_behind(
    cluster: Any, tmp_path: Path, cluster_options: dict[str, Any], device: str, message: str
) -> None:
    options = ClusterOptions(**{"address": cluster.address, **cluster_options})
    with pytest.raises(RequestError, match=message):
        run_grid(STUDY, options=Options(runs=tmp_path / "runs", device=device, cluster=options))
    assert not (tmp_path / "runs").exists()


def test_a_node_with_another_version_is_refused_by_name(cluster: Any, tmp_path: Path) -> None:
    installed = tmp_path / "torch-1.2.3.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: torch\nVersion: 1.2.3\n")
    node = cluster.add_node(**NODE, env_vars={"PYTHONPATH": str(tmp_path)})
    try:
        with pytest.raises(
            RequestError, match=rf"node {os.uname().nodename} \(\w+\) has torch 1.2.3, this machine has"
        ):
            run(on(cluster), tmp_path / "runs")
    finally:
        cluster.remove_node(node)
    assert not (tmp_path / "runs").exists()


def test_without_ray_the_message_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import hpo.execution.cluster.cluster_options as module

    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(RequestError, match=r"pip install 'hpo\[ray\]'"):
        module.check_cluster(ClusterOptions("auto"), "cpu")
