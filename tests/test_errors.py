import pytest

from hpo.errors import closest, printable, quoted


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("cat and dog", "cat and dog"),
        ("café/ 犬", "café/ 犬"),
        ("a\nb\r\x1b[31m", "a\\nb\\r\\x1b[31m"),
        ("reversed \u202egnp.exe", "reversed \\u202egnp.exe"),
        ("not UTF-8: \udcff", "not UTF-8: \\udcff"),
        (ValueError("bad\0"), "bad\\x00"),
        ("x" * 80, "x" * 80),
        ("/start" + "x" * 200 + "end.png", "/start" + "x" * 32 + "..." + "x" * 32 + "end.png"),
    ],
)
def test_foreign_text_is_one_line_of_at_most_80_characters(text: object, printed: str) -> None:
    assert printable(text) == printed
    assert len(printed) <= 80
    printed.encode()


def test_the_closest_name_is_found_in_any_case() -> None:
    assert closest("DOG", ["cat", "Dog"]) == "Did you mean 'Dog'?"
    assert closest("xyzzy", ["dog", "Cat"]) == "Choose from Cat, dog."


def test_few_of_many_choices_are_listed() -> None:
    assert closest("xyzzy", [f"n{number:02d}" for number in range(30)]).endswith("n10, n11 and 18 more.")


def test_what_python_cannot_write_is_quoted_by_its_type() -> None:
    nested: list[object] = []
    for _ in range(100_000):
        nested = [nested]
    assert quoted(10**5000) == "'int that is too large to show'"
    assert quoted(nested) == "'list that is too large to show'"
    assert quoted("two\nlines") == r"'two\nlines'"
