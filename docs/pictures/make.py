"""Make the pictures of README.md from a study of real images.

    uv run python docs/pictures/make.py [--data cifar10] [--data-dir DIR] [--runs DIR]

A search of CIFAR-10 and its confirmation run for some minutes. The terminal is drawn while the search runs, the pages
of the report and of optuna-dashboard at the end. With `--runs`, a search that is there already is resumed, and the
terminal is drawn only if enough of it is left. The pages need Chromium.
"""

import argparse
import io
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from hpo.cli.progress import LiveView
from hpo.definition.study_file import load_study
from hpo.execution.events import Event
from hpo.execution.session import Options, run_search

HERE = Path(__file__).parent
STUDY, TRIALS, EPOCHS = "search", 30, 9
COMMAND = f"hpo search --data cifar10 --trials {TRIALS} --epochs {EPOCHS}"
# The terminal is drawn when so many trials have ended, with its last lines.
DRAWN_AFTER, COLUMNS, LINES = 16, 96, 18
WIDTH, HEIGHT, COLORS = 1280, 860, 128
SETTLED = 5000  # Milliseconds until a page has drawn its figures.
# As rich's, without the fonts that it fetches.
SVG = """<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: {char_height}px; }}
.{unique_id}-title {{ font-family: sans-serif; font-size: 18px; }}
{styles}
</style>
<defs>{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})">{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g>
</svg>
"""


class Terminal:
    """Shows a search as a terminal does, and draws it once."""

    def __init__(self, picture: Path) -> None:
        self.picture, self.drawn, self.output = picture, False, io.StringIO()
        self.view = LiveView(Console(file=self.output, width=COLUMNS))

    def observe(self, event: Event) -> None:
        """Take in an event."""
        self.view.observe(event)
        status = self.view.status
        everyone_trains = len(status.running) == status.workers and all(run.epoch for run in status.running.values())
        if not self.drawn and status.finished >= DRAWN_AFTER and everyone_trains:
            self.draw()

    def draw(self) -> None:
        """Draw the last lines, and what stays below them."""
        screen = Console(file=io.StringIO(), record=True, width=COLUMNS, force_terminal=True)
        for line in self.output.getvalue().splitlines()[-LINES:]:
            screen.print(Text(line))
        screen.print(self.view)
        self.picture.write_text(screen.export_svg(title=COMMAND, theme=MONOKAI, code_format=SVG, unique_id="hpo"))
        self.drawn = True


def hpo(*arguments: str) -> list[str]:
    """Return the command line of a command."""
    return [sys.executable, "-m", "hpo", *arguments]


def photograph(page: Page, name: str) -> None:
    """Write what a window shows, as a PNG file of few colors."""
    with Image.open(io.BytesIO(page.screenshot())) as image:
        image.convert("RGB").quantize(COLORS, dither=Image.Dither.NONE).save(HERE / name, optimize=True)


@contextmanager
def served(*arguments: str) -> Iterator[str]:
    """Run a server; yields the address that it prints."""
    with subprocess.Popen(hpo(*arguments), stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr
        yield next(line.strip() for line in server.stderr if line.startswith("http"))
        server.send_signal(signal.SIGINT)


@contextmanager
def browser() -> Iterator[Browser]:
    """Start Chromium."""
    with sync_playwright() as playwright:
        path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
        yield playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])


def main() -> None:
    """Run the search and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="cifar10")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--runs", type=Path)
    options = parser.parse_args()
    with TemporaryDirectory() as temporary:
        runs = options.runs or Path(temporary) / "runs"
        definition = load_study(STUDY, {"data.dataset": options.data, "epochs": str(EPOCHS)})
        terminal = Terminal(HERE / "terminal.svg")
        run_search(definition, TRIALS, Options(runs, data_dir=options.data_dir, observer=terminal.observe))
        data_dir = ["--data-dir", str(options.data_dir)] if options.data_dir else []
        confirm = hpo("confirm", STUDY, "--top=3", "--seeds=1", "--no-yardstick", f"--runs={runs}", *data_dir)
        subprocess.run(confirm, check=True)
        page = Path(temporary) / "search.html"
        subprocess.run(hpo("report", STUDY, f"--output={page}", f"--runs={runs}", *data_dir), check=True)
        with browser() as chromium, served("dashboard", "--port=8300", f"--runs={runs}") as address:
            window = chromium.new_page(viewport={"width": WIDTH, "height": HEIGHT})
            window.goto(page.as_uri())
            window.wait_for_timeout(SETTLED)
            photograph(window, "report.png")
            window.goto(f"{address}/studies/1")
            window.wait_for_selector(".js-plotly-plot .main-svg")
            window.wait_for_timeout(SETTLED)
            photograph(window, "dashboard.png")


if __name__ == "__main__":
    main()
