"""How a search confirms its best configurations, and of which search a grid is the confirmation."""

from typing import Annotated, Literal

from pydantic import Field

from hpo.definition.table import Count, Name, Table

# Configurations in the second round of a race, and in each round after it: the last two are compared to the end.
LATER_ROUNDS = (3, 2)


class ConfirmationConfig(Table):
    """The end of a search: its best configurations are trained again with fresh seeds, and the best mean wins.

    The runs are a part of `--trials`. They are a race: the best `top` configurations get one seed, the best 3 of them a
    second one, and the best 2 of these one after the other until `seeds` or `share` is reached.
    """

    top: Count = 5
    """Number of configurations that begin the race: those of the best trials."""
    seeds: Count = 5
    """The most seeds of a configuration."""
    share: Annotated[float, Field(strict=True, gt=0.0, lt=1.0)] = 0.15
    """The most that the race may take of `--trials`. Of `--timeout` it gets what its runs will take, half at most."""
    split: Literal["fresh"] | None = None
    """`fresh` draws other validation images for each seed (see `[data] split`), so that the choice does not rest on the
    validation images of the search alone. If left out, it does."""

    def rounds(self, n_trials: int) -> tuple[int, ...]:
        """Return how many configurations are trained in each round of the race, a fresh seed a round.

        >>> ConfirmationConfig().rounds(100), ConfirmationConfig().rounds(20), ConfirmationConfig().rounds(3)
        ((5, 3, 2, 2, 2), (3,), ())

        Args:
            n_trials: the trials of the whole study.
        """
        left = round(self.share * n_trials)
        found: list[int] = []
        for place in range(self.seeds):
            size = min(self.top, left) if place == 0 else min(found[-1], LATER_ROUNDS[min(place, 2) - 1])
            if not 1 <= size <= left:
                break
            found.append(size)
            left -= size
        return tuple(found)


class Confirms(Table):
    """In a grid that `hpo confirm` or a search made: the search whose configurations are its experiments."""

    study: Name
    """The search's name when the confirmation began."""
    study_id: str
    """The search's unique id, by which its confirmation is found under any name."""
