"""A run's row in TensorBoard's HParams tab."""

import time
from collections.abc import Sequence
from typing import Any, Literal, get_args, get_origin

from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.plugins.hparams.api_pb2 import Status
from tensorboard.plugins.hparams.metadata import SESSION_END_INFO_TAG
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData, SessionEndInfo
from torch.utils.tensorboard.summary import hparams

from hpo.definition.trial_config import TrialConfig

# The columns of results: scalars of the run, of which the table shows the last value. Longer names would be broken.
BEST_ACCURACY, BEST_LOSS = "val/best_accuracy", "val/best_loss"
FINAL_ACCURACY, FINAL_LOSS = "val/final_accuracy", "val/final_loss"
TEST_ACCURACY = "test/accuracy"
METRICS = (FINAL_ACCURACY, BEST_ACCURACY, FINAL_LOSS, BEST_LOSS, TEST_ACCURACY)
# The table shows five columns, until a person chooses others: those marked as differing first, then by the alphabet.
FIRST = ("hidden", "lr")


def session_start(config: TrialConfig, varied: Sequence[str]) -> tuple[Summary, Summary]:
    """Return the table's columns, and the settings of a run that begins.

    Args:
        config: of the run.
        varied: the settings that are shown; empty takes those that are not at their default.
    """
    settings = config.model_dump(mode="json")
    settings["dropout"] = sum(config.dropouts) / len(config.dropouts)  # A column of numbers: the mean of the layers.
    if not varied:
        defaults = {name: field.default for name, field in TrialConfig.model_fields.items()}
        varied = [name for name, value in config if name != "seed" and value != defaults[name]]
    names = list(dict.fromkeys((*FIRST, *(name for name in varied if name in settings))))
    choices = {name: _choices(name) for name in names}
    settings |= {name: "none" for name in names if settings[name] is None and choices[name]}
    # A column has one type, also where this run has nothing in it.
    typed = {name: 0.0 if settings[name] is None else settings[name] for name in names}
    columns, _, _ = hparams(  # type: ignore[no-untyped-call]
        typed, dict.fromkeys(METRICS), {name: of for name, of in choices.items() if of}
    )
    _mark_first(columns)
    stated = {name: settings[name] for name in names if settings[name] is not None}
    _, start, _ = hparams(stated, {})  # type: ignore[no-untyped-call]
    return columns, start


def session_end(*, finished: bool) -> Summary:
    """Return what says how a run has ended.

    Args:
        finished: whether it was trained to its end; a run that was pruned or diverged was not.
    """
    status = Status.STATUS_SUCCESS if finished else Status.STATUS_FAILURE
    end = HParamsPluginData(session_end_info=SessionEndInfo(status=status, end_time_secs=time.time()))
    about = SummaryMetadata.PluginData(plugin_name="hparams", content=end.SerializeToString())
    metadata = SummaryMetadata(plugin_data=about)
    return Summary(value=[Summary.Value(tag=SESSION_END_INFO_TAG, metadata=metadata)])


def _mark_first(columns: Summary) -> None:
    plugin_data = columns.value[0].metadata.plugin_data
    table = HParamsPluginData.FromString(plugin_data.content)
    for column in table.experiment.hparam_infos:
        column.differs = column.name in FIRST
    plugin_data.content = table.SerializeToString()


def _choices(name: str) -> list[str]:
    """Return the texts that a setting may be, if they are few."""
    field = TrialConfig.model_fields[name]
    texts = _literals(field.annotation)
    return [*texts, "none"] if texts and field.default is None else texts


def _literals(annotation: Any) -> list[str]:
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    return [text for part in get_args(annotation) for text in _literals(part)]
