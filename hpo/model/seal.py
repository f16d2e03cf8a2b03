"""A checksum of a whole file inside the file, so that damage to its weights is noticed too.

The file holds the text `hpo-sha256-` and 64 digits: the sha256 of the file with 64 zeros in their place.
"""

import hashlib
import re

UNSEALED = "hpo-sha256-" + 64 * "0"
_SEAL = re.compile(rb"hpo-sha256-([0-9a-f]{64})")


def sealed(content: bytes) -> bytes:
    """Return a file's content, which holds `UNSEALED`, with its checksum."""
    start = content.index(UNSEALED.encode()) + len(UNSEALED) - 64
    return content[:start] + hashlib.sha256(content).hexdigest().encode() + content[start + 64 :]


def is_intact(content: bytes) -> bool | None:
    """Return whether a file's content is as it was sealed; None if it holds no seal."""
    found = _SEAL.search(content)
    if found is None:
        return None
    start, end = found.span(1)
    digest = hashlib.sha256(content[:start])
    digest.update(64 * b"0")
    digest.update(memoryview(content)[end:])
    return digest.hexdigest().encode() == found[1]
