"""Claims about a grid's experiments, as data of its study file: what is said, and the tests that decide it.

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

| key | says |
| --- | --- |
| `of`, `versus` | experiments, one or a list: a level has to hold for each, a difference or ratio for each pair |
| `quantity` | what is read off a run; `test_accuracy` if left out |
| `statistic` | how runs are combined; `difference` if left out, `level` where there is no `versus` |
| `above`, `below`, `within` | the hypothesis: the side of a bound, or a margin of equivalence `[low, high]` |
| `never_below` | a guarantee instead: every single run has to keep it |
| `reading` | `fair` if left out; `as written` where the claim's own comparison sets unlike things side by side |

Tests of one reading have to hold together. Accuracies, and bounds on them, are in percent; times are in seconds.

| quantity | of a run |
| --- | --- |
| `test_accuracy`, `val_accuracy`, `train_accuracy`, `test_loss`, `val_loss`, `train_loss` | of its final weights |
| `gap` | train accuracy minus test accuracy, in points |
| `seconds`, `epochs`, `best_epoch`, `lr_reductions`, `parameters` | as recorded |
| `early_val_accuracy` | mean validation accuracy over the first quarter of the epochs |
| `late_val_loss_sd` | standard deviation of the validation loss over the second half of the epochs |
| `epochs_to_match` | epochs to the lower of the two final validation accuracies of a pair |
| `checkpoint_gain` | validation accuracy of the best checkpoint minus that of the final weights |

| statistic | of one replicate's runs |
| --- | --- |
| `level` | the quantity itself |
| `difference`, `ratio` | a run of `of` against one of `versus` |
| `difference_of_differences` | first minus second of `of`, minus the same of `versus` |
| `spread_difference` | standard deviation over the experiments of `of`, minus that over `versus` |
| `rank_correlation` | Kendall's tau between the quantity and the number of parameters, over `of` |
| `seed_sd_ratio` | of all replicates at once: standard deviation over seeds, one experiment's over another's |
"""

from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from hpo.errors import closest

Reading = Literal["fair", "as written"]
Quantity = Literal[
    "test_accuracy",
    "val_accuracy",
    "train_accuracy",
    "gap",
    "test_loss",
    "val_loss",
    "train_loss",
    "seconds",
    "epochs",
    "best_epoch",
    "lr_reductions",
    "parameters",
    "early_val_accuracy",
    "late_val_loss_sd",
    "epochs_to_match",
    "checkpoint_gain",
]
Statistic = Literal[
    "level",
    "difference",
    "ratio",
    "difference_of_differences",
    "spread_difference",
    "rank_correlation",
    "seed_sd_ratio",
]

QUANTITIES: tuple[str, ...] = get_args(Quantity)
# Statistics that read `of` alone; every other one needs `versus`.
WITHOUT_VERSUS: tuple[Statistic, ...] = ("level", "rank_correlation")
# The least number of experiments in `of` (and in `versus`, where it is read).
GROUP_SIZE: dict[Statistic, int] = {"difference_of_differences": 2, "spread_difference": 2, "rank_correlation": 3}


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _refuse_unknown(settings: dict[str, Any], model: type[BaseModel]) -> None:
    for name in settings:
        if name not in model.model_fields:
            raise ValueError(f"unknown key '{name}'. {closest(name, model.model_fields)}")


Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Margin = tuple[float, float]


class ClaimTest(BaseModel):
    """One test of a claim; the module describes its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    of: Names = Field(min_length=1)
    versus: Names = ()
    quantity: Quantity = "test_accuracy"
    statistic: Statistic
    above: float | None = None
    below: float | None = None
    within: Margin | None = None
    never_below: float | None = None
    reading: Reading = "fair"

    @property
    def region(self) -> tuple[float, float]:
        """The open interval in which the statistic's mean lies if the claim holds."""
        if self.within is not None:
            return self.within
        low = self.above if self.above is not None else self.never_below
        return (-float("inf") if low is None else low, float("inf") if self.below is None else self.below)

    @model_validator(mode="before")
    @classmethod
    def _read(cls, settings: Any) -> Any:
        if not isinstance(settings, dict):
            return settings
        _refuse_unknown(settings, cls)
        return {"statistic": "difference" if settings.get("versus") else "level", **settings}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if sum(bound is not None for bound in (self.above, self.below, self.within, self.never_below)) != 1:
            raise ValueError("a test needs exactly one of 'above', 'below', 'within' and 'never_below'")
        if self.within is not None and self.within[0] >= self.within[1]:
            raise ValueError(f"'within' needs its low end below its high end but got {list(self.within)}")
        if bool(self.versus) == (self.statistic in WITHOUT_VERSUS):
            raise ValueError(f"statistic '{self.statistic}' {'takes no' if self.versus else 'needs'} 'versus'")
        if self.never_below is not None and self.statistic != "level":
            raise ValueError("'never_below' is about single runs: it takes no 'versus' and no other statistic")
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


class Claim(BaseModel):
    """What is said of a grid's experiments, and how it is tested.

    Attributes:
        id: short, unique in the study.
        title: the claim in one line.
        tests: what decides it; those of one reading have to hold together.
        not_testable: why no test of this grid can decide it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=20)
    title: str = Field(min_length=1, max_length=200)
    tests: tuple[ClaimTest, ...] = ()
    not_testable: str | None = Field(None, min_length=1)

    @property
    def readings(self) -> tuple[Reading, ...]:
        """The readings that it has tests of, the fair one first."""
        return tuple(reading for reading in get_args(Reading) if any(test.reading == reading for test in self.tests))

    def experiment_names(self) -> frozenset[str]:
        """Return every experiment that a test rests on."""
        return frozenset(name for test in self.tests for name in (*test.of, *test.versus))

    @model_validator(mode="before")
    @classmethod
    def _read(cls, settings: Any) -> Any:
        if isinstance(settings, dict):
            _refuse_unknown(settings, cls)
        return settings

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if bool(self.tests) == (self.not_testable is not None):
            raise ValueError("a claim needs either 'tests' or the reason why it is 'not_testable'")
        if self.tests and "fair" not in self.readings:
            raise ValueError("a claim needs at least one test of the 'fair' reading")
        return self
