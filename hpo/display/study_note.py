"""The note on a study, in Markdown: the question, what is run, how it was begun, and what came out of its claims."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import takewhile
from pathlib import PurePath

from hpo.definition.counted import counted
from hpo.definition.study_definition import StudyDefinition
from hpo.display.markdown import as_text

# Ends a note that may be replaced: a person who edits the note removes the line, and keeps the text.
KEPT_UP_TO_DATE = "*hpo keeps this note up to date. Remove this line to keep a text of your own.*"


def study_note(
    definition: StudyDefinition,
    dataset: str,
    command: str,
    versions: Mapping[str, str],
    verdicts: Iterable[tuple[str, str, str]] = (),
) -> str:
    """Return the note.

    Args:
        definition: of the study.
        dataset: name of the images.
        command: the command line that began the study, without passwords.
        versions: of Python, hpo and the libraries that began the study.
        verdicts: of a grid's claims: the claim, what it says, and the verdict with what it rests on.
    """
    parts = [f"**{as_text(_question(definition, dataset))}**", _what_is_run(definition, dataset)]
    rows = [" | ".join(map(as_text, row)) for row in verdicts]
    if rows:
        parts.append("\n".join(["claim | says | verdict", "--- | --- | ---", *rows]))
    if command:
        program, _, arguments = command.partition(" ")
        parts.append(f"Begun with:\n\n```\n{PurePath(program).name} {arguments}\n```")
    if versions:
        parts.append(as_text(", ".join(f"{name} {version}" for name, version in versions.items())) + ".")
    return "\n\n".join([*parts, KEPT_UP_TO_DATE])


def _question(definition: StudyDefinition, dataset: str) -> str:
    """Return the first sentences of the study file's comment; without one, what every study of the kind asks."""
    lines = takewhile(lambda line: line.startswith("#"), definition.text.strip().splitlines())
    paragraph = takewhile(bool, (line.lstrip("# ").rstrip() for line in lines))
    comment = " ".join(line for line in paragraph if not line.startswith("hpo "))
    if comment:
        return comment
    if definition.kind == "grid":
        return f"How do {counted(len(definition.experiments), 'experiment')} on {dataset} compare?"
    return f"Which configuration has the best {definition.metric} on {dataset}?"


def _what_is_run(definition: StudyDefinition, dataset: str) -> str:
    if definition.kind == "grid":
        what = f"A grid of {counted(len(definition.experiments), 'experiment')}"
    else:
        what = f"A search over {', '.join(definition.space)}"
    return as_text(f"{what}, on {dataset}; the objective is {definition.metric}, to be {definition.direction}d.")
