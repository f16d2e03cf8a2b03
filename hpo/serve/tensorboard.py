"""TensorBoard on the runs of studies."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr
from fnmatch import fnmatchcase
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType

from hpo.definition.counted import counted
from hpo.errors import RequestError, StorageError, closest, quoted
from hpo.serve.port import HOST, listen
from hpo.serve.run_names import run_names
from hpo.storage.address import Address
from hpo.storage.stored_study import read_studies, read_study
from hpo.storage.stored_trial import HEAVY_ATTRS

# How often runs that have begun meanwhile are added.
REFRESH_SECONDS = 5.0
# The curves of a few epochs are to be seen as they are.
START_PAGE = "?smoothing=0#timeseries"
# Of more than 40 runs TensorBoard's older tabs show none until a person ticks some; each of ours counts as three.
TICKED = 40 // 3


def serve_tensorboard(
    address: Address, runs: Path, names: Sequence[str], only: Sequence[str], port: int, tell: Callable[[str], None]
) -> None:
    """Serve TensorBoard on this machine alone, until Ctrl-C.

    It reads a temporary folder with a link to each run, so that it shows the runs of these studies and no others, under
    names that sort.

    Args:
        address: of the database.
        runs: the runs folder that goes with it.
        names: of the studies; empty takes all that the database holds.
        only: patterns of the names of runs; empty takes all.
        port: to listen at; the next free one is taken in its place.
        tell: called with a line for the person; the last one before it waits is the address.

    Raises:
        RequestError: a study is not there or has no runs, a pattern fits none, or no port is free.
    """
    studies = _studies(address, names)
    chosen = _chosen(_folders(address, runs, studies), only)
    free = listen(port, _tried)
    if free != port:
        tell(f"Port {port} is in use; this is port {free}.")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # So that the folder is removed then too.
    with TemporaryDirectory(prefix="hpo-tensorboard-") as folder:
        links = Links(Path(folder))
        links.show(chosen)
        try:
            _launch(Path(folder), free)
            tell(f"TensorBoard shows {counted(len(links), 'run')} of {', '.join(studies)}. Ctrl-C ends it.")
            if len(links) > TICKED:
                tell("So many runs have to be ticked at the left before histograms are shown; --only chooses some.")
            tell(f"http://{HOST}:{free}/{START_PAGE}")
            _keep_up(lambda: links.show(_chosen(_folders(address, runs, _studies(address, names)), only)), tell)
        except KeyboardInterrupt:
            return


def _keep_up(refresh: Callable[[], None], tell: Callable[[str], None]) -> None:
    """Show runs that begin, until Ctrl-C; what is shown already stays when the database cannot be read."""
    told = ""
    while True:
        time.sleep(REFRESH_SECONDS)
        try:
            refresh()
        except RequestError as error:
            if told != str(error):
                told = str(error)
                tell(f"New runs cannot be added: {error}")


class Links:
    """Links to the folders of runs in one folder.

    Args:
        folder: an empty one.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._linked: dict[str, Path] = {}

    def __len__(self) -> int:
        return len(self._linked)

    def show(self, wanted: dict[str, Path]) -> None:
        """Have a link to each folder that is there, by the name of the link, and no others."""
        present = {name: path.resolve() for name, path in wanted.items() if path.is_dir()}
        for name in [name for name, path in self._linked.items() if present.get(name) != path]:
            (self.folder / name).unlink()
            del self._linked[name]
        for name, path in present.items():
            if name not in self._linked:
                (self.folder / name).parent.mkdir(exist_ok=True)
                (self.folder / name).symlink_to(path)
                self._linked[name] = path


def _studies(address: Address, names: Sequence[str]) -> list[str]:
    """Return the names of the studies that are shown.

    Raises:
        RequestError: there are none.
    """
    if names:
        return list(dict.fromkeys(names))
    found = [study.name for study in read_studies(address) if not isinstance(study, StorageError) and study.record]
    if not found:
        raise RequestError(f"{address} holds no studies: nothing has been run here yet.")
    return found


def _folders(address: Address, runs: Path, studies: Sequence[str]) -> dict[str, Path]:
    """Return the folder of each run, by the name that TensorBoard shows; of several studies, with the study's name.

    Raises:
        StorageError: a study is not there, or hpo did not make it.
    """
    found = {}
    for name in studies:
        study = read_study(address, name, without=HEAVY_ATTRS)
        if study.record is None:
            raise StorageError(f"study '{name}' was not made by hpo: it has no runs that TensorBoard could show.")
        prefix = f"{name}/" if len(studies) > 1 else ""
        found.update({f"{prefix}{run}": path for run, path in run_names(study, runs).items()})
    return found


def _chosen(folders: dict[str, Path], only: Sequence[str]) -> dict[str, Path]:
    """Return the runs whose name fits a pattern, the name alone or with its study's; all for no pattern.

    Raises:
        RequestError: a pattern fits no run.
    """
    for pattern in only:
        if folders and not any(_fits(name, pattern) for name in folders):
            raise RequestError(f"--only {quoted(pattern)} fits no run. {closest(pattern, folders)}")
    return {name: path for name, path in folders.items() if not only or any(_fits(name, one) for one in only)}


def _fits(name: str, pattern: str) -> bool:
    return fnmatchcase(name, pattern) or fnmatchcase(name.rpartition("/")[2], pattern)


def _tried(port: int) -> int:
    """Return a port at which nobody listens.

    Raises:
        OSError: somebody does, or this user may not.
    """
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tried.bind((HOST, port))
    return port


def _launch(folder: Path, port: int) -> None:
    """Start TensorBoard in threads of this process."""
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    # TensorFlow is not loaded where it is installed.
    sys.modules.setdefault("tensorboard.compat.notf", ModuleType("notf"))
    from tensorboard import program

    logging.getLogger("tensorboard").setLevel(logging.ERROR)
    server = program.TensorBoard()
    server.configure(logdir=str(folder), host=HOST, port=port, reload_interval=REFRESH_SECONDS, window_title="hpo")
    with redirect_stderr(StringIO()):  # It tells of an experimental way to read files, which is its default.
        server.launch()
