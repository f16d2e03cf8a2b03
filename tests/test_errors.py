import pytest

from hpo.errors import closest, printable


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
