import contextlib
import io
import os
import random
import resource
import subprocess
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import psutil
import pytest

from hpo.data import Dataset, load_dataset
from hpo.definition.data_config import DataConfig
from hpo.errors import DataError, printable

from .samples import MakeFolder, png

TAR_MODES: dict[str, Literal["w", "w:xz", "w:gz"]] = {".tar": "w", ".tar.xz": "w:xz", ".tar.gz": "w:gz", ".tgz": "w:gz"}
ENDINGS = [*TAR_MODES, ".zip"]


def pack(folder: Path, ending: str, top: str = ".") -> Path:
    """Packs a folder's content below `top` into an archive beside it."""
    archive = folder.with_name(f"packed{ending}")
    if ending == ".zip":
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
            for path in sorted(folder.rglob("*")):
                zipped.write(path, Path(top) / path.relative_to(folder))
    else:
        with tarfile.open(archive, TAR_MODES[ending]) as tar:
            tar.add(folder, top)
    return archive


def load(path: Path) -> Dataset:
    return load_dataset(DataConfig(dataset=str(path)), path.parent / "cache")


def refusal(path: Path) -> str:
    """The message with which the archive is refused: one line that names it, and nothing left in the cache."""
    with pytest.raises(DataError) as caught:
        load(path)
    message = str(caught.value)
    assert "\n" not in message
    assert printable(path) in message
    cache = path.parent / "cache"
    assert not [entry for entry in cache.rglob("*") if entry.suffix != ".lock" and entry.name != "decoded"]
    return message


@pytest.mark.parametrize("top", [".", "", "pets-1.0"])
@pytest.mark.parametrize("ending", ENDINGS)
def test_an_archive_gives_the_same_data_as_its_folder(make_folder: MakeFolder, ending: str, top: str) -> None:
    folder = make_folder()
    packed, unpacked = load(pack(folder, ending, top)), load(folder)
    assert packed.name == "packed"
    assert packed.classes == unpacked.classes
    assert np.array_equal(packed.train_images, unpacked.train_images)
    assert packed.fingerprint == unpacked.fingerprint


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_order_within_an_archive_does_not_matter(make_folder: MakeFolder, ending: str, tmp_path: Path) -> None:
    folder = make_folder()
    files = [path for path in folder.rglob("*") if path.is_file()]
    random.Random(0).shuffle(files)
    archive = tmp_path / f"shuffled{ending}"
    if ending == ".zip":
        with zipfile.ZipFile(archive, "w") as zipped:
            for path in files:
                zipped.write(path, path.relative_to(folder))
    else:
        with tarfile.open(archive, TAR_MODES[ending]) as tar:
            for path in files:
                tar.add(path, path.relative_to(folder))
    assert load(archive).fingerprint == load(folder).fingerprint


