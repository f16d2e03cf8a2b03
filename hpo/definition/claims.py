"""Claims about the experiments of a grid, and the tests that decide them.

A claim has an `id`, a `title`, and either `tests` or the reason why it is `not_testable` by this grid:

    [[claim]]
    id = "C1"
    title = "BatchNorm raises test accuracy"
    tests = [
      { of = "07_batchnorm", versus = "03_wide_3x128", above = 0 },
      { of = "07_batchnorm", versus = "01_baseline", above = 0, reading = "as written" },
    ]

A test computes a `quantity` of each run, combines the runs of one replicate into a `statistic`, and holds the interval
of the statistic's mean over replicates against a hypothesis.

Tests of one reading must hold together, unless the claim is that `any` of them does. Accuracies, and bounds on them,
are in percent; times are in seconds.
"""

from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BeforeValidator, Field, model_validator

from hpo.definition.table import Flag, Number, Table

Reading = Literal["fair", "on another net", "as written"]
Quantity = Literal[
    "test_accuracy",
    "val_accuracy",
    "train_accuracy",
    "gap",
    "test_loss",
    "val_loss",
    "train_loss",
    "seconds",
    "cpu_seconds",
    "epochs",
    "best_epoch",
    "lr_reductions",
    "parameters",
    "early_val_accuracy",
    "late_val_loss_sd",
    "epochs_to_match",
    "epochs_to_near_final",
    "checkpoint_gain",
]
# What each is of a run.
QUANTITIES: dict[Quantity, str] = {
    "test_accuracy": "accuracy on the test images, of the final weights",
    "val_accuracy": "accuracy on the validation images, of the final weights",
    "train_accuracy": "accuracy on the training images, of the final weights",
    "gap": "train accuracy minus test accuracy, in points",
    "test_loss": "loss on the test images, of the final weights",
    "val_loss": "loss on the validation images, of the final weights",
    "train_loss": "loss on the training images, of the final weights",
    "seconds": "how long training took, whatever else the machine did at the time",
    "cpu_seconds": "processor time of training, summed over cores; unknown where a GPU trained",
    "epochs": "epochs that were trained",
    "best_epoch": "the epoch with the best validation result",
    "lr_reductions": "how often `plateau` reduced the learning rate",
    "parameters": "number of parameters of the network",
    "early_val_accuracy": "mean validation accuracy over the first quarter of the epochs",
    "late_val_loss_sd": "standard deviation of the validation loss around its line over the second half of the epochs: "
    "how much it oscillates, whether it falls or rises",
    "epochs_to_match": "epochs to the lower of the two final validation accuracies of a pair",
    "epochs_to_near_final": "epochs to 95 % of the run's own final validation accuracy",
    "checkpoint_gain": "validation accuracy of the best checkpoint minus that of the final weights",
}
Statistic = Literal[
    "level",
    "difference",
    "ratio",
    "difference_of_differences",
    "spread_difference",
    "rank_correlation",
    "seed_sd_ratio",
]
# What each is of one replicate's runs.
STATISTICS: dict[Statistic, str] = {
    "level": "the quantity itself",
    "difference": "a run of `of` minus a run of `versus`",
    "ratio": "a run of `of` divided by a run of `versus`",
    "difference_of_differences": "the first minus the second of `of`, minus the same of `versus`",
    "spread_difference": "standard deviation over the experiments of `of` in excess of that over `versus`: the root of "
    "the difference of their variances, the noise of seeds taken off",
    "rank_correlation": "Kendall's tau between the quantity and the number of parameters, over `of`",
    "seed_sd_ratio": "of all replicates at once: standard deviation over seeds, of one experiment divided by another's",
}
# Statistics that read `of` alone; every other one needs `versus`.
WITHOUT_VERSUS: tuple[Statistic, ...] = ("level", "rank_correlation")
# The least number of experiments in `of` (and in `versus`, where it is read).
GROUP_SIZE: dict[Statistic, int] = {"difference_of_differences": 2, "spread_difference": 2, "rank_correlation": 3}
# Statistics of which every replicate has a value of its own.
OF_ONE_REPLICATE: tuple[Statistic, ...] = ("level", "difference", "ratio", "difference_of_differences")


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Margin = tuple[Number, Number]


