import subprocess
import sys
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData
from torch.utils.tensorboard import SummaryWriter

from hpo.network.mlp import MLP
from hpo.run.graph import graph
from hpo.run.logging_config import LoggingConfig
from hpo.run.training_run import TrainingRun
from hpo.training.stacks import Stacks
from tests.training.small_data import random_data
from tests.training.test_fit import configuration, measured, same, started

DATA = random_data()
CONFIG = configuration(epochs=6, norm="batch", dropout=0.2, hidden="8-6")
EVERY_SECOND = LoggingConfig(histograms_every=2, varied=("norm", "dropout", "patience"))


def trained(folder: Path, logging: LoggingConfig = EVERY_SECOND) -> TrainingRun:
    run = TrainingRun(CONFIG, DATA, folder, logging=logging)
    list(run)
    run.finish()
    return run


def events(folder: Path) -> list[Event]:
    files = sorted(folder.glob("events.out.tfevents.*"))
    return [event for file in files for event in LegacyEventFileLoader(str(file)).Load()]


def steps(folder: Path) -> dict[str, list[int]]:
    """Return the steps at which each tag was logged, as they lie in the files."""
    found: dict[str, list[int]] = {}
    for event in events(folder):
        for value in event.summary.value:
            if not value.tag.startswith("_hparams_"):
                found.setdefault(value.tag, []).append(event.step)
    return found


