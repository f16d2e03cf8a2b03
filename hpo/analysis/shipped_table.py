"""The table of the study files that come with hpo."""

from hpo.analysis.tables import Column, Table
from hpo.definition.shipped_studies import first_sentence, shipped_studies
from hpo.definition.study_file import load_study


def shipped_table() -> Table:
    """Return one row a shipped study: its kind, its data and what it is for."""
    rows = []
    for name, path in shipped_studies().items():
        definition = load_study(path)
        rows.append(
            {
                "name": name,
                "kind": definition.kind,
                "dataset": definition.data.dataset,
                "about": first_sentence(definition.text),
                "file": str(path),
            }
        )
    columns = (
        Column("study", lambda row: row["name"]),
        Column("kind", lambda row: row["kind"]),
        Column("data", lambda row: row["dataset"]),
        Column("what it is", lambda row: row["about"], wrap=True),
    )
    notes = [
        "Run a search with hpo search --study NAME, a grid with hpo replay-grid --study NAME.",
        "hpo config --study NAME prints the whole file; hpo init writes one of your own to begin with.",
    ]
    return Table("Studies that come with hpo", columns, rows, notes)
