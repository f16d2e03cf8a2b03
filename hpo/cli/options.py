"""Options that several commands share, in groups: a command that takes a group has all of its options."""

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import typer

from hpo.cli.completion import datasets, study_files
from hpo.cli.values import read_seconds, read_size, read_workers
from hpo.errors import RequestError, escaped, quoted
from hpo.run.logging_config import HISTOGRAMS_EVERY

if TYPE_CHECKING:
    from hpo.analysis.tables import Form, Table
    from hpo.definition.study_definition import StudyDefinition
    from hpo.execution.events import Observer
    from hpo.execution.options import Options
    from hpo.storage.address import Address
    from hpo.storage.stored_study import StoredStudy

DEFAULT_RUNS = Path("runs")


@dataclass(frozen=True, kw_only=True)
class StudyOptions:
    """What is run: a study file, and settings that replace the file's own."""

    PANEL: ClassVar = "The study"

    study: Annotated[
        str | None,
        typer.Option(
            "--study",
            metavar="FILE",
            help="Study file, or the name of a shipped one.",
            autocompletion=study_files,
        ),
    ] = None
    data: Annotated[
        str | None,
        typer.Option(
            metavar="DATASET",
            help="cifar10, cifar100, mnist, fashion_mnist, svhn, digits, or a folder or archive with train/CLASS/* "
            "and test/CLASS/*.",
            autocompletion=datasets,
        ),
    ] = None
    max_parameters: Annotated[
        float | None,
        typer.Option(metavar="N", help="The most parameters of a network, as 1e6; others are never trained."),
    ] = None
    max_epoch_seconds: Annotated[
        float | None,
        typer.Option(metavar="S", help="The most seconds of an epoch, by an estimate before the training."),
    ] = None
    epochs: Annotated[int | None, typer.Option(help="Epochs of every trial, in place of those of the study file.")] = (
        None
    )
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Any setting of the study file: lr=0.01, data.split=first."),
    ] = None

    def definition(
        self,
        default: str,
        name: str | None = None,
        seed: int | None = None,
        records: "RecordOptions | None" = None,
    ) -> "StudyDefinition":
        """Return the study as the file and the options state it.

        Args:
            default: name of the shipped study that is read without `--study`.
            name: of the study, in place of the file's.
            seed: of the study, in place of the file's.
            records: where the study's results are kept. A name that nobody states then contains that of the data, if
                they are not the file's own.

        Raises:
            RequestError: there is no such file, or a setting is not of the form key=value.
            DefinitionError: the file or a setting breaks a rule.
        """
        from hpo.definition.study_file import load_study

        options = {
            "data.dataset": ("--data", self.data),
            "epochs": ("--epochs", self.epochs),
            "limits.parameters": ("--max-parameters", self.max_parameters),
            "limits.epoch_seconds": ("--max-epoch-seconds", self.max_epoch_seconds),
            "study.seed": ("--seed", seed),
            "study.name": ("--name", name),
        }
        given = {key: str(value) for key, (_, value) in options.items() if value is not None}
        named = {key: f"{options[key][0]} {shlex.quote(value)}" for key, value in given.items()}
        definition = load_study(self.study or default, parse_settings(self.set_ or ()) | given, named)
        if records is None or "study.name" in definition.overrides:
            return definition
        from hpo.data.load import dataset_name
        from hpo.storage.study_name import default_name

        found = default_name(definition, dataset_name(definition.data.dataset), records.address)
        return definition.model_copy(update={"name": found})


@dataclass(frozen=True, kw_only=True)
class RecordOptions:
    """Where results are kept."""

    PANEL: ClassVar = "Where results are kept"

    runs: Annotated[Path, typer.Option(envvar="HPO_RUNS", help="Folder of everything that is produced.")] = DEFAULT_RUNS
    storage: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            envvar="HPO_STORAGE",
            help="A path, or postgresql://USER@HOST/DATABASE; the password from PGPASSWORD or ~/.pgpass.",
            show_default="RUNS/hpo.db",
        ),
    ] = None

    @property
    def address(self) -> "Address":
        """The address of the database that the options name.

        Raises:
            StorageError: `--storage` is not the address of a database.
        """
        from hpo.storage.address import Address

        return Address.of(self.runs, self.storage)

    def read(self, name: str) -> "StoredStudy":
        """Read a study of the database.

        Raises:
            StorageError: there is no such database or study, or it cannot be read.
        """
        from hpo.storage.stored_study import read_study

        return read_study(self.address, name)

    def next_command(self, *words: str) -> str:
        """Return a command that finds the same records, as a shell reads it; without a password."""
        if self.storage is not None:
            words = (*words, "--storage", str(self.address))
        elif self.runs != DEFAULT_RUNS:
            words = (*words, "--runs", str(self.runs))
        return shell_command("hpo", *words)


