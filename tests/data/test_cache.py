import errno
import multiprocessing
import os
import random
import resource
import shutil
import signal
import threading
import time
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path

import numpy as np
import pytest

from hpo.data import Dataset, load_dataset, open_decoded
from hpo.data.cache import Cache
from hpo.data.digits import Digits
from hpo.definition.data_config import DataConfig
from hpo.errors import DataError

from .samples import MakeFolder, png

spawn = multiprocessing.get_context("spawn")


class Progress:
    """Keeps every call."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, int, int]] = []

    def __call__(self, description: str, done: int, total: int) -> None:
        self.calls.append((description, done, total))


def load(path: Path, cache: Path, image_size: int | None = None) -> tuple[Dataset, bool]:
    """The data set, and whether it was decoded for that."""
    progress = Progress()
    dataset = load_dataset(DataConfig(dataset=str(path), image_size=image_size), cache, progress)
    return dataset, bool(progress.calls)


def test_a_second_load_decodes_nothing_and_gives_the_same(make_folder: MakeFolder, tmp_path: Path) -> None:
    folder = make_folder()
    first, decoded_first = load(folder, tmp_path / "cache")
    second, decoded_second = load(folder, tmp_path / "cache")
    assert decoded_first
    assert not decoded_second
    assert first.fingerprint == second.fingerprint
    assert np.array_equal(first.train_images, second.train_images)


def test_progress_ends_at_the_number_of_images(make_folder: MakeFolder, tmp_path: Path) -> None:
    progress = Progress()
    load_dataset(DataConfig(dataset=str(make_folder())), tmp_path / "cache", progress)
    assert progress.calls[-1] == ("decoding pets", 14, 14)
    done = [call[1] for call in progress.calls]
    assert done == sorted(set(done))


def test_images_are_mapped_and_a_write_stays_private(make_folder: MakeFolder, tmp_path: Path) -> None:
    folder = make_folder()
    dataset, _ = load(folder, tmp_path / "cache")
    assert isinstance(dataset.train_images, np.memmap)
    dataset.train_images[:] = 200
    again, decoded = load(folder, tmp_path / "cache")
    assert not decoded
    assert again.train_images.max() == 13


@pytest.mark.parametrize("same_size_and_time", [False, True])
def test_a_changed_image_is_decoded_anew(make_folder: MakeFolder, tmp_path: Path, same_size_and_time: bool) -> None:
    folder = make_folder()
    before, _ = load(folder, tmp_path / "cache")
    image = folder / "train/cat/0000.png"
    status = image.stat()
    image.write_bytes(png(5))
    if same_size_and_time:
        assert image.stat().st_size == status.st_size
        os.utime(image, ns=(status.st_atime_ns, status.st_mtime_ns))
    after, decoded = load(folder, tmp_path / "cache")
    assert decoded
    assert after.train_images[0, 0, 0, 0] == 5
    assert after.fingerprint != before.fingerprint


def test_added_removed_and_renamed_images_are_noticed(make_folder: MakeFolder, tmp_path: Path) -> None:
    folder = make_folder()
    sizes = [len(load(folder, tmp_path / "cache")[0].train_labels)]
    (folder / "train/cat/new.png").write_bytes(png(0))
    sizes.append(len(load(folder, tmp_path / "cache")[0].train_labels))
    (folder / "train/cat/new.png").unlink()
    sizes.append(len(load(folder, tmp_path / "cache")[0].train_labels))
    assert sizes == [10, 11, 10]
    (folder / "train/cat").rename(folder / "train/fox")
    with pytest.raises(DataError, match="lacks class"):
        load(folder, tmp_path / "cache")


def test_each_image_size_is_cached_for_itself(make_folder: MakeFolder, tmp_path: Path) -> None:
    folder = make_folder()
    shapes = [load(folder, tmp_path / "cache", image_size)[0].image_shape for image_size in (None, 8, None, 3)]
    assert shapes == [(4, 6, 3), (8, 8, 3), (4, 6, 3), (3, 3, 3)]


def test_the_fingerprint_knows_content_not_place(make_folder: MakeFolder, tmp_path: Path) -> None:
    folder = make_folder()
    copy = shutil.copytree(folder, tmp_path / "elsewhere")
    assert load(folder, tmp_path / "cache")[0].fingerprint == load(copy, tmp_path / "cache")[0].fingerprint


def test_any_damage_of_the_cache_is_noticed_and_mended(make_folder: MakeFolder, tmp_path: Path) -> None:
    folder = make_folder()
    whole, _ = load(folder, tmp_path / "cache")
    (entry,) = (path for path in (tmp_path / "cache/decoded").iterdir() if path.is_dir())
    rng = random.Random(0)
    for file in sorted(entry.iterdir()):
        for damage in ("missing", "empty", "cut", "longer", *["flipped"] * 30):
            content = bytearray(file.read_bytes())
            if damage == "missing":
                file.unlink()
            else:
                if damage == "flipped":
                    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
                length = {"empty": 0, "cut": len(content) - 1}.get(damage, len(content))
                file.write_bytes(content[:length] + (b"x" if damage == "longer" else b""))
            mended, decoded = load(folder, tmp_path / "cache")
            assert decoded, f"{file.name} {damage}"
            assert mended.fingerprint == whole.fingerprint
            assert np.array_equal(mended.train_images, whole.train_images)


def _load_slowly(folder: Path, cache: Path, barrier: Barrier, results: "Queue[tuple[str, int]]") -> None:
    calls = 0

    def progress(description: str, done: int, total: int) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            time.sleep(0.5)  # time enough for the other process to find the lock taken

    barrier.wait()
    dataset = load_dataset(DataConfig(dataset=str(folder)), cache, progress)
    results.put((dataset.fingerprint, calls))


def test_two_processes_at_once_decode_once(make_folder: MakeFolder, tmp_path: Path) -> None:
    barrier, results = spawn.Barrier(2), spawn.Queue()
    arguments = (make_folder(), tmp_path / "cache", barrier, results)
    processes = [spawn.Process(target=_load_slowly, args=arguments) for _ in range(2)]
    for process in processes:
        process.start()
    (first, calls_of_first), (second, calls_of_second) = results.get(timeout=30), results.get(timeout=30)
    for process in processes:
        process.join()
    assert first == second
    assert sorted([calls_of_first, calls_of_second])[0] == 0
    assert max(calls_of_first, calls_of_second) > 0


def _die_while_decoding(folder: Path, cache: Path) -> None:
    load_dataset(DataConfig(dataset=str(folder)), cache, lambda *_: os.kill(os.getpid(), signal.SIGKILL))


def test_a_process_killed_while_decoding_leaves_no_harm(make_folder: MakeFolder, tmp_path: Path) -> None:
    folder = make_folder()
    process = spawn.Process(target=_die_while_decoding, args=(folder, tmp_path / "cache"))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    dataset, decoded = load(folder, tmp_path / "cache")
    assert decoded
    assert len(dataset.train_labels) == 10
    assert not list((tmp_path / "cache").rglob("*.partial"))


def test_an_interrupt_leaves_nothing_half_cached(make_folder: MakeFolder, tmp_path: Path) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    folder = make_folder()
    with pytest.raises(KeyboardInterrupt):
        load_dataset(DataConfig(dataset=str(folder)), tmp_path / "cache", interrupt)
    assert [path.suffix for path in (tmp_path / "cache/decoded").iterdir()] == [".lock"]
    assert load(folder, tmp_path / "cache")[1]


def test_a_cache_that_cannot_be_written_is_one_clear_error(make_folder: MakeFolder, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(
        DataError, match=r"cannot be written or read: Not a directory\. Choose another .*HPO_DATA_DIR\.$"
    ):
        load(make_folder(), tmp_path / "file")


def test_a_disk_that_fills_up_is_one_clear_error_and_leaves_nothing(make_folder: MakeFolder, tmp_path: Path) -> None:
    folder = make_folder()
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, unlimited[1]))  # bytes a file, about half of the images
    try:
        with pytest.raises(DataError, match=r"cannot be written or read: File too large\. Choose another folder"):
            load(folder, tmp_path / "cache")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    assert [path.suffix for path in (tmp_path / "cache/decoded").iterdir()] == [".lock"]
    assert load(folder, tmp_path / "cache")[1]


def test_the_environment_chooses_the_cache_and_data_dir_overrides_it(
    make_folder: MakeFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HPO_DATA_DIR", str(tmp_path / "environment"))
    config = DataConfig(dataset=str(make_folder()))
    load_dataset(config, tmp_path / "argument")
    assert not (tmp_path / "environment").exists()
    load_dataset(config)
    assert (tmp_path / "environment/decoded").is_dir()


def reopen(dataset: Dataset) -> Dataset:
    """Opens the decoded images as another process does."""
    assert dataset.folder is not None
    return open_decoded(dataset.folder, dataset.name, dataset.fingerprint)


def test_decoded_images_are_opened_by_their_folder_though_the_source_is_gone(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    folder = make_folder({split: {"cat": 2, "dog": 1} for split in ("train", "val", "test")})
    dataset, _ = load(folder, tmp_path / "cache")
    shutil.rmtree(folder)
    again = reopen(dataset)
    assert again.val_images is not None and dataset.val_images is not None
    assert np.array_equal(again.val_images, dataset.val_images)
    assert (again.name, again.classes, again.notes) == (dataset.name, dataset.classes, dataset.notes)


def test_images_that_change_leave_those_decoded_before_as_they_are(make_folder: MakeFolder, tmp_path: Path) -> None:
    folder = make_folder()
    before, _ = load(folder, tmp_path / "cache")
    (folder / "train/cat/0000.png").write_bytes(png(200))
    after, decoded = load(folder, tmp_path / "cache")
    assert decoded
    assert reopen(before).train_images[0, 0, 0, 0] == 4
    assert reopen(after).train_images[0, 0, 0, 0] == 200


def test_decoded_images_that_are_gone_damaged_or_others_are_refused(make_folder: MakeFolder, tmp_path: Path) -> None:
    folder = make_folder()
    dataset, _ = load(folder, tmp_path / "cache")
    assert dataset.folder is not None
    with pytest.raises(DataError, match=r"are not those with which the study began\. Resume the study"):
        open_decoded(dataset.folder, "pets", "0" * 64)
    with (dataset.folder / "images.uint8").open("r+b") as file:
        file.write(b"x")
    with pytest.raises(DataError, match=r"^The decoded images of pets in .* are gone or damaged\. Resume"):
        reopen(dataset)
    for gone in (dataset.folder, tmp_path / "cache"):
        shutil.rmtree(gone)
        with pytest.raises(DataError, match="are gone or damaged"):
            reopen(dataset)


def test_who_opens_decoded_images_waits_while_they_are_mended(make_folder: MakeFolder, tmp_path: Path) -> None:
    folder = make_folder()
    dataset, _ = load(folder, tmp_path / "cache")
    assert dataset.folder is not None
    (dataset.folder / "labels.int64").unlink()
    mended: list[str] = []

    def open_meanwhile(*_: object) -> None:
        if not threads:
            threads.append(threading.Thread(target=lambda: mended.append(reopen(dataset).fingerprint)))
            threads[0].start()
            time.sleep(0.1)
            assert not mended

    threads: list[threading.Thread] = []
    load_dataset(DataConfig(dataset=str(folder)), tmp_path / "cache", open_meanwhile)
    threads[0].join()
    assert mended == [dataset.fingerprint]


def test_a_cache_that_this_process_cannot_read_is_left_alone(make_folder: MakeFolder, tmp_path: Path) -> None:
    dataset, _ = load(make_folder(), tmp_path / "cache")
    assert dataset.folder is not None
    entry = dataset.folder / "dataset.json"
    description = entry.read_bytes()
    unlimited = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, unlimited[1]))
    try:
        with pytest.raises(DataError, match="cannot be read: Too many open files"):
            reopen(dataset)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, unlimited)
    assert entry.read_bytes() == description
    assert not load(tmp_path / "pets", tmp_path / "cache")[1]


def test_the_folder_of_decoded_images_is_absolute(
    make_folder: MakeFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    dataset, _ = load(make_folder(), Path("cache"))
    monkeypatch.chdir("/")
    assert reopen(dataset).fingerprint == dataset.fingerprint


def test_a_file_system_without_locks_serves_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_arguments: object) -> None:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr("fcntl.flock", refuse)
    with pytest.warns(UserWarning, match="falling back to SoftFileLock"):  # The library's own way there.
        dataset = Cache(tmp_path).load(Digits(), None)
    assert len(dataset.train_images)
