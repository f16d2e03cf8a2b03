"""The page of a report: its sections laid out by a template, in one file that asks for nothing else."""

import base64
import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import Any

import jinja2
import plotly
from markupsafe import Markup

from hpo.report.answer import Answer
from hpo.report.reproduction import Reproduction
from hpo.report.section import Drawing, Section


@dataclass(frozen=True)
class Page:
    """Everything that a report shows."""

    name: str
    kind: str
    state: str
    answer: Answer
    warnings: Sequence[str]
    sections: Sequence[Section]
    reproduction: Reproduction

    def html(self) -> str:
        """Return the page."""
        environment = jinja2.Environment(
            loader=jinja2.PackageLoader("hpo.report", "template"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters["figure_json"] = figure_json
        folder = files("hpo.report") / "template"
        return environment.get_template("report.html").render(
            page=self,
            style=Markup((folder / "report.css").read_text()),
            script=Markup((folder / "report.js").read_text()),
            plotly_gzip=plotly_gzip(),
            made=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
            version=version("hpo"),
        )


def figure_json(drawing: Drawing) -> Markup:
    """Return a figure as JSON that a script element may hold: no text in it can end the element.

    The page has a template of its own, so that of plotly is left out.
    """
    drawing.figure.layout.template = None
    content: dict[str, Any] = json.loads(drawing.figure.to_json())
    text = json.dumps({"data": content["data"], "layout": content["layout"]}, separators=(",", ":"))
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)


@cache
def plotly_gzip() -> str:
    """Return plotly.js as the base64 text of its gzip file: less than half of its size, and browsers unpack it."""
    source = (files(plotly) / "package_data" / "plotly.min.js").read_bytes()
    return base64.b64encode(gzip.compress(source, mtime=0)).decode()
