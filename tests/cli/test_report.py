"""`hpo report` on a search and a grid that were run."""

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser import visited

from .conftest import Call, Told


@pytest.fixture
def runs(work: Path, searched: Told, replayed: Told) -> Path:
    assert searched.codes == [0, 0]
    assert replayed.codes == [0, 0, 0]
    return work / "runs"


def test_a_search_and_a_grid_have_a_page_with_pictures_of_mistakes(
    runs: Path, call: Call, browser: Browser, tmp_path: Path
) -> None:
    for study, answer in (("tiny", "is the best of 3:"), ("pair", "has the best mean validation accuracy")):
        path = tmp_path / f"{study}.html"
        code, out, _ = call(["report", study, "--runs", str(runs), "-o", str(path)])
        assert code == 0
        assert answer in out
        with visited(browser, path.as_uri(), width=390) as visit:
            page = visit.page
            page.wait_for_function("document.documentElement.dataset.drawn", timeout=60_000)
            assert visit.errors == []
            assert visit.foreign == []
            assert visit.overflow <= 0
            assert answer in page.locator("h1").inner_text()
            assert page.locator(".pictures img").count() > 4
            sizes = page.locator(".pictures img").evaluate_all("images => images.map(image => image.naturalWidth)")
            assert set(sizes) == {8}
            if study == "pair":
                assert page.locator("#findings .plot .main-svg").count()
                assert "Documented against measured" in page.locator("#experiments h2").inner_text()


def test_a_run_folder_that_was_deleted_is_named_on_the_page(runs: Path, call: Call, tmp_path: Path) -> None:
    copy = tmp_path / "runs"
    shutil.copytree(runs, copy)
    for folder in (copy / "tiny").glob("trial_*"):
        shutil.rmtree(folder)
    # The database names the first folder too, where the runs still are.
    shutil.move(runs / "tiny", runs / "moved")
    try:
        code, _, _ = call(["report", "tiny", "--runs", str(copy), "-o", str(tmp_path / "page.html")])
    finally:
        shutil.move(runs / "moved", runs / "tiny")
    assert code == 0
    page = (tmp_path / "page.html").read_text()
    assert "is left out: its folder" in page
    assert "is the best of 3:" in page


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("nothing", "there is no study 'nothing'"),
        ("tiny -o /proc/report.html", "the report cannot be written to '/proc/report.html'"),
        ("tiny -o page.pdf", "name it FILE.html, not 'page.pdf'"),
    ],
)
def test_a_bad_request_is_one_line(runs: Path, call: Call, arguments: str, message: str) -> None:
    code, out, err = call(f"report {arguments} --runs {runs}")
    assert code == 2
    assert message in err
    assert not out
    assert err.count("\n") == 1
