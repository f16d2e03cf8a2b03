"""Text that stands in Markdown as it is."""

import re


def as_text(text: object) -> str:
    """Return a text so that Markdown shows it as it is, in one line.

    >>> as_text("01_baseline <b>")
    '01\\\\_baseline \\\\<b>'
    """
    return re.sub(r"([\\`*_{}\[\]<#|~])", r"\\\1", " ".join(str(text).split()))