def test_the_format_is_told_by_content_not_by_name(make_folder: MakeFolder) -> None:
    archive = pack(make_folder(), ".tar.xz")
    assert len(load(archive.rename(archive.with_name("images.zip"))).train_labels) == 10


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_truncated_archive_is_refused_wherever_it_is_cut(make_folder: MakeFolder, ending: str) -> None:
    archive = pack(make_folder(), ending)
    whole = archive.read_bytes()
    # A plain tar is filled up with zeros behind its end, which may be cut off without loss.
    end = len(whole) if ending != ".tar" else len(whole.rstrip(b"\0"))
    for length in [600, *range(1024, end, max(512, end // 12 // 512 * 512)), end - 1]:
        if length < end:
            archive.write_bytes(whole[:length])
            assert "truncated or damaged" in refusal(archive)
    archive.write_bytes(whole)
    assert len(load(archive).train_labels) == 10


def damaged_at_random(archive: Path, n: int) -> Iterator[str]:
    """Damages one byte of the archive, n times anew; gives what came of it, a fingerprint or a message."""
    whole = archive.read_bytes()
    rng = random.Random(0)
    for _ in range(n):
        damaged = bytearray(whole)
        damaged[rng.randrange(6, len(whole))] ^= rng.randrange(1, 256)
        archive.write_bytes(damaged)
        try:
            yield load(archive).fingerprint
        except DataError as error:
            yield str(error)


@pytest.mark.parametrize("ending", [".tar.xz", ".tar.gz"])
def test_a_damaged_byte_is_noticed_or_does_no_harm(make_folder: MakeFolder, ending: str) -> None:
    folder = make_folder()
    fingerprint = load(folder).fingerprint
    for outcome in damaged_at_random(pack(folder, ending), 60):
        assert outcome == fingerprint or "packed" in outcome
        assert "\n" not in outcome


def test_a_damaged_byte_in_a_zip_never_crashes(make_folder: MakeFolder) -> None:
    # Its directory has no checksum: a changed name may move an image to another class.
    for outcome in damaged_at_random(pack(make_folder(), ".zip"), 300):
        assert "\n" not in outcome


def add_file(name: str) -> Callable[[tarfile.TarFile], None]:
    def add(tar: tarfile.TarFile) -> None:
        member = tarfile.TarInfo(name)
        data = png(0)
        member.size = len(data)
        tar.addfile(member, io.BytesIO(data))

    return add


def add_link(kind: bytes, target: str = "train/cat/0000.png") -> Callable[[tarfile.TarFile], None]:
    def add(tar: tarfile.TarFile) -> None:
        member = tarfile.TarInfo("train/cat/link.png")
        member.type = kind
        member.linkname = target
        tar.addfile(member)

    return add


@pytest.mark.parametrize(
    ("add", "complaint"),
    [
        (add_file("../escaped.png"), "member '../escaped.png' points outside"),
        (add_file("train/../../escaped.png"), "member 'train/../../escaped.png' points outside"),
        (add_file("/tmp/escaped.png"), "member '/tmp/escaped.png' points outside"),
        (add_file("C:\\escaped.png"), "points outside"),
        (add_file("..\\escaped.png"), "points outside"),
        (add_file("train/cat/0000.png"), "holds 'train/cat/0000.png' twice"),
        (
            add_file("train/cat/a\nb\x1b[31m.png/../../x/../.."),
            "member 'train/cat/a\\nb\\x1b[31m.png/../../x/../..' points",
        ),
        (add_link(tarfile.SYMTYPE), "'train/cat/link.png' is a symbolic link; pack the archive again with tar --deref"),
        (
            add_link(tarfile.LNKTYPE, "train/cat/9.png"),
            "is a hard link to 'train/cat/9.png', which does not come before",
        ),
        (add_link(tarfile.LNKTYPE, "../../etc/passwd"), "member '../../etc/passwd' points outside"),
        (add_link(tarfile.FIFOTYPE), "'train/cat/link.png' is a pipe or a device"),
        (add_link(tarfile.CHRTYPE), "'train/cat/link.png' is a pipe or a device"),
    ],
)
def test_unsafe_members_of_a_tar_are_refused(
    make_folder: MakeFolder, add: Callable[[tarfile.TarFile], None], complaint: str
) -> None:
    archive = pack(make_folder(), ".tar")
    with tarfile.open(archive, "a") as tar:
        add(tar)
    assert complaint in refusal(archive)


@pytest.mark.parametrize("name", ["../escaped.png", "/tmp/escaped.png", "train\\..\\..\\escaped.png"])
def test_unsafe_members_of_a_zip_are_refused(make_folder: MakeFolder, name: str) -> None:
    archive = pack(make_folder(), ".zip")
    with zipfile.ZipFile(archive, "a") as zipped:
        zipped.writestr(name, png(0))
    assert "points outside" in refusal(archive)


def test_a_link_in_a_zip_is_refused(make_folder: MakeFolder) -> None:
    archive = pack(make_folder(), ".zip")
    link = zipfile.ZipInfo("train/cat/link.png")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(archive, "a") as zipped:
        zipped.writestr(link, "0000.png")
    assert "'train/cat/link.png' is a symbolic link" in refusal(archive)


def test_an_encrypted_zip_is_refused(make_folder: MakeFolder) -> None:
    archive = pack(make_folder(), ".zip")
    data = bytearray(archive.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1  # the flag in the first member's directory entry
    archive.write_bytes(data)
    assert "is encrypted" in refusal(archive)


def test_an_empty_class_folder_in_an_archive_is_refused(make_folder: MakeFolder) -> None:
    folder = make_folder()
    (folder / "train/fox").mkdir()
    for ending in (".tar.xz", ".zip"):
        assert "train/fox/, a class folder, holds no image" in refusal(pack(folder, ending))


@pytest.mark.parametrize("content", [b"", b"no archive at all", png(0), b"BZ", bytes(1024)])
def test_a_file_that_is_not_an_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "images.tar"
    path.write_bytes(content)
    assert "is not an archive; give a .tar, .tar.xz, .tar.gz, .tgz or .zip file, or a folder" in refusal(path)


@pytest.mark.parametrize("ending", TAR_MODES)
def test_a_hard_link_in_a_tar_is_the_file_that_it_names(make_folder: MakeFolder, ending: str) -> None:
    folder = make_folder()
    for name in ("train/cat/link.png", "train/dog/also.png"):
        os.link(folder / "train/cat/0003.png", folder / name)
    packed, unpacked = load(pack(folder, ending)), load(folder)
    assert len(packed.train_labels) == 12
    assert packed.fingerprint == unpacked.fingerprint


def huge_member(folder: Path, ending: str, megabytes: int) -> Path:
    """A small archive with an image of many zeros beside those of the folder."""
    if ending == ".zip":
        archive = pack(folder, ".zip")
        with (
            zipfile.ZipFile(archive, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as zipped,
            zipped.open("train/cat/huge.png", "w") as member,
        ):
            for _ in range(megabytes):
                member.write(bytes(2**20))
        return archive
    with (folder / "train/cat/huge.png").open("wb") as file:
        file.truncate(megabytes * 2**20)
    archive = folder.with_name("packed.tar")
    subprocess.run(["tar", "--sparse", "-cf", archive, "-C", folder, "."], check=True)
    return archive


@contextlib.contextmanager
def memory_limited(n: int) -> Iterator[None]:
    """Lets this process allocate n bytes more than it has."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (psutil.Process().memory_info().vms + n, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.mark.parametrize("ending", [".zip", ".tar"])
def test_a_member_larger_than_an_image_is_refused_by_name_and_not_read(make_folder: MakeFolder, ending: str) -> None:
    archive = huge_member(make_folder(), ending, megabytes=257)
    assert archive.stat().st_size < 2**21
    with memory_limited(2**26):
        assert "train/cat/huge.png has 269,484,032 bytes, but an image file may have" in refusal(archive)


def test_a_huge_file_outside_of_the_class_folders_does_no_harm(make_folder: MakeFolder) -> None:
    folder = make_folder()
    with (folder / "video.avi").open("wb") as file:
        file.truncate(300 * 2**20)
    archive = folder.with_name("packed.tar")
    subprocess.run(["tar", "--sparse", "-cf", archive, "-C", folder, "."], check=True)
    with memory_limited(2**26):
        assert len(load(archive).train_labels) == 10


def test_a_header_that_claims_to_be_huge_is_not_read(make_folder: MakeFolder) -> None:
    archive = pack(make_folder(), ".tar")
    name = tarfile.TarInfo("././@LongLink")
    name.type, name.size = tarfile.GNUTYPE_LONGNAME, 10 * 2**30
    archive.write_bytes(name.tobuf(tarfile.GNU_FORMAT) + archive.read_bytes())
    with memory_limited(2**26):
        assert "a header of 10,737,418,240 bytes" in refusal(archive)


def test_a_zip_that_lies_about_the_size_of_a_member_is_read_no_further_than_it_says(make_folder: MakeFolder) -> None:
    archive = huge_member(make_folder(), ".zip", megabytes=100)
    data = bytearray(archive.read_bytes())
    entry = data.rindex(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = (1000).to_bytes(4, "little")
    archive.write_bytes(data)
    with memory_limited(2**26):
        assert "truncated or damaged (Bad CRC-32 for file 'train/cat/huge.png')" in refusal(archive)
