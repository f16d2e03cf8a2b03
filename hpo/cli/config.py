"""`hpo config`: what a study file and the options beside it come to."""

from hpo.cli.options import StudyOptions


def config(what: StudyOptions) -> None:
    """Print the study file in force, with every key explained.

    Each key stands with its meaning, range and default. Without --study: the shipped study `search`. What is printed is
    a study file itself.

    Example: hpo config --study quickstart --set lr=0.01
    """
    definition = what.definition("quickstart" if what.data == "digits" else "search")
    from hpo.definition.effective import effective_text

    print(effective_text(definition), end="")
