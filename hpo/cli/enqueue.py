"""`hpo enqueue`: state a trial that a search is to train next."""

from typing import Annotated

import typer

from hpo.cli.completion import study_names
from hpo.cli.options import RecordOptions, parse_settings
from hpo.cli.streams import say
from hpo.errors import DefinitionError, RequestError, quoted


def enqueue(
    study: Annotated[
        str,
        typer.Argument(
            metavar="STUDY", help="The name of the study, a search that was begun.", autocompletion=study_names
        ),
    ],
    values: Annotated[
        list[str],
        typer.Argument(
            metavar="KEY=VALUE...", help="Values of parameters of the search; others are left to the sampler."
        ),
    ],
    records: RecordOptions,
) -> None:
    """State a trial that a search is to begin next.

    It begins in a session that runs now, or in the next one. The trial counts among those of --trials.

    Example: hpo enqueue search depth=3 width=256 optimizer=adam
    """
    from hpo.definition.toml_text import read_value
    from hpo.storage.enqueued_trial import enqueue_trial

    stored = records.read(study)
    definition = stored.definition
    if definition.kind != "search":
        raise RequestError(f"study {quoted(study)} is a grid: its trials are the experiments of its file.")
    try:
        stated = definition.stated({key: read_value(text) for key, text in parse_settings(values, "").items()})
    except DefinitionError as error:
        raise DefinitionError(f"study {quoted(study)}: {error}") from None
    enqueue_trial(records.address, study, stated)
    when = f"{stored.owner} begins it" if stored.owner else "hpo search begins it"
    told = " ".join(f"{name}={value}" for name, value in stated.items())
    say(f"A trial of study {quoted(study)} was enqueued with {told}; {when} before it proposes others.")
