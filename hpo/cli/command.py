"""What every command has: dataclasses of options that several commands share, and help in groups."""

import typing
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import Field, fields, is_dataclass
from difflib import get_close_matches
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Annotated, Any

import typer.core

# Of typer, or of click in earlier versions of typer, which export it by no name of their own.
UsageError: Any = typer.BadParameter.__base__


def with_option_groups(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command take dataclasses of options: each of their fields becomes an option of the command line.

    A group's `PANEL` is the heading of its options in the help.

    Args:
        command: a function whose parameters are options, arguments and groups.
    """
    hints = typing.get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {name: hint for name, hint in hints.items() if is_dataclass(hint)}

    @wraps(command)
    def expanded(**values: Any) -> None:
        for name, group in groups.items():
            values[name] = group(**{field.name: values.pop(field.name) for field in fields(group)})
        command(**values)

    parameters: list[Parameter] = []
    for parameter in signature(command).parameters.values():
        if parameter.name in groups:
            group = groups[parameter.name]
            parameters += [_option(field, group.PANEL) for field in fields(group)]
        else:
            parameters.append(parameter.replace(kind=Parameter.KEYWORD_ONLY))
    expanded.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    expanded.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return expanded


def _meant(option: str, known: Sequence[str]) -> str:
    """Return a hint for an option that a command lacks: the setting that it names, or the option that is alike."""
    name = option.lstrip("-").replace("-", "_")
    if "--set" in known:
        from hpo.definition.synonyms import SYNONYMS
        from hpo.definition.trial_config import TrialConfig

        settings = [key for key in (name, *SYNONYMS.get(name, ())) if key in TrialConfig.model_fields]
        if settings and f"--{settings[0]}" not in known:
            return f"Did you mean --set {settings[0]}=VALUE?"
        if settings:
            return f"Did you mean --{settings[0]}?"
    alike = get_close_matches(option, known, n=1)
    return f"Did you mean {alike[0]}?" if alike else ""


def _option(field: Field[Any], panel: str) -> Parameter:
    kind, info = typing.get_args(field.type)
    info = copy(info)
    info.rich_help_panel = panel
    return Parameter(field.name, Parameter.KEYWORD_ONLY, default=field.default, annotation=Annotated[kind, info])


class GroupedCommand(typer.core.TyperCommand):
    """A command whose help shows its options in groups, and that answers a wrong option with the right one."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the words of the command line."""
        try:
            return super().parse_args(ctx, args)
        except UsageError as error:
            option = getattr(error, "option_name", None)
            if option is not None and getattr(error, "possibilities", None) is not None:
                known = [name for parameter in self.get_params(ctx) for name in parameter.opts]
                error.message = f"No such option: {option}. {_meant(option, known)}".rstrip()
                error.possibilities = ()
            raise

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments, the command's own options, and then each group."""
        sections: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                own = "Arguments" if parameter.param_type_name == "argument" else "Options"
                sections.setdefault(getattr(parameter, "rich_help_panel", None) or own, []).append(record)
        for title, records in sections.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)
