from pathlib import Path

import pytest
from playwright.sync_api import Browser

from hpo.report.cost_rows import CostRow
from hpo.report.figures import cost_figure
from hpo.report.scale import Scale
from tests.browser import visited
from tests.simulated_search import simulated_trial


@pytest.mark.parametrize(
    "seconds", [(0.021, 0.024), (0.0201, 0.0202), (0.3, 0.3), (7.0, 11.0), (4.0, 21.0), (1.0, 90_000.0)]
)
def test_a_logarithmic_axis_is_drawn_however_short_it_is(
    browser: Browser, tmp_path: Path, seconds: tuple[float, float]
) -> None:
    """Plotly cannot place the title of an axis that shows no label, and reports an error on the console."""
    rows = [
        CostRow(simulated_trial(number), cost, 0.5 + number / 10, on_front=True) for number, cost in enumerate(seconds)
    ]
    page = tmp_path / "page.html"
    cost_figure(rows, "training seconds", Scale("val_accuracy"), []).write_html(page, include_plotlyjs=True)
    with visited(browser, page.as_uri(), width=390) as visit:
        visit.page.wait_for_selector(".xtick text")
        assert visit.page.locator(".xtick text").count() >= 1
        assert visit.page.locator(".xtitle").text_content() == "training seconds"
        assert not visit.errors
