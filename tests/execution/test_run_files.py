"""The folder of a run on two machines: changes of one, written on the other, make it the same."""

from pathlib import Path

from hpo.execution.cluster.run_files import RunFiles
from hpo.run.replacing import replacing


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_changes_in_one_folder_is_made_to_another_and_logs_send_only_what_is_new(tmp_path: Path) -> None:
    here, there = RunFiles(tmp_path / "here"), RunFiles(tmp_path / "there")
    events = "train/events.out.tfevents.1764.node.7.0"

    def replace(name: str, content: bytes) -> None:
        with replacing(here.folder / name) as file:
            file.write_bytes(content)

    def append(name: str, content: bytes) -> None:
        with (here.folder / name).open("ab") as file:
            file.write(content)

    def sent() -> int:
        changes = here.changes()
        there.write(changes)
        there.write(changes)  # Again, as after a failed write.
        assert contents(there.folder) == contents(here.folder)
        return sum(len(change.content or b"") for change in changes)

    assert here.changes() == []
    replace("config.json", b"{}")
    replace("checkpoint.safetensors", b"x" * 1000)
    replace(events, b"e" * 500)
    assert sent() == 1502
    append(events, b"f" * 20)
    assert sent() == 20
    assert sent() == 0
    replace("checkpoint.safetensors", b"y" * 1000)
    (here.folder / "config.json").unlink()
    assert sent() == 1000
    # The run resumes on the other machine, which returns only what has changed there.
    with replacing(there.folder / "weights.safetensors") as file:
        file.write_bytes(b"w" * 10)
    assert [change.name for change in there.changes()] == ["weights.safetensors"]


def test_a_file_that_is_being_written_does_not_travel(tmp_path: Path) -> None:
    with replacing(tmp_path / "checkpoint.safetensors") as temporary:
        temporary.write_bytes(b"half")
        assert RunFiles(tmp_path).changes() == []
    assert [change.name for change in RunFiles(tmp_path).changes()] == ["checkpoint.safetensors"]
