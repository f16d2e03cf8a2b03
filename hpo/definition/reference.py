"""The description of study files, made from the models that read them.

python -m hpo.definition.reference > docs/study_files.md
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hpo.definition.claims import QUANTITIES, STATISTICS, Claim, ClaimTest
from hpo.definition.confirmation_config import ConfirmationConfig, Confirms
from hpo.definition.data_config import DataConfig
from hpo.definition.experiment import Experiment
from hpo.definition.limits_config import LimitsConfig
from hpo.definition.misplaced import STUDY_KEYS
from hpo.definition.pruner_config import PrunerConfig
from hpo.definition.sampler_config import SamplerConfig
from hpo.definition.search_space import Parameter
from hpo.definition.study_definition import StudyDefinition
from hpo.definition.table import LEAST_NUMBER, MOST_COUNT, MOST_NUMBER, Table
from hpo.definition.trial_config import MOST_L2, READ_ONLY_BY, TrialConfig

INTRODUCTION = """\
# Study files

A study file says what `hpo` runs. It is a text file in [TOML](https://toml.io). It is either a **search**, which has a
table `[space]`, or a **grid** of experiments, which has tables `[[experiment]]`.
`hpo init search` and `hpo init grid` write a commented file to begin with. `hpo config --study FILE` prints a file with
every key, its meaning, range and default, and with what `--set` changes. `hpo list --studies` shows the files that come
with hpo; `--study` and `hpo.load_study` accept their names.
This page is made from the program by `python -m hpo.definition.reference`; change the program, not the page.

## A search

`hpo search --study my_search.toml --trials 50` runs it.

```toml
[study]
name = "my_search"

[data]
dataset = "digits"
validation = 300

[trial]                      # what all trials share
epochs = 20
patience = 5

[space]                      # what the sampler may choose
depth = { low = 1, high = 3 }
width = { low = 16, high = 256, log = true }
dropout = { low = 0.0, high = 0.5, step = 0.1 }
optimizer = { choices = ["adam", "sgd"] }
momentum = { low = 0.5, high = 0.99, when = { optimizer = "sgd" } }

[limits]                     # larger networks are never trained
parameters = 100_000

[[enqueue]]                  # the first trial; the sampler completes it
width = 64
optimizer = "adam"
```

## A grid, with claims

`hpo replay-grid --study my_grid.toml --seeds 5` runs each experiment with five seeds, and `hpo findings my_grid` tells
which claims hold.

```toml
[study]
name = "my_grid"

[data]
dataset = "digits"
validation = 300

[trial]
epochs = 20
activation = "relu"

[[experiment]]
name = "narrow"
settings = { hidden = "32-32" }

[[experiment]]
name = "wide"
settings = { hidden = [512, 512], dropout = 0.2 }
documented = { test_accuracy = 97.0 }

[[claim]]
id = "C1"
title = "Wide nets beat narrow ones by a point, at no more than twice the time"
tests = [
  { of = "wide", versus = "narrow", above = 1 },
  { of = "wide", versus = "narrow", quantity = "seconds", statistic = "ratio", below = 2 },
]
```

## Rules for all tables

- A key that is not listed here is refused, with the key that was probably meant.
- Numbers are written without quotes. A whole number may have a decimal point (`64.0`); `true` is not a number.
- Training computes with 32-bit numbers. A number that they cannot hold is refused, such as `1e40`.
- **None**: TOML has no word for "no value". Write the text `"none"` for a key whose default is none, as in
  `patience = "none"`, `--set patience=none`, or `patience = { choices = ["none", 5] }`.
- **`--set KEY=VALUE`** on the command line changes a value without changing the file. `--set lr=0.01` fixes a setting
  of every trial: it wins over `[trial]`, `[space]` and each experiment; a row `[[enqueue]]` that it contradicts is left
  out. A key of another table is written with the table's name: `--set data.split=first`,
  `--set study.seed=3`, `--set space.depth.high=5`. Values are written as in the file; the quotes of a text can be left
  out.
- **Conditions**: a parameter with `when` is proposed only while its condition holds. The setting that the condition
  names is fixed in `[trial]`, or stands before the parameter in `[space]`; else its default holds. A condition that can
  never hold is refused.
- The study file is stored with the study. A study is resumed only with the settings that it was begun with.
"""


ENQUEUE = """\
## `[[enqueue]]`

A trial that a search begins with, by values of parameters of `[space]`; the sampler suggests the others. The rows are
the first trials of the study, in their order, and count among those of `--trials`. A parameter that applies only with
one choice of another parameter implies it: with `when = { optimizer = "sgd" }`, a row that states `momentum` need not
state `optimizer`. A row that `[space]` could not propose is refused when the file is read.
`hpo enqueue STUDY KEY=VALUE...` adds such a trial to a search that was begun, while a session runs it or not.
"""


@dataclass(frozen=True)
class Key:
    """What a key of a table is: its type with its range, its default and its meaning, as texts."""

    name: str
    type: str
    default: str
    meaning: str


def page() -> str:
    """Return the whole page as Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield INTRODUCTION
    yield "## `[study]`\n"
    yield from _table(StudyDefinition, *STUDY_KEYS)
    yield "## `[data]`\n"
    yield f"{DataConfig.__doc__}\n"
    yield from _table(DataConfig)
    yield "## `[trial]`, and the settings of an experiment\n"
    yield (
        "The settings of a trial. State the hidden layers as `hidden`, or as `depth`, `width` and `taper`; state the "
        "learning rate as `lr` or as `lr_multiplier`.\nA setting that only some choices of another setting read may be "
        "stated only with one of them.\n"
    )
    yield from _table(TrialConfig, *(name for name in TrialConfig.model_fields if name != "seed"))
    yield "## `[space]`\n"
    yield f"A setting of `[trial]` is searched if it stands here instead. {Parameter.__doc__}\n"
    yield from _table(Parameter)
    yield "## `[sampler]`\n"
    yield from _table(SamplerConfig)
    yield "## `[pruner]`\n"
    yield f"{PrunerConfig.__doc__}\n"
    yield from _table(PrunerConfig)
    yield "## `[limits]`\n"
    yield f"{LimitsConfig.__doc__}\n"
    yield from _table(LimitsConfig)
    yield ENQUEUE
    yield "## `[confirmation]`\n"
    yield f"{ConfirmationConfig.__doc__}\n"
    yield from _table(ConfirmationConfig)
    yield "## `[[experiment]]`\n"
    yield f"{Experiment.__doc__}\n"
    yield from _table(Experiment)
    yield "## `[[claim]]`\n"
    yield f"{Claim.__doc__}\n"
    yield from _table(Claim)
    yield "### A test of a claim\n"
    yield (
        f"{ClaimTest.__doc__}\nThe verdict comes from the interval of the statistic's mean over seeds: inside the "
        "hypothesis is supported, wholly outside is contradicted, else unresolved.\n"
        "A test has exactly one of `above`, `below`, `within`, `never_below` and `reproduces`. Accuracies are in "
        "percent, times in seconds.\n"
    )
    yield from _table(ClaimTest)
    yield from _meanings("quantity", "of a run", QUANTITIES)
    yield from _meanings("statistic", "of the runs of one replicate", STATISTICS)
    yield "## `[confirms]`\n"
    yield f"{Confirms.__doc__}\n"
    yield from _table(Confirms)


def _table(table: type[Table], *names: str) -> Iterator[str]:
    """Yield one row a key: its type and range, its default, its meaning."""
    yield "| key | type | default | meaning |"
    yield "| --- | --- | --- | --- |"
    for key in keys(table, *names):
        yield f"| `{key.name}` | {key.type} | {key.default} | {key.meaning.replace('|', '/')} |"
    yield ""


def keys(table: type[Table], *names: str) -> Iterator[Key]:
    """Yield the description of each key of a table, in Markdown.

    Args:
        table: of a study file.
        names: of the keys; all of the table's where none is named.
    """
    schema = table.model_json_schema()
    for name in names or table.model_fields:
        known = schema["properties"][name]
        meaning = " ".join(known["description"].split())
        if table is TrialConfig and name in READ_ONLY_BY:
            reader, choices = READ_ONLY_BY[name]
            meaning += f" Read with `{reader}` {' or '.join(f'`{choice}`' for choice in choices)} only."
        yield Key(name, _type(known, schema), _default(table, name), meaning)


def _meanings(name: str, what: str, meanings: dict[Any, str]) -> Iterator[str]:
    yield f"| `{name}` | {what} |"
    yield "| --- | --- |"
    yield from (f"| `{key}` | {meaning} |" for key, meaning in meanings.items())
    yield ""


def _type(known: dict[str, Any], schema: dict[str, Any]) -> str:
    """Return the type and the range of a key, from its JSON schema."""
    if "anyOf" in known:
        return ", ".join(dict.fromkeys(_type(one, schema) for one in known["anyOf"] if one.get("type") != "null"))
    if "const" in known:
        return f"`{known['const']}`"
    if "enum" in known:
        return ", ".join(f"`{choice}`" for choice in known["enum"])
    match known.get("type"):
        case "array" if "prefixItems" in known:
            return f"list of {len(known['prefixItems'])} numbers"
        case "array" if "$ref" in known["items"]:
            return "list of tables"
        case "array" if "anyOf" in known["items"]:
            return "list of values"
        case "array":
            one = _type(known["items"], schema)
            return f"list of {one}".replace("number", "numbers").replace("text", "texts")
        case "object":
            return "table"
        case "boolean":
            return "true or false"
        case "string":
            return "text"
        case kind:
            return " ".join(["whole number" if kind == "integer" else "number", *_range(known)])


def _range(known: dict[str, Any]) -> Iterator[str]:
    """Yield the bounds of a number, without those that every number has."""
    low, high = known.get("minimum", known.get("ge")), known.get("maximum", known.get("le"))
    if low == LEAST_NUMBER or "exclusiveMinimum" in known:
        yield "above 0"
    elif low is not None and low != -MOST_NUMBER:
        yield f"from {low:g}"
    if "exclusiveMaximum" in known:
        limit = known["exclusiveMaximum"]
        yield f"below {f'2^{limit.bit_length() - 1}' if limit > MOST_COUNT else f'{limit:g}'}"
    elif high is not None and high not in (MOST_NUMBER, MOST_L2):
        yield "to a billion" if high == MOST_COUNT else f"to {high:g}" if high < 10_000 else f"to {high:,}"


def _default(table: type[Table], name: str) -> str:
    field = table.model_fields[name]
    if field.is_required():
        return "see text" if (table, name) in FOLLOWS else "required"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, tuple) and len(value) == 1:
        value = value[0]
    if value is None or value in ((), {}):
        return "none" if value is None else "empty"
    return f"`{str(value).lower() if isinstance(value, bool) else f'{value:g}' if isinstance(value, float) else value}`"


# Required keys that are filled in from others.
FOLLOWS = (
    (StudyDefinition, "name"),
    (TrialConfig, "hidden"),
    (TrialConfig, "lr"),
    (Parameter, "type"),
    (ClaimTest, "statistic"),
)

if __name__ == "__main__":
    print(page(), end="")
