import io

import pytest
from rich.console import Console

from hpo.analysis.tables import Column, Table
from hpo.cli.terminal_table import TerminalTable

SENTENCE = "one two three four five six seven eight nine ten"
ROWS = [{"name": "a_name_of_18_chars", "says": SENTENCE, "n": "123,456"}, {"name": "b [x]", "says": "", "n": "1"}]


def column(name: str, **settings: bool) -> Column:
    return Column(name, lambda row: row[name], **settings)


def printed(columns: tuple[Column, ...], width: int, rows: list[dict[str, str]] = ROWS) -> str:
    file = io.StringIO()
    table = Table("Title", columns, rows, notes=["a note"])
    Console(width=width, file=file, color_system=None).print(TerminalTable(table))
    return file.getvalue()


COLUMNS = (column("name"), column("says", wrap=True), column("n", right=True, optional=True))


def test_a_wide_terminal_shows_each_row_in_one_line() -> None:
    assert f"a_name_of_18_chars  {SENTENCE}  123,456\n" in printed(COLUMNS, 120)


@pytest.mark.parametrize("width", [120, 80, 60, 40, 20])
def test_no_line_is_wider_than_the_terminal_and_no_text_is_cut(width: int) -> None:
    text = printed(COLUMNS[:2], width)
    assert max(map(len, text.splitlines())) <= width
    letters = "".join(text.split())
    assert all(letters.count(letter) >= ("a_name_of_18_chars" + SENTENCE).count(letter) for letter in "_t18")


def test_sentences_are_broken_between_words_and_before_anything_else() -> None:
    lines = printed(COLUMNS, 60).splitlines()
    assert any(line.startswith("a_name_of_18_chars  one two three four five six") for line in lines)
    assert any(line.strip() == "seven eight nine ten" for line in lines)


def test_a_column_for_which_there_is_no_room_is_left_out_and_named() -> None:
    text = printed(COLUMNS, 46)
    assert "123,456" not in text
    assert text.endswith("a note\nLeft out on a narrow terminal: n.\n")


def test_brackets_are_shown_as_they_are() -> None:
    assert "b [x]" in printed(COLUMNS, 80)


def test_columns_of_one_name_are_two_columns() -> None:
    first, second = Column("same", lambda row: row["n"]), Column("same", lambda row: row["name"])
    assert "1        b [x]" in printed((first, second), 80)


def test_a_table_without_rows_shows_its_columns() -> None:
    assert "name  says  n\n" in printed(COLUMNS, 80, rows=[])