@dataclass(frozen=True, kw_only=True)
class ArtifactOptions(RecordOptions):
    """Where results are kept, for a command that writes, shows or removes the figures of trials too."""

    artifacts: Annotated[
        str | None,
        typer.Option(
            metavar="s3://BUCKET/PREFIX",
            envvar="HPO_ARTIFACTS",
            help="Bucket for the figures of trials; needs hpo[s3].",
            show_default="RUNS/artifacts",
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class TableOptions:
    """In which form a table is printed."""

    PANEL: ClassVar = "The form of the table"

    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown.")] = False

    def __post_init__(self) -> None:
        if len(self._named) > 1:
            raise RequestError(f"--{self._named[0]} and --{self._named[1]} exclude each other")

    @property
    def _named(self) -> "list[Form]":
        return [form for form in ("json", "csv", "markdown") if getattr(self, form)]

    @property
    def form(self) -> "Form | None":
        """The form that was asked for; None is a table for people."""
        return self._named[0] if self._named else None

    def show(self, table: "Table") -> None:
        """Print a table to stdout."""
        if self.form is not None:
            print(table.render(self.form).rstrip("\n"))
            return
        from hpo.cli.terminal_table import drawn

        print(drawn(table).rstrip("\n"))


@dataclass(frozen=True, kw_only=True)
class SessionOptions:
    """How a study is run, by whom and for how long; what `hpo search` and `hpo replay-grid` share."""

    PANEL: ClassVar = "How the study is run"

    name: Annotated[str | None, typer.Option(help="The name of the study.", show_default="from its file")] = None
    seed: Annotated[int | None, typer.Option(help="Seed of the study, in place of that of the study file.")] = None
    data_dir: Annotated[
        Path | None, typer.Option(help="Where data sets are kept.", show_default="the user's cache")
    ] = None
    workers: Annotated[
        Any,
        typer.Option(parser=read_workers, metavar="N|auto", help="Trials at a time; auto is one a core, or 16 a GPU."),
    ] = "auto"
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto"
    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Train on the machines of a Ray cluster: auto (this machine's), HOST:PORT or ray://HOST:PORT.",
            show_default="this machine alone",
        ),
    ] = None
    cpus_per_trial: Annotated[
        float | None,
        typer.Option(metavar="X", help="Cores of the cluster that a trial takes.", show_default="1 a process"),
    ] = None
    gpus_per_trial: Annotated[
        float | None,
        typer.Option(metavar="X", help="Share of a GPU of the cluster that a trial takes.", show_default="1/16"),
    ] = None
    timeout: Annotated[
        float | None,
        typer.Option(
            parser=read_seconds, metavar="30m", help="Stop after this long; running trials keep a checkpoint."
        ),
    ] = None
    trial_timeout: Annotated[
        float | None, typer.Option(parser=read_seconds, metavar="10m", help="The longest that a trial may train.")
    ] = None
    memory_limit: Annotated[
        int | None,
        typer.Option(
            parser=read_size,
            metavar="2G",
            help="The most memory that a worker may use.",
            show_default="its share of the machine's",
        ),
    ] = None
    histograms: Annotated[
        int,
        typer.Option(
            metavar="N", min=0, help="TensorBoard's histograms of weights and gradients, every N epochs; 0 for none."
        ),
    ] = HISTOGRAMS_EVERY
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Validate everything, forecast time and memory, run nothing.")
    ] = False

    def session(self, records: ArtifactOptions, observer: "Observer | None" = None, **of_search: Any) -> "Options":
        """Return the options of a session.

        Args:
            records: where results are kept.
            observer: sees each event; None looks away.
            of_search: the options that only a search has.

        Raises:
            RequestError: an option needs another one, or excludes it.
        """
        from hpo.execution.cluster.cluster_options import ClusterOptions
        from hpo.execution.events import unobserved
        from hpo.execution.options import Options

        cluster = None
        if self.cluster is not None:
            if self.dry_run:
                raise RequestError("--dry-run measures this machine: leave --cluster out.")
            cluster = ClusterOptions(self.cluster, self.cpus_per_trial, self.gpus_per_trial)
        elif self.cpus_per_trial is not None or self.gpus_per_trial is not None:
            raise RequestError("--cpus-per-trial and --gpus-per-trial need --cluster.")
        return Options(
            runs=records.runs,
            storage=records.storage,
            artifacts=records.artifacts,
            workers=self.workers,
            device=self.device,
            data_dir=self.data_dir,
            timeout=self.timeout,
            trial_timeout=self.trial_timeout,
            memory_limit=self.memory_limit,
            histograms_every=self.histograms,
            cluster=cluster,
            **of_search,
            observer=observer or unobserved,
        )


def parse_settings(settings: Iterable[str], option: str = "--set ") -> dict[str, str]:
    """Read settings of the form `key=value`.

    Args:
        settings: as they stand on the command line.
        option: what messages put before a setting.

    Raises:
        RequestError: a setting is not of that form.
    """
    found: dict[str, str] = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or not key.strip() or not value.strip():
            raise RequestError(f"{option}{quoted(setting)} is not of the form key=value")
        found[key.strip()] = value.strip()
    return found


def shell_command(*words: str) -> str:
    """Return words as a shell reads them, in one line."""
    return " ".join(map(_shell_word, words))


def _shell_word(text: str) -> str:
    """Quote a word for a shell; one with control characters in a form of a single line, which bash and zsh read."""
    if text.isprintable():
        return shlex.quote(text)
    return "$'" + escaped(text.replace("\\", "\\\\").replace("'", "\\'")) + "'"
