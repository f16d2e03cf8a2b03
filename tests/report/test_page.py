"""The page in a real browser, of a search that was never trained: every figure, and names that attack a page."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from hpo.analysis.tables import Column, Table
from hpo.report.figures import confusion_figure
from hpo.report.section import Drawing, Picture, Section
from hpo.report.study_report import Places, study_page, write_report
from hpo.report.thumbnail import thumbnail
from tests.browser import Visit, visited
from tests.simulated_search import mixed_trials, simulated_search, simulated_trial

ATTACK = "<script>alert('x')</script>\"&<img src=http://192.0.2.1/x>"
# Where a figure's first point is in the window; of a bar, its middle.
A_POINT = """plot => {
    const trace = plot._fullData.find(each => each.hoverinfo !== "skip" && each.x.length);
    const place = [...trace.x.keys()].find(i => trace.x[i] !== null && trace.y[i] !== null);
    const {_fullLayout: layout} = plot, box = plot.getBoundingClientRect();
    const [xaxis, yaxis] = [layout.xaxis, layout.yaxis];
    const x = trace.type === "bar" ? xaxis.d2p(trace.x[place] / 2) : xaxis.d2p(trace.x[place]);
    return [box.left + xaxis._offset + x, box.top + yaxis._offset + yaxis.d2p(trace.y[place])];
}"""
NOWHERE = Places(Path("/nonexistent"), data_dir=Path("/nonexistent"))


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A search of 60 trials, with the section of its mistakes on classes that attack the page."""
    folder = tmp_path_factory.mktemp("report")
    trials = mixed_trials(60)
    trials[5] = trials[5].model_copy(update={"message": ATTACK, "config": {**trials[5].config, "init": ATTACK}})
    page = study_page(simulated_search(trials, dataset=ATTACK), None, Places(folder, data_dir=folder))
    classes = [ATTACK, "</script><b>1", "2", "10"]
    picture = Picture(thumbnail(np.zeros((8, 8, 3), np.uint8)), classes[0], classes[1], 0.99)
    table = Table(ATTACK, [Column(ATTACK, lambda row: str(row["a"]), wrap=True)], [{"a": ATTACK}], [ATTACK])
    drawing = Drawing(confusion_figure(np.arange(16).reshape(4, 4), classes), ATTACK)
    attacked = Section("attack", ATTACK, ATTACK, [drawing], [picture], [table], [ATTACK])
    path = folder / "page.html"
    write_report(replace(page, sections=[*page.sections, attacked], warnings=[*page.warnings, ATTACK]), path)
    return path


def drawn(page: Page) -> None:
    page.wait_for_function("document.documentElement.dataset.drawn", timeout=60_000)


@pytest.fixture(scope="module")
def desktop(browser: Browser, page_file: Path) -> Iterator[Visit]:
    with visited(browser, page_file.as_uri()) as visit:
        drawn(visit.page)
        yield visit


def test_every_figure_is_drawn_without_an_error_and_without_a_network(desktop: Visit) -> None:
    page = desktop.page
    assert page.locator(".plot").count() > 15
    assert page.locator(".plot").count() == page.locator(".plot .main-svg").count() / 3
    assert desktop.errors == []
    assert desktop.foreign == []


@pytest.mark.parametrize(
    "section", ["history", "expected", "importance", "parallel", "curves", "cost", "gap", "outcomes", "attack"]
)
def test_a_figure_answers_to_the_pointer(desktop: Visit, section: str) -> None:
    plot = desktop.page.locator(f"#{section} .plot").first
    plot.scroll_into_view_if_needed()
    x, y = plot.evaluate(A_POINT)
    desktop.page.mouse.move(x - 1, y)
    desktop.page.mouse.move(x, y)
    plot.locator(".hoverlayer .hovertext").first.wait_for(timeout=5000)


def test_names_are_shown_as_text_and_never_run(desktop: Visit) -> None:
    page = desktop.page
    assert page.locator("#attack h2").inner_text() == ATTACK
    assert page.locator("#attack td").first.inner_text() == ATTACK
    assert page.locator("#attack figcaption b").inner_text() == "</script><b>1"
    assert page.locator("img[src^='http']").count() == 0
    assert page.locator("main script:not([type='application/json'])").count() == 0
    labels = page.locator("#attack .xtick text").all_text_contents()
    assert any("<script>" in label for label in labels)


def test_the_page_is_nowhere_wider_than_a_desktop(desktop: Visit) -> None:
    assert desktop.overflow <= 0
    assert colors(desktop.page)[0] == "rgb(255, 255, 255)"


def test_a_dark_telephone_shows_the_whole_page_and_follows_the_reader(browser: Browser, page_file: Path) -> None:
    with visited(browser, page_file.as_uri(), width=390, dark=True) as visit:
        drawn(visit.page)
        assert visit.overflow <= 0
        dark = colors(visit.page)
        # The reader changes colors while the page is open, and prints it.
        visit.page.emulate_media(color_scheme="light")
        light = colors(visit.page)
        assert all(before != after for before, after in zip(dark, light, strict=True))
        visit.page.emulate_media(color_scheme="dark", media="print")
        assert colors(visit.page)[0] == "rgb(255, 255, 255)"
        assert visit.overflow <= 0
        assert visit.errors == []


def colors(page: Page) -> list[str]:
    """Of the page's background, and of the text of a figure."""
    return [
        page.evaluate("getComputedStyle(document.body).backgroundColor"),
        page.evaluate("getComputedStyle(document.querySelector('.plot .xtick text')).fill"),
    ]


def test_without_a_script_the_page_still_has_its_answer(page_file: Path) -> None:
    text = page_file.read_text()
    assert text.index("is the best of ") < text.index('id="history"')
    assert "The figures need JavaScript" in text


def test_what_is_missing_is_named_on_the_page() -> None:
    page = study_page(simulated_search(mixed_trials(12)), None, NOWHERE)
    (mistakes,) = [section for section in page.sections if section.key == "mistakes"]
    assert not mistakes.drawings
    assert mistakes.notes[0].startswith("The images of digits")


def test_a_study_without_a_finished_trial_has_a_page_that_says_so() -> None:
    page = study_page(simulated_search([simulated_trial(0, "paused"), simulated_trial(1, "pruned", 1)]), None, NOWHERE)
    assert page.answer.headline == "There is no answer yet. None of 2 trials has trained to its end yet."
    assert "There is no answer yet" in page.html()
    assert any("has not ended: 1 of 2 trials" in warning for warning in page.warnings)


def test_a_thousand_trials_stay_below_eight_megabytes() -> None:
    page = study_page(simulated_search(mixed_trials(1000, epochs=20), epochs=20), None, NOWHERE)
    assert len(page.html()) < 8e6
    notes = " ".join(note for section in page.sections for note in section.notes)
    assert "curves are drawn" in notes
    assert "trials are drawn" in notes
