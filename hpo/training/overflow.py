"""Settings that float32 cannot hold, such as a learning rate of 1e40."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hpo.errors import Diverged


@contextmanager
def overflow_diverges() -> Iterator[None]:
    """Report a number that PyTorch cannot represent as a training that diverged: its next step would be infinite.

    Raises:
        Diverged: in place of the errors of PyTorch and Python for a number that is too large.
    """
    try:
        yield
    except OverflowError as error:
        raise Diverged(f"a number is too large to train with: {error}") from error
    except RuntimeError as error:
        if "without overflow" not in str(error):
            raise
        raise Diverged("a number is too large for float32") from error
