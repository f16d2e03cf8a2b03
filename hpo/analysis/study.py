"""A study in a notebook: as data frames, and as a small table where a cell shows it."""

import html
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpo.analysis.study_tables import trials_table
from hpo.analysis.trial_rows import curve_rows, trial_rows
from hpo.errors import RequestError
from hpo.storage.address import Address
from hpo.storage.stored_study import StoredStudy, read_study
from hpo.storage.stored_trial import StoredTrial

if TYPE_CHECKING:
    import pandas as pd

# The types of columns of which no value may be known, so that a column has one type in every study: text, whole
# numbers; any other has numbers.
WHOLE = (
    *("replicate", "trained_epochs", "parameters", "exported_parameters", "best_epoch", "lr_reductions"),
    *("checkpoint_epoch", "depth", "width", "patience", "shift", "look"),
)
TEXTS = (
    "experiment",
    "message",
    "hidden",
    "checkpoint_monitor",
    "quantity",
    "hypothesis",
    "verdict_holm",
    "effort",
    "note",
)
# Trials that a notebook shows of a study.
SHOWN = 5


class Study(StoredStudy):
    """A study that was opened to use what it found.

    >>> hpo.open_study("quickstart").trials_dataframe().sort_values("value").tail(5)
    """

    @property
    def best(self) -> StoredTrial:
        """The finished trial with the best value.

        Raises:
            StorageError: no trial has finished.
        """
        return self.best_trial

    def trials_dataframe(self) -> "pd.DataFrame":
        """Return one row a trial: how it ended, what it measured, and a column for each setting.

        Raises:
            RequestError: pandas is not installed.
        """
        return _data_frame(trial_rows(self.trials))

    def curves_dataframe(self) -> "pd.DataFrame":
        """Return one row an epoch of each trial.

        Raises:
            RequestError: pandas is not installed.
        """
        return _data_frame(curve_rows(self.trials))

    def findings_dataframe(self) -> "pd.DataFrame":
        """Return one row a claim and reading, as `hpo findings` judges them.

        Raises:
            RequestError: pandas is not installed, or the study makes no claims.
        """
        from hpo.analysis.findings import judge_claims

        rows = [vars(row) for row in judge_claims(self.definition, self.trials)]
        nested = ("runs", "evidence")
        return _data_frame([{name: value for name, value in row.items() if name not in nested} for row in rows])

    def _repr_html_(self) -> str:
        table = trials_table(self, SHOWN)
        header = "".join(f"<th>{html.escape(column.header)}</th>" for column in table.columns)
        rows = [
            "".join(f"<td>{html.escape(column.text(record))}</td>" for column in table.columns)
            for record in table.records()
        ]
        body = "".join(f"<tr>{row}</tr>" for row in rows)
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in table.notes[:1])
        title = html.escape(table.title)
        return f"<p><b>{title}</b></p><table><thead><tr>{header}</tr></thead><tbody>{body}</tbody></table>{notes}"


def open_study(name: str, runs: Path | str = "runs", storage: str | None = None) -> Study:
    """Read a study to use what it found.

    >>> hpo.open_study("quickstart").best_config().hidden

    Args:
        name: of the study.
        runs: the folder that `hpo search` wrote into.
        storage: address of the database; None is that of the runs folder.

    Raises:
        StorageError: there is no such database or study, or what is stored breaks a rule.
    """
    return Study(**vars(read_study(Address.of(Path(runs), storage), name)))


def _data_frame(rows: list[dict[str, Any]]) -> "pd.DataFrame":
    try:
        import pandas as pd
    except ImportError:
        raise RequestError("data frames need pandas, which is not installed: pip install 'hpo[pandas]'") from None
    names = dict.fromkeys(name for row in rows for name in row)
    columns: Mapping[str, Any] = {
        name: pd.Series([row.get(name) for row in rows], dtype=_dtype(name, (row.get(name) for row in rows)))
        for name in names
    }
    return pd.DataFrame(columns)


def _dtype(name: str, values: Iterable[Any]) -> str:
    """Return pandas' type of a column, in which a value may be missing."""
    known = [value for value in values if value is not None and not (isinstance(value, float) and math.isnan(value))]
    if name in ("started", "ended"):
        return "datetime64[us]"
    if known and all(isinstance(value, bool) for value in known):
        return "boolean"
    if not known:
        return "string" if name in TEXTS else "Int64" if name in WHOLE else "Float64"
    if all(isinstance(value, int) for value in known):
        return "Int64"
    return "Float64" if all(isinstance(value, int | float) for value in known) else "string"
