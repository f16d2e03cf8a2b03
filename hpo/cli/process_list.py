"""What other users of the machine may read in the list of processes: the command line, without passwords."""

import ctypes
import re
import sys
from pathlib import Path

PASSWORD = re.compile(rb"(\w+://[^\s/:@]*:)([^\s\0]*)(@)|([?&]\w*password=)([^\s&\0]*)()")


def hide_passwords() -> bool:
    """Write `x` over the passwords of this process's command line, as the system shows it; Python keeps its own copy.

    Returns:
        Whether there were any. What started this process, such as a shell or `uv run`, may still show them.
    """
    if not any(PASSWORD.search(word.encode("utf-8", "surrogateescape")) for word in sys.argv):
        return False
    try:
        # proc(5): the 48th and 49th fields are where the command line begins and ends in this process's memory.
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        begin, end = int(fields[45]), int(fields[46])
    except (OSError, IndexError, ValueError):  # Another system than Linux.
        return True
    for match in PASSWORD.finditer(ctypes.string_at(begin, end - begin)):
        for start, stop in (match.span(2), match.span(5)):
            ctypes.memset(begin + start, ord("x"), max(0, stop - start))
    return True