class ClaimTest(Table):
    """One test of a claim: it holds a statistic of some experiments against a hypothesis."""

    of: Annotated[Names, Field(min_length=1)]
    """The experiments that the test is about, one or a list. A level must hold for each of them; a difference or a
    ratio must hold for each pair with one of `versus`."""
    versus: Names = ()
    """The experiments that they are compared with, one or a list."""
    quantity: Quantity = "test_accuracy"
    """What is read off a run."""
    statistic: Statistic
    """How the runs of one replicate are combined. If left out: `difference`, or `level` where there is no `versus`."""
    above: Number | None = None
    """The hypothesis: the statistic is above this."""
    below: Number | None = None
    """The hypothesis: the statistic is below this."""
    within: Margin | None = None
    """The hypothesis: the statistic lies between these two, `[low, high]`."""
    never_below: Number | None = None
    """A guarantee instead of a hypothesis: no single run may be below this."""
    reproduces: Number | None = None
    """A published figure of a single run instead of a hypothesis: could it be one more of the runs that were measured?
    It is `reproduced` if it lies in their prediction interval, else `not reproduced`."""
    reading: Reading = "fair"
    """`as written` marks a comparison of unlike things that the document itself draws; `on another net` a second fair
    one. The tests of one reading must hold together."""

    @property
    def region(self) -> tuple[float, float]:
        """The open interval in which the statistic's mean lies if the claim holds; a published figure is a point."""
        if self.reproduces is not None:
            return self.reproduces, self.reproduces
        if self.within is not None:
            return self.within
        low = self.above if self.above is not None else self.never_below
        return (-float("inf") if low is None else low, float("inf") if self.below is None else self.below)

    @classmethod
    def completed(cls, settings: dict[str, Any]) -> dict[str, Any]:
        """Fill in `statistic`."""
        return {"statistic": "difference" if settings.get("versus") else "level", **settings}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        bounds = (self.above, self.below, self.within, self.never_below, self.reproduces)
        if sum(bound is not None for bound in bounds) != 1:
            raise ValueError("a test needs exactly one of 'above', 'below', 'within', 'never_below' and 'reproduces'")
        if self.within is not None and self.within[0] >= self.within[1]:
            raise ValueError(f"'within' needs its low end below its high end but got {list(self.within)}")
        if bool(self.versus) == (self.statistic in WITHOUT_VERSUS):
            raise ValueError(f"statistic '{self.statistic}' {'takes no' if self.versus else 'needs'} 'versus'")
        if self.never_below is not None and self.statistic != "level":
            raise ValueError("'never_below' is about single runs: it takes no 'versus' and no other statistic")
        if self.reproduces is not None and self.statistic not in OF_ONE_REPLICATE:
            raise ValueError(f"'reproduces' is about a single run: it takes no statistic '{self.statistic}'")
        if self.quantity == "epochs_to_match" and self.statistic not in ("difference", "ratio"):
            raise ValueError("'epochs_to_match' compares a pair: it needs statistic 'difference' or 'ratio'")
        size, exact = GROUP_SIZE.get(self.statistic, 1), self.statistic == "difference_of_differences"
        for name, group in (("of", self.of), ("versus", self.versus)):
            if group and (len(group) < size or (exact and len(group) > size)):
                rule = f"{'exactly' if exact else 'at least'} {size} experiments in '{name}' but got {len(group)}"
                raise ValueError(f"statistic '{self.statistic}' needs {rule}")
            if len(set(group)) != len(group):
                raise ValueError(f"'{name}' names an experiment twice")
        if self.statistic not in GROUP_SIZE and set(self.of) & set(self.versus):
            raise ValueError("'of' and 'versus' name the same experiment")
        return self


class Claim(Table):
    """What is said of a grid's experiments, and how it is tested."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=20)]
    """A short name of the claim, unique in the study."""
    title: Annotated[str, Field(min_length=1, max_length=200)]
    """The claim in one line."""
    tests: tuple[ClaimTest, ...] = ()
    """The tests that decide the claim; those of one reading must hold together."""
    holds_if: Literal["all", "any"] = "all"
    """Whether all contrasts of a reading have to hold together, or any one of them is enough. The contrasts are the
    pairs of `of` and `versus` in its tests."""
    by_construction: Flag = False
    """Whether it holds by construction, whatever is measured: its tests are run, but no count of verdicts has it."""
    not_testable: Annotated[str, Field(min_length=1)] | None = None
    """Why no test of this grid can decide the claim; instead of `tests`."""

    @property
    def readings(self) -> tuple[Reading, ...]:
        """The readings that it has tests of, the fair one first."""
        return tuple(reading for reading in get_args(Reading) if any(test.reading == reading for test in self.tests))

    def experiment_names(self) -> frozenset[str]:
        """Return every experiment that a test rests on."""
        return frozenset(name for test in self.tests for name in (*test.of, *test.versus))

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if bool(self.tests) == (self.not_testable is not None):
            raise ValueError("a claim needs either 'tests' or the reason why it is 'not_testable'")
        if self.tests and "fair" not in self.readings:
            raise ValueError("a claim needs at least one test of the 'fair' reading")
        for reading in self.readings:
            published = {test.reproduces is not None for test in self.tests if test.reading == reading}
            if len(published) == 2:
                raise ValueError(f"all tests of the '{reading}' reading must have 'reproduces', or none")
        if self.holds_if == "any" and any(
            test.never_below is not None or test.reproduces is not None for test in self.tests
        ):
            raise ValueError("holds_if = 'any' takes no 'never_below' and no 'reproduces'")
        return self
