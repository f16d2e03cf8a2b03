"""The table of a machine's speed."""

from collections.abc import Mapping, Sequence
from typing import Any

from hpo.analysis.tables import Column, Table, number
from hpo.definition.counted import counted


def speed_table(
    rows: Sequence[Any],
    devices: Sequence[str],
    images: int,
    rates: Mapping[str, float],
    forecast: Mapping[str, Any],
    forecast_text: str,
) -> Table:
    """Return the table of a machine's speed.

    Args:
        rows: a network each, with the fields of `SpeedRow`.
        devices: of each worker.
        images: images of an epoch.
        rates: of matrix products by precision, in operations a second.
        forecast: what a study takes, by name.
        forecast_text: the same as a sentence.
    """
    columns = (
        Column("network", lambda row: row["what"]),
        Column("hidden", lambda row: row["hidden"]),
        Column("batch", lambda row: str(row["batch_size"]), right=True),
        Column("precision", lambda row: row["precision"]),
        Column("s an epoch", lambda row: number(row["seconds_per_epoch"]), right=True),
        Column("epochs an hour", lambda row: number(row["epochs_per_hour"], 0), right=True),
        Column("floor s", lambda row: number(row["floor_seconds"]), right=True),
        Column("of the floor", lambda row: f"{100 * row['share_of_floor']:.0f}%", right=True),
    )
    busy = f"{counted(len(devices), 'worker')} on {', '.join(sorted(set(devices)))}, all busy"
    notes = [
        f"{busy}; an epoch is {counted(images, 'image')} and its validation, on one worker; the floor is its matrix "
        "products alone.",
        f"Matrix products of a worker: fp32 {rates['fp32'] / 1e9:.0f}, bf16 {rates['bf16'] / 1e9:.0f} GFLOP/s.",
        forecast_text,
    ]
    summary = {"workers": len(devices), "devices": devices, "product_rates": rates, "forecast": forecast}
    return Table("This machine", columns, rows, notes, summary)
