from pathlib import Path

from playwright.sync_api import Browser

from tests.browser import visited


def test_a_visit_reports_errors_foreign_requests_and_overflow(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    wide = '<div style="width: 500px">wide</div>'
    page.write_text(f'<img src="http://192.0.2.1/x.png">{wide}<script>document.title = "ran"; nothing()</script>')
    with visited(browser, page.as_uri(), width=400) as visit:
        assert visit.page.title() == "ran"
        assert visit.foreign == ["http://192.0.2.1/x.png"]
        assert any("nothing is not defined" in error for error in visit.errors)
        assert visit.overflow > 0


def test_a_visit_knows_which_colors_the_reader_prefers(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<p>hello</p>")
    for dark in (False, True):
        with visited(browser, page.as_uri(), dark=dark) as visit:
            assert visit.page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") is dark
            assert not visit.errors
            assert not visit.foreign
            assert visit.overflow <= 0
