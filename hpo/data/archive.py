"""An archive of files, read without unpacking it: nothing is ever written to where the name of a member points."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import posixpath
import re
import stat
import tarfile
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import IO, Generic, TypeVar, cast

from hpo.data.file_tree import LARGEST_IMAGE_FILE, check_size
from hpo.errors import DataError, printable

Member = TypeVar("Member", tarfile.TarInfo, zipfile.ZipInfo)
Decompress = Callable[[Path], io.BufferedIOBase]

# How compressed tar archives begin; a plain one says "ustar" further in.
_COMPRESSED: dict[bytes, Decompress] = {b"\xfd7zXZ\x00": lzma.LZMAFile, b"\x1f\x8b": gzip.GzipFile, b"BZh": bz2.BZ2File}
_ZIP = b"PK"

# Compressed bytes that are expanded at a time; bzip2 makes up to 80 MB of them.
_PIECE = 4096


def open_archive(path: Path) -> TarArchive | ZipArchive:
    """Opens an archive by its content, whatever its name ends with.

    Raises:
        DataError: the file cannot be read, or is in no format known here.
    """
    try:
        with path.open("rb") as file:
            head = file.read(512)
    except OSError as error:
        raise DataError(f"{printable(path)} cannot be read: {error.strerror or printable(error)}.") from error
    if head.startswith(_ZIP):
        return ZipArchive(path)
    for magic, decompress in _COMPRESSED.items():
        if head.startswith(magic):
            return TarArchive(path, decompress)
    if head[257:262] == b"ustar":
        return TarArchive(path, lambda path: path.open("rb"))
    raise DataError(
        f"{printable(path)} is not an archive; give a .tar, .tar.xz, .tar.gz, .tgz or .zip file, or a folder."
    )


class _Archive(Generic[Member]):
    """Does what is common to both formats; `members` holds every file by name, in the order of the archive.

    Every method raises DataError where the archive is damaged or a member is unsafe.
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
                    raise DataError(
                        f"{printable(self.path)} holds '{printable(name)}' twice; pack it again with each file once."
                    )
                self.members[path] = member
            *parents, own = path.split("/")
            folder = ""
            for parent in parents:
                folders[folder].add(f"{parent}/")
                folder += f"{parent}/"
            folders[folder].add(f"{own}/" if is_folder else own)
        return folders

    def _scan(self) -> Iterator[tuple[Member, str, bool]]:
        """Yields everything in the archive: the member with the content, the name, and whether it is a folder."""
        raise NotImplementedError

    def _wanted(self, names: Collection[str]) -> dict[str, Member]:
        """Gives the members of the files `names`; raises DataError if one is larger than an image may be."""
        wanted = {name: member for name, member in self.members.items() if name in names}
        for name, member in wanted.items():
            size = member.size if isinstance(member, tarfile.TarInfo) else member.file_size
            check_size(f"{printable(self.path)}: {printable(name)}", size)
        return wanted

    def _safe(self, name: str) -> str:
        """Gives the member's plain path; raises DataError where it points out of the archive."""
        path = name.replace("\\", "/")
        if path.startswith("/") or re.match("[A-Za-z]:", path) or ".." in path.split("/"):
            raise DataError(
                f"{printable(self.path)} is unsafe: member '{printable(name)}' points outside of the archive; "
                "pack it again with names relative to the folder that holds train/ and test/."
            )
        return posixpath.normpath(path)

    def _refuse(self, name: str, why: str) -> DataError:
        return DataError(f"{printable(self.path)}: member '{printable(name)}' {why}.")

    @contextmanager
    def _intact(self) -> Iterator[None]:
        try:
            yield
        except (tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, lzma.LZMAError, zlib.error, EOFError) as error:
            raise DataError(
                f"{printable(self.path)} is truncated or damaged ({printable(error)}); copy or download it again."
            ) from error
        except NotImplementedError as error:
            raise DataError(
                f"{printable(self.path)} cannot be read ({printable(error)}); pack it again as .tar.xz or plain .zip."
            ) from error
        except OSError as error:
            raise DataError(f"{printable(self.path)} cannot be read: {error.strerror or printable(error)}.") from error


