"""Looks at a grid while seeds are added: each is paid for, so that all of them together err in at most 5%.

Whoever looks after every seed, and stops once there is a verdict, gives a true zero difference a verdict in 13% of
cases by 5 seeds and in 26% by 20. Five looks, after 3, 5, 8, 12 and 20 seeds, at 1.28% each hold 5% together: equal
levels, as of S. J. Pocock, "Group sequential methods in the design and analysis of clinical trials", Biometrika 64,
1977, with the level that these numbers of seeds and Student's t need; were the noise known, 1.47% would do
(`python -m tests.benchmarks.error_rates` simulates it).
"""

from collections.abc import Sequence

from hpo.definition.counted import counted

# Numbers of seeds.
LOOKS = (3, 5, 8, 12, 20)
LEVEL_OF_A_LOOK = 0.0128


def look_number(seeds: int) -> int:
    """Return which look a number of seeds belongs to, from 1; 0 before the first.

    >>> [look_number(seeds) for seeds in (2, 3, 4, 5, 30)]
    [0, 1, 1, 2, 5]
    """
    return sum(look <= seeds for look in LOOKS)


def looks_text(seeds: int, earlier: Sequence[int] = ()) -> str:
    """Return in a sentence which look a table of so many seeds is.

    Args:
        seeds: of the experiment that has most.
        earlier: the numbers of seeds at which somebody looked before.
    """
    planned = ", ".join(map(str, LOOKS[:-1])) + f" and {LOOKS[-1]}"
    this = (
        f"Look {look_number(seeds)} of {len(LOOKS)}" if seeds in LOOKS else f"{counted(seeds, 'seed')}: no planned look"
    )
    text = f"{this}: looks at {planned} seeds, each at {LEVEL_OF_A_LOOK:.2%}, together err in 5%."
    unplanned = ", ".join(str(each) for each in sorted({*earlier, seeds}) if each not in LOOKS)
    return f"{text} Looks at {unplanned} add to that." if unplanned else text
