"""An archive of files, read without unpacking it, so that nothing is ever written where a member's name points."""

from __future__ import annotations

import gzip
import hashlib
import lzma
import posixpath
import re
import stat
import tarfile
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Generic, Literal, TypeVar

from hpo.errors import DataError

Member = TypeVar("Member", tarfile.TarInfo, zipfile.ZipInfo)
TarMode = Literal["r:", "r:xz", "r:gz", "r:bz2"]

# How compressed tar archives begin; a plain one says "ustar" further in.
_TAR_MODES: dict[bytes, TarMode] = {b"\xfd7zXZ\x00": "r:xz", b"\x1f\x8b": "r:gz", b"BZh": "r:bz2"}
_ZIP = b"PK"


def open_archive(path: Path) -> TarArchive | ZipArchive:
    """Opens an archive by its content, whatever its name ends with.

    Raises:
        DataError: the file cannot be read, or is in no format known here.
    """
    try:
        with path.open("rb") as file:
            head = file.read(512)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
    if head.startswith(_ZIP):
        return ZipArchive(path)
    for magic, mode in _TAR_MODES.items():
        if head.startswith(magic):
            return TarArchive(path, mode)
    if head[257:262] == b"ustar":
        return TarArchive(path, "r:")
    raise DataError(f"{path} is no archive; give a .tar, .tar.xz, .tar.gz, .tgz or .zip file, or a folder.")


class _Archive(Generic[Member]):
    """What both formats share; `members` holds every file by name, in the order of the archive.

    Every method raises DataError where the archive is damaged, or a member unsafe.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.members: dict[str, Member] = {}

    def key(self, names: Iterable[str]) -> str:
        """Identifies the content by the sha256 of the whole archive, without listing it."""
        with self._intact(), self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def listing(self, folder: str) -> list[str]:
        """See `FileTree`."""
        return sorted(self._folders[folder])

    @cached_property
    def _folders(self) -> dict[str, set[str]]:
        """What each folder holds, named as in `listing`. Fills `members`."""
        folders: dict[str, set[str]] = defaultdict(set)
        for member, name, is_folder in self._scan():
            path = self._safe(name)
            if path == ".":
                continue
            if not is_folder:
                if path in self.members:
                    raise DataError(f"{self.path} holds {name!r} twice; pack it again with each file once.")
                self.members[path] = member
            *parents, own = path.split("/")
            folder = ""
            for parent in parents:
                folders[folder].add(f"{parent}/")
                folder += f"{parent}/"
            folders[folder].add(f"{own}/" if is_folder else own)
        return folders

    def _scan(self) -> Iterator[tuple[Member, str, bool]]:
        """(member, its name, is it a folder) of everything in the archive."""
        raise NotImplementedError

    def _safe(self, name: str) -> str:
        """Gives the member's plain path; raises DataError where it points out of the archive."""
        path = name.replace("\\", "/")
        if path.startswith("/") or re.match("[A-Za-z]:", path) or ".." in path.split("/"):
            raise DataError(
                f"{self.path} is unsafe: member {name!r} points outside of the archive; "
                "pack it again with names relative to the folder that holds train/ and test/."
            )
        return posixpath.normpath(path)

    def _refuse(self, name: str, kind: str) -> DataError:
        return DataError(f"{self.path}: member {name!r} is {kind}; only plain files and folders are read.")

    @contextmanager
    def _intact(self) -> Iterator[None]:
        try:
            yield
        except (tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, lzma.LZMAError, zlib.error, EOFError) as error:
            raise DataError(f"{self.path} is truncated or damaged ({error}); copy or download it again.") from error
        except NotImplementedError as error:
            raise DataError(f"{self.path} cannot be read ({error}); pack it again as .tar.xz or plain .zip.") from error
        except OSError as error:
            raise DataError(f"{self.path} cannot be read: {error.strerror or error}.") from error


class TarArchive(_Archive[tarfile.TarInfo]):
    """A tar archive, compressed or not."""

    def __init__(self, path: Path, mode: TarMode) -> None:
        super().__init__(path)
        self.mode: TarMode = mode

    def read(self, names: Collection[str]) -> Iterator[tuple[str, bytes]]:
        """See `FileTree`; goes through the archive once, as seeking back would decompress it anew."""
        with self._intact(), tarfile.open(self.path, self.mode) as archive:
            for name, member in self.members.items():
                if name in names:
                    content = archive.extractfile(member)
                    assert content is not None  # only regular files become members
                    yield name, content.read()

    def _scan(self) -> Iterator[tuple[tarfile.TarInfo, str, bool]]:
        with self._intact(), tarfile.open(self.path, self.mode) as archive:
            for member in archive:
                if not (member.isreg() or member.isdir()):
                    raise self._refuse(member.name, "a link" if member.issym() or member.islnk() else "a device")
                yield member, member.name, member.isdir()
            # tarfile takes a cut or broken header for the end, which truly is a block of zeros; and a checksum at the
            # end of the compressed stream is compared only once that end is read.
            assert archive.fileobj is not None
            archive.fileobj.seek(archive.offset)
            if archive.fileobj.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
                raise tarfile.ReadError("no end of archive")
            while archive.fileobj.read(2**20):
                pass


class ZipArchive(_Archive[zipfile.ZipInfo]):
    """A zip archive."""

    def read(self, names: Collection[str]) -> Iterator[tuple[str, bytes]]:
        """See `FileTree`."""
        with self._intact(), zipfile.ZipFile(self.path) as archive:
            for name, member in self.members.items():
                if name in names:
                    yield name, archive.read(member)

    def _scan(self) -> Iterator[tuple[zipfile.ZipInfo, str, bool]]:
        with self._intact(), zipfile.ZipFile(self.path) as archive:
            for member in archive.infolist():
                if stat.S_ISLNK(member.external_attr >> 16):  # the upper half holds Unix's mode
                    raise self._refuse(member.filename, "a link")
                if member.flag_bits & 1:
                    raise self._refuse(member.filename, "encrypted")
                yield member, member.filename, member.is_dir()
