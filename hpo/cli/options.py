"""Options that several commands share."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

import hpo
from hpo.errors import RequestError, closest, printable

if TYPE_CHECKING:
    from hpo.storage.address import Address

Seconds = float

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def seconds(text: str | float) -> Seconds:
    """Read a duration: `90`, `90s`, `30m`, `2h`, `1h30m`."""
    parts = re.findall(r"(\d+(?:\.\d+)?)([smhd]?)", str(text))
    if not parts or "".join(number + unit for number, unit in parts) != str(text):
        raise typer.BadParameter(f"a duration is written 90s, 30m, 2h or 1h30m, not '{text}'")
    return sum(float(number) * _UNITS[unit or "s"] for number, unit in parts)


def size(text: str | int) -> int:
    """Read a size of memory: `500M`, `2G`."""
    match = re.fullmatch(r"(\d{1,18}(?:\.\d{1,9})?)\s*([KMGT]?)(?:i?B)?", str(text), re.IGNORECASE)
    if match is None:
        raise typer.BadParameter(f"a size is written 500M or 2G, not '{printable(text)}'")
    return int(float(match[1]) * _BYTES[match[2].upper()])


def workers(text: str) -> int | Literal["auto"]:
    """Read `auto` or a number."""
    if text == "auto":
        return "auto"
    try:
        return int(text)
    except ValueError:
        raise typer.BadParameter(f"takes 'auto' or a number, not '{text}'") from None


def shipped_studies() -> Path:
    """Return the folder of the study files that come with hpo."""
    package = Path(hpo.__file__).parent
    installed = package / "studies"
    return installed if installed.is_dir() else package.parent / "studies"


def study_file(name: str) -> Path:
    """Return the study file of a path or of a shipped study's name.

    Raises:
        RequestError: there is neither.
    """
    path = Path(name)
    if path.is_file():
        return path
    shipped = {file.stem: file for file in shipped_studies().glob("*.toml")}
    if name in shipped:
        return shipped[name]
    raise RequestError(
        f"--study {name}: no such file, and no study of that name comes with hpo. {closest(name, shipped)}"
    )


def overrides(settings: list[str] | None, **options: object) -> dict[str, str]:
    """Collect `--set key=value` and the options that are settings of the study file, by their key.

    Raises:
        RequestError: a setting is not of the form key=value.
    """
    found: dict[str, str] = {}
    for setting in settings or []:
        key, equals, value = setting.partition("=")
        if not equals or not key.strip() or not value.strip():
            raise RequestError(f"--set {setting}: is not of the form key=value")
        found[key.strip()] = value.strip()
    return found | {key.replace("__", "."): str(value) for key, value in options.items() if value is not None}


def database(runs: Path, storage: str | None) -> "Address":
    """Return the address of the database that the options name."""
    from hpo.storage.address import Address

    return Address.of(runs, storage)


Study = Annotated[str | None, typer.Option("--study", metavar="FILE", help="Study file, or the name of a shipped one.")]
Name = Annotated[str | None, typer.Option(help="The study's name.", show_default="from its file")]
Data = Annotated[
    str | None,
    typer.Option(
        metavar="DATASET",
        help="cifar10, cifar100, mnist, fashion_mnist, svhn, digits, or a folder or archive with train/CLASS/* "
        "and test/CLASS/*.",
    ),
]
DataDir = Annotated[Path | None, typer.Option(help="Where data sets are kept.", show_default="the user's cache")]
Runs = Annotated[Path, typer.Option(envvar="HPO_RUNS", help="Folder of everything that is produced.")]
Storage = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        envvar="HPO_STORAGE",
        help="A path, or postgresql://USER@HOST/DATABASE; the password from PGPASSWORD or ~/.pgpass.",
        show_default="RUNS/hpo.db",
    ),
]
Workers = Annotated[
    Any,
    typer.Option(parser=workers, metavar="N|auto", help="Trials at a time; auto is one a core, or 16 a GPU."),
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")]
Epochs = Annotated[int | None, typer.Option(help="Epochs of every trial, in place of the study file's.")]
Seed = Annotated[int | None, typer.Option(help="Seed of the study, in place of the study file's.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Any setting of the study file: lr=0.01, data.split=first."),
]
Timeout = Annotated[
    float | None,
    typer.Option(parser=seconds, metavar="30m", help="Stop after this long, running trials at a checkpoint."),
]
TrialTimeout = Annotated[
    float | None, typer.Option(parser=seconds, metavar="10m", help="Most time that a trial may train.")
]
MemoryLimit = Annotated[
    int | None,
    typer.Option(parser=size, metavar="2G", help="Most memory of a worker.", show_default="its share of the machine's"),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Validate everything, forecast time and memory, run nothing.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV.")]
AsMarkdown = Annotated[bool, typer.Option("--markdown", help="Print Markdown.")]
