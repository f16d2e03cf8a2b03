import csv
import io
import json
from dataclasses import dataclass

from hpo.analysis.tables import Column, Table, interval, number, with_noise


@dataclass(frozen=True)
class Row:
    name: str
    value: float | None
    runs: tuple[str, ...] = ()


TABLE = Table(
    "Title",
    (Column("name", lambda row: row["name"]), Column("value", lambda row: number(row["value"]), right=True)),
    [Row("a|b [x]", 1.234, ("r1", "r2")), Row("c", float("nan"))],
    notes=["a note"],
    summary={"best": float("inf")},
)


def test_json_holds_every_field_and_no_number_that_json_has_not() -> None:
    assert json.loads(TABLE.json()) == {
        "rows": [
            {"name": "a|b [x]", "value": 1.234, "runs": ["r1", "r2"]},
            {"name": "c", "value": None, "runs": []},
        ],
        "best": None,
    }


def test_csv_holds_every_field() -> None:
    rows = list(csv.DictReader(io.StringIO(TABLE.csv())))
    assert rows[0] == {"name": "a|b [x]", "value": "1.234", "runs": '["r1", "r2"]'}
    assert rows[1]["value"] == ""


def test_markdown_escapes_what_would_end_a_cell() -> None:
    assert TABLE.markdown() == "| name | value |\n| --- | ---: |\n| a\\|b [x] | 1.23 |\n| c |  |\n\na note\n"


def test_rows_may_be_mappings_and_may_be_none() -> None:
    assert json.loads(Table("", (), [{"a": 1}]).json()) == {"rows": [{"a": 1}]}
    assert Table("", (Column("a", str),), []).csv() == "\n"
    assert Table("", (Column("a", str),), []).markdown() == "| a |\n| --- |\n"


def test_numbers_are_text_that_people_read() -> None:
    assert number(830282, 0) == "830,282"
    assert number(-0.0001) == "0.00"
    assert number(None) == number(float("nan")) == ""
    assert interval(-0.5, 1.25, sign=True) == "-0.50 to +1.25"
    assert interval(None, 1.0) == ""
    assert (with_noise(54.46, 0.31), with_noise(54.46, None)) == ("54.5 ± 0.3", "54.5")