class TarArchive(_Archive[tarfile.TarInfo]):
    """A tar archive, compressed or not. A hard link is the file that it names, which comes before it."""

    def __init__(self, path: Path, decompress: Decompress) -> None:
        super().__init__(path)
        self.decompress = decompress

    def read(self, names: Collection[str]) -> Iterator[tuple[str, bytes]]:
        """See `FileTree`; goes through the archive once, as seeking back would decompress it again."""
        wanted = sorted(self._wanted(names).items(), key=lambda item: item[1].offset_data)
        latest, content = None, b""
        with self._open() as archive:
            for name, member in wanted:
                if member is not latest:  # else a hard link
                    file = archive.extractfile(member)
                    assert file is not None  # only regular files become members
                    latest, content = member, file.read()
                yield name, content

    def _scan(self) -> Iterator[tuple[tarfile.TarInfo, str, bool]]:
        with self._open() as archive:
            for member in archive:
                if member.islnk():
                    yield self._target(member), member.name, False
                elif member.isreg() or member.isdir():
                    yield member, member.name, member.isdir()
                elif member.issym():
                    raise self._refuse(member.name, "is a symbolic link; pack the archive again with tar --dereference")
                else:
                    raise self._refuse(member.name, "is a pipe or a device; pack the archive again without it")
            # tarfile takes a cut or broken header for the end, which truly is a block of zeros; and a checksum at the
            # end of the compressed stream is compared only once that end is read.
            assert archive.fileobj is not None
            archive.fileobj.seek(archive.offset)
            if archive.fileobj.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
                raise tarfile.ReadError("no end of archive")
            while archive.fileobj.read(2**20):
                pass

    def _target(self, link: tarfile.TarInfo) -> tarfile.TarInfo:
        """Finds the file that a hard link names; raises DataError if it does not come before the link."""
        target = self.members.get(self._safe(link.linkname))
        if target is None:
            raise self._refuse(
                link.name,
                f"is a hard link to '{printable(link.linkname)}', which does not come before it; "
                "pack the archive again with tar --hard-dereference",
            )
        return target

    @contextmanager
    def _open(self) -> Iterator[tarfile.TarFile]:
        with (
            self._intact(),
            self.decompress(self.path) as stream,
            tarfile.open(fileobj=cast(IO[bytes], _BoundedReads(stream)), mode="r:") as archive,
        ):
            yield archive


class _BoundedReads:
    """A stream as tarfile reads it, except that a header which claims to be huge is not read into memory."""

    def __init__(self, stream: io.BufferedIOBase) -> None:
        self.seek, self.tell = stream.seek, stream.tell
        self._read = stream.read

    def read(self, size: int) -> bytes:
        if size > LARGEST_IMAGE_FILE:
            raise tarfile.ReadError(f"it holds a header of {size:,} bytes")
        return self._read(size)


class ZipArchive(_Archive[zipfile.ZipInfo]):
    """A zip archive."""

    def read(self, names: Collection[str]) -> Iterator[tuple[str, bytes]]:
        """See `FileTree`."""
        wanted = self._wanted(names)
        with self._intact(), zipfile.ZipFile(self.path) as archive:
            for name, member in wanted.items():
                with archive.open(member) as file:
                    content = b"".join(iter(lambda: file.read(_PIECE), b""))
                yield name, content

    def _scan(self) -> Iterator[tuple[zipfile.ZipInfo, str, bool]]:
        with self._intact(), zipfile.ZipFile(self.path) as archive:
            for member in archive.infolist():
                if stat.S_ISLNK(member.external_attr >> 16):  # the upper half holds Unix's mode
                    raise self._refuse(
                        member.filename, "is a symbolic link; pack the archive again with the files themselves"
                    )
                if member.flag_bits & 1:
                    raise self._refuse(member.filename, "is encrypted; pack the archive again without a password")
                yield member, member.filename, member.is_dir()