def hparams(folder: Path) -> dict[str, HParamsPluginData]:
    return {
        value.tag.rpartition("/")[2]: HParamsPluginData.FromString(value.metadata.plugin_data.content)
        for event in events(folder)
        for value in event.summary.value
        if value.tag.startswith("_hparams_")
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> TrainingRun:
    return trained(tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize("every", [0, 1, 4])
def test_training_is_the_same_to_the_bit_whatever_is_logged(every: int, tmp_path: Path, whole: TrainingRun):
    run = trained(tmp_path, LoggingConfig(histograms_every=every))
    assert [measured(epoch) for epoch in run.history] == [measured(epoch) for epoch in started(CONFIG)]
    assert same(run.fit.model.state_dict(), whole.fit.model.state_dict())


def test_runs_of_a_stack_log_their_own_histograms_and_train_to_the_same_bits(tmp_path: Path):
    def train_together(every: tuple[int, int]) -> list[TrainingRun]:
        stacks, logging = Stacks(), [LoggingConfig(histograms_every=each) for each in every]
        runs = [
            TrainingRun(
                CONFIG.model_copy(update={"seed": n}), DATA, tmp_path / f"{every}_{n}", stacks=stacks, logging=of
            )
            for n, of in enumerate(logging)
        ]
        for _ in zip(*runs, strict=True):
            pass
        for run in runs:
            run.finish()
        return runs

    logged, silent = train_together((1, 2)), train_together((0, 0))
    for one, other in zip(logged, silent, strict=True):
        assert same(one.fit.model.state_dict(), other.fit.model.state_dict())
    tag = "weights/output.weight"
    assert [steps(run.folder.path).get(tag) for run in (*logged, *silent)] == [
        [1, 2, 3, 4, 5, 6],
        [2, 4, 6],
        None,
        None,
    ]
    last = [EventAccumulator(str(run.folder.path)).Reload().Histograms(tag)[-1] for run in logged]
    for run, histogram in zip(logged, last, strict=True):
        assert histogram.histogram_value.sum == pytest.approx(
            float(run.fit.model.output.weight.detach().sum()), abs=1e-5
        )


def test_training_and_validation_share_their_charts(whole: TrainingRun):
    folder = whole.folder.path
    assert set(steps(folder / "train")) == set(steps(folder / "validation")) == {"curves/loss", "curves/accuracy"}
    epoch = whole.history[2]
    for name, loss in (("train", epoch.train_loss), ("validation", epoch.val_loss)):
        logged = EventAccumulator(str(folder / name)).Reload().Scalars("curves/loss")[2]
        assert (logged.step, logged.value) == (3, pytest.approx(loss))


@pytest.mark.parametrize("epochs", [1, 3, 5])
def test_a_run_that_is_killed_and_resumed_has_each_step_once(epochs: int, tmp_path: Path, whole: TrainingRun):
    killed = TrainingRun(CONFIG, DATA, tmp_path, logging=EVERY_SECOND)
    ahead = iter(killed)
    list(islice(ahead, epochs))
    killed.save_checkpoint()
    list(islice(ahead, 1))  # An epoch after the checkpoint, of which everything is written, and a part of an event.
    killed.events.flush()
    for file in tmp_path.rglob("events.out.tfevents.*"):
        file.write_bytes(file.read_bytes() + b"\x18\0\0\0\0\0\0\0\x01")
    resumed = TrainingRun(CONFIG, DATA, tmp_path, logging=EVERY_SECOND)
    assert len(resumed.history) == epochs
    list(resumed)
    resumed.finish()
    for name in (".", "train", "validation"):
        assert steps(tmp_path / name) == steps(whole.folder.path / name)
    killed.close()


def test_a_run_of_an_earlier_version_is_resumed_with_its_curve_once(tmp_path: Path):
    """Earlier versions wrote all curves into one file, under other names."""
    before = TrainingRun(CONFIG, DATA, tmp_path)
    list(islice(before, 3))
    before.save_checkpoint()
    before.close()
    for file in tmp_path.rglob("events.out.tfevents.*"):
        file.unlink()
    with SummaryWriter(str(tmp_path)) as writer:
        for epoch in before.history:
            writer.add_scalar("loss/train", epoch.train_loss, epoch.epoch)
    resumed = TrainingRun(CONFIG, DATA, tmp_path)
    list(resumed)
    resumed.finish()
    assert steps(tmp_path / "train")["curves/loss"] == [1, 2, 3, 4, 5, 6]
    assert "loss/train" not in steps(tmp_path)


def test_histograms_count_the_values_of_each_parameter_and_gradient(whole: TrainingRun):
    log = EventAccumulator(str(whole.folder.path)).Reload()
    learner = whole.fit.learner
    for group, buffer in (("weights", learner.parameters.values), ("gradients", learner.parameters.gradients)):
        for name, tensor in learner.parameters.views(buffer).items():
            histogram = log.Histograms(f"{group}/{name}")[-1].histogram_value
            values = tensor.numpy().ravel()
            counts, _ = np.histogram(values, np.linspace(histogram.min, histogram.max, len(histogram.bucket) + 1))
            assert histogram.num == sum(histogram.bucket) == values.size
            assert np.abs(counts - histogram.bucket).sum() <= 2  # A value on the edge of a bin.
            assert histogram.sum_squares == pytest.approx(float((values**2).sum()), rel=1e-4)
    norm = log.Scalars("epoch/gradient_norm")[-1].value
    assert norm == pytest.approx(float(learner.parameters.gradients.norm()))


def test_a_layer_whose_values_are_not_numbers_has_no_histogram(tmp_path: Path):
    run = TrainingRun(CONFIG, DATA, tmp_path, logging=LoggingConfig(histograms_every=1))
    epoch = next(iter(run))
    run.fit.learner.parameters.gradients.fill_(torch.nan)
    run.events.add(replace(epoch, epoch=2), run.fit.learner)
    run.close()
    assert steps(tmp_path)["gradients/output.bias"] == [1]
    assert steps(tmp_path)["weights/output.bias"] == [1, 2]


def test_the_graph_leads_from_the_images_through_each_layer_to_the_logits(whole: TrainingRun):
    (drawn,) = [GraphDef.FromString(event.graph_def) for event in events(whole.folder.path) if event.graph_def]
    assert drawn == graph(whole.fit.model, DATA.n_features)
    nodes = {node.name: node for node in drawn.node}
    path = [nodes["logits"]]
    while path[0].name != "input":
        path.insert(0, nodes[path[0].input[0]])
    block = ["Linear", "BatchNorm1d", type(whole.fit.model.blocks[0].activation).__name__, "Dropout"]
    assert [node.op for node in path] == ["images", *block, *block, "Linear", "logits"]
    parameters = {node.name.replace("/", ".") for node in drawn.node if node.op == "Parameter"}
    assert parameters == {name for name, _ in whole.fit.model.named_parameters()}
    plain = graph(MLP(configuration(hidden="4"), DATA.n_features, 2), DATA.n_features)
    assert [node.op for node in plain.node if node.op != "Parameter"][:2] == ["images", "Linear"]


def test_a_finished_run_is_a_row_of_settings_with_its_best_and_final_results(whole: TrainingRun):
    of = hparams(whole.folder.path)
    assert [column.name for column in of["experiment"].experiment.hparam_infos] == [
        "hidden",
        "lr",
        "norm",
        "dropout",
        "patience",
    ]
    # TensorBoard sorts those first that are marked so.
    assert [one.name for one in of["experiment"].experiment.hparam_infos if one.differs] == ["hidden", "lr"]
    stated = of["session_start_info"].session_start_info.hparams
    assert stated["hidden"].string_value == "8-6" and stated["dropout"].number_value == pytest.approx(0.2)
    assert "patience" not in stated  # It has none, and the column is of numbers.
    assert of["session_end_info"].session_end_info.status == 1  # Success.
    log = EventAccumulator(str(whole.folder.path)).Reload()
    accuracies = [epoch.val_accuracy for epoch in whole.history]
    assert log.Scalars("val/best_accuracy")[-1].value == pytest.approx(max(accuracies))
    assert log.Scalars("val/final_accuracy")[-1].value == pytest.approx(accuracies[-1])


def test_a_pruned_run_has_its_row_with_what_it_has_come_to(tmp_path: Path):
    run = TrainingRun(CONFIG, DATA, tmp_path)
    list(islice(run, 2))
    run.discard_checkpoint()
    assert hparams(tmp_path)["session_end_info"].session_end_info.status == 2  # Failure.
    (final,) = EventAccumulator(str(tmp_path)).Reload().Scalars("val/final_loss")
    assert (final.step, final.value) == (2, pytest.approx(run.history[-1].val_loss))


def test_logging_does_not_load_tensorflow_where_it_is_installed(tmp_path: Path):
    (tmp_path / "tensorflow.py").write_text("raise SystemExit('TensorFlow was loaded')")
    program = """
import sys
sys.path.insert(0, sys.argv[1])
import hpo.run
from tensorboard.summary.writer.event_file_writer import EventFileWriter  # Which SummaryWriter writes with.
EventFileWriter(sys.argv[1] + "/log").close()
"""
    ended = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
