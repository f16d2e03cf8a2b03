"""Study files and settings that nobody should write: each is read, or refused in one line of hpo's own."""

import random
import re
import string
from pathlib import Path

import pytest

from hpo.definition.study_file import parse_study
from hpo.definition.trial_config import TrialConfig
from hpo.errors import DefinitionError

SHIPPED = {path.stem: path.read_text() for path in (Path(__file__).parents[2] / "studies").glob("*.toml")}
ODD = [
    *(
        "0",
        "-1",
        "1.5",
        "1e40",
        "1e300",
        "1e-320",
        "-0.0",
        "nan",
        "inf",
        "-inf",
        "9" * 400,
        "9" * 5000,
        "0x" + "f" * 5000,
    ),
    *("true", "false", "''", "'none'", "'None'", "'x'", "'1'", "'2.0'", "'nan'", "'1e400'", "'-'", "'1-2-'", "'64-32'"),
    *(
        "[]",
        "[[]]",
        "[1, 'a']",
        "[[64, 32], [128]]",
        "[1, 1.0, true]",
        "{}",
        "{ a = 1 }",
        "[{}]",
        "1979-05-27",
        "07:32:00",
    ),
    *("[" * 500 + "]" * 500, "[" * 20 + "]" * 20, '"a\\nb\\u001b[31m"', "'" + "x" * 300 + "'", "9223372036854775808"),
    *("{ low = 1, high = 2 }", "{ low = 1e308, high = -1e308 }", "{ low = 0.0, high = 1.0, step = 1e-300 }", "-9e18"),
    *("{ low = 1, high = 9, log = true }", "{ choices = ['a'], when = { depth = 9 } }", "{ low = true, high = false }"),
    *("{ choices = [1], when = 3 }", "{ choices = [1], when = { norm = {} } }", "{ choices = [{}] }", "{ low = 'a' }"),
    *(
        "2024-02-30",
        "0000-01-01",
        "'\u202e'",
        "'\U0001f600'",
        "1_000",
        "0b11",
        "1e",
        "[1,",
        "{ a",
        "\\",
        "#",
        "",
        "a = 3",
    ),
]
CLAIMS = """
[[claim]]
id = "C1"
title = "Wide beats deep"
tests = [{ of = "03_wide_3x128", versus = ["02_deep_4x64", "01_baseline"], within = [1, 2] }]
"""
KEYS = [
    *TrialConfig.model_fields,
    *("name", "low", "high", "step", "choices", "when", "metric", "dataset", "split", "validation", "settings", "of"),
    *("study", "data", "trial", "space", "sampler", "pruner", "experiment", "claim", "tests", "id", "above", "within"),
    *('"a\\nb"', '"\\u001b[2J"', "'" + "k" * 200 + "'", "learning_rate", "a.b.c", ".".join("a" * 3000), "''", "é"),
]


def refusal(text: str, overrides: dict[str, str]) -> str:
    """Return why a study is refused; nothing if it is accepted."""
    try:
        parse_study(text, overrides, source="odd.toml", default_name="odd")
    except DefinitionError as error:
        return str(error)
    return ""


def assert_plain(message: str) -> None:
    assert message.isprintable(), message
    assert len(message) < 500, message
    assert "input should" not in message.lower(), message


def changed(text: str, rng: random.Random) -> str:
    """Return a study file with a few random changes."""
    lines = text.splitlines()
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(lines))
        line, key, value = lines[at], rng.choice(KEYS), rng.choice(ODD)
        lines[at] = rng.choice(
            [
                f"{line}\n{key} = {value}",
                f"{line}\n[{key}]",
                f"{line}\n[[{key}]]",
                f"{line}\n{rng.choice(lines)}",
                line.split("=")[0] + f"= {value}",
                f"{key} =".join(re.split(r"\w+ =", line, maxsplit=1)),
                value.join(re.split(r"[\d.e-]+", line, maxsplit=1)),
                line[: rng.randrange(len(line) + 1)],
                line + rng.choice(string.printable),
            ]
        )
    return "\n".join(lines)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_changed_study_file_is_read_or_refused_in_one_line(name: str) -> None:
    rng = random.Random(name)
    text, refused = SHIPPED[name], 0
    if name == "documented_grid":  # A part is enough: its experiments are alike.
        text = text.split('[[experiment]]\nname = "04')[0] + CLAIMS
    for _ in range(250):
        message = refusal(changed(text, rng), {})
        refused += bool(message)
        assert_plain(message)
    assert 50 < refused < 250


def test_any_value_of_any_setting_is_taken_or_refused_in_one_line() -> None:
    rng = random.Random(0)
    tables = ["", "", "trial.", "space.", "space.depth.", "space.momentum.when.", "data.", "study.", "sampler.", "x."]
    for _ in range(400):
        keys = [rng.choice(tables) + rng.choice(KEYS) for _ in range(rng.randint(1, 2))]
        values = [rng.choice(ODD).strip("'" * rng.randint(0, 1)) for _ in keys]
        assert_plain(refusal(SHIPPED["quickstart"], dict(zip(keys, values, strict=True))))


@pytest.mark.parametrize("value", ODD, ids=range(len(ODD)))
def test_no_odd_value_of_a_parameter_breaks_a_search(value: str) -> None:
    for name in ("lr", "epochs", "hidden", "dropout", "norm", "nesterov", "patience"):
        for text in (f"[trial]\n{name} = {value}", f"[space]\n{name} = {{ choices = [{value}] }}"):
            assert_plain(refusal(f"{text}\n[space.width]\nlow = 1\nhigh = 8\n[space.depth]\nlow = 1\nhigh = 2", {}))
