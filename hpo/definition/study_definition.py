"""A whole study, as its file states it: data, fixed settings, and either a search space or a grid of experiments."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationInfo, model_validator

from hpo.definition.claims import Claim
from hpo.definition.confirmation_config import ConfirmationConfig, Confirms
from hpo.definition.data_config import DataConfig
from hpo.definition.experiment import Experiment
from hpo.definition.limits_config import LimitsConfig
from hpo.definition.pruner_config import PrunerConfig
from hpo.definition.rehearsal import refuse_unknown_settings, rehearse_grid, rehearse_search
from hpo.definition.sampler_config import SamplerConfig
from hpo.definition.search_space import Parameter, Trial, known_settings, suggest
from hpo.definition.stated import stated_values
from hpo.definition.table import Metric, Name, Table, Whole, is_stored
from hpo.definition.trial_config import TrialConfig
from hpo.errors import DefinitionError, closest, quoted


class StudyDefinition(Table):
    """What a study file says, validated."""

    name: Name
    """The study's name. If left out: the name of the file, without `.toml`."""
    seed: Annotated[Whole, Field(ge=0, lt=2**32)] = 0
    """Seed of the study. Every other seed follows from it and from a trial's number or replicate."""
    metric: Metric = "val_accuracy"
    """The metric that a search improves, on validation images."""
    data: DataConfig = DataConfig()
    """The images."""
    trial: dict[str, Any] = Field(default_factory=dict)
    """Settings of every trial."""
    space: dict[str, Parameter] = Field(default_factory=dict)
    """Parameters to search, by the setting that they propose; empty in a grid."""
    sampler: SamplerConfig = SamplerConfig()
    """What proposes trials."""
    pruner: PrunerConfig = PrunerConfig()
    """What stops unpromising trials."""
    limits: LimitsConfig = LimitsConfig()
    """What a trial may cost at most."""
    enqueue: tuple[dict[str, Any], ...] = ()
    """The trials that a search begins with: values of some of its parameters."""
    confirmation: ConfirmationConfig | None = None
    """How a search confirms its best configurations; None leaves that out."""
    confirms: Confirms | None = None
    """The search that a grid confirms; None in any other study."""
    experiments: tuple[Experiment, ...] = ()
    """The rows of a grid; empty in a search."""
    claims: tuple[Claim, ...] = ()
    """What is said of the experiments, to be tested."""
    text: str = ""
    """The study file as it was read."""
    overrides: dict[str, str] = Field(default_factory=dict)
    """Settings given beside the file."""

    @property
    def kind(self) -> Literal["search", "grid"]:
        """Whether the file states a search space or a grid."""
        return "grid" if self.experiments else "search"

    @property
    def direction(self) -> Literal["maximize", "minimize"]:
        """Which way the metric improves."""
        return "maximize" if self.metric == "val_accuracy" else "minimize"

    @property
    def varied(self) -> tuple[str, ...]:
        """The settings in which its trials differ."""
        return tuple(dict.fromkeys((*self.space, *(name for of in self.experiments for name in of.settings))))

    @property
    def most_epochs(self) -> int:
        """The most epochs that a trial of the study can have."""
        if "epochs" in self.space:
            return max(int(value) for value in self.space["epochs"].extremes())
        return int(TrialConfig.read("epochs", known_settings(self.trial)["epochs"]))

    def suggest(self, trial: Trial) -> dict[str, Any]:
        """Suggest a value for each parameter of the search space that applies.

        Args:
            trial: an Optuna trial.
        """
        return suggest(self.space, trial, known_settings(self.trial))

    def stated(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of a trial that somebody states, as the search space would propose them.

        Raises:
            DefinitionError: a name is not a parameter, or a value is not one of its parameter's.
        """
        return stated_values(self.space, self.trial, values)

    def trial_config(self, suggested: Mapping[str, Any], seed: int) -> TrialConfig:
        """Return the configuration of a search's trial, from its suggested settings and its training seed."""
        return TrialConfig.model_validate({**self.trial, **suggested, "seed": seed})

    def experiment_config(self, experiment: Experiment, seed: int) -> TrialConfig:
        """Return the configuration of one replicate of a grid's experiment, from its training seed."""
        return TrialConfig.model_validate({**self.trial, **experiment.settings, "seed": seed})

    @model_validator(mode="after")
    def _consistent(self, info: ValidationInfo) -> Self:
        if is_stored(info):
            return self
        if bool(self.space) == bool(self.experiments):
            raise DefinitionError("a study needs either a search space [space] or experiments [[experiment]]")
        if self.experiments and self.confirmation:
            raise DefinitionError("[confirmation] belongs to a search, not to experiments [[experiment]]")
        if self.space and self.confirms:
            raise DefinitionError("[confirms] belongs to experiments [[experiment]], not to a search")
        if self.space and self.data.split == "fresh":
            raise DefinitionError(
                '[data] split = "fresh" holds out other images for each run, so that the trials of a search could not '
                'be ranked. Leave it out, or have the confirmation draw fresh ones: [confirmation] split = "fresh"'
            )
        refuse_unknown_settings(self.trial, "[trial]")
        if self.kind == "search":
            rehearse_search(self.space, self.trial)
        else:
            rehearse_grid(self.experiments, self.trial)
            for name, given in (("[[enqueue]]", self.enqueue), ("[limits]", self.limits != LimitsConfig())):
                if given:
                    raise DefinitionError(f"{name} belongs to a search; a grid trains its experiments as they stand")
        self._check_claims()
        return self

    def _check_claims(self) -> None:
        """Refuse a claim about an experiment that is not there."""
        names = [experiment.name for experiment in self.experiments]
        ids = [claim.id for claim in self.claims]
        for claim in self.claims:
            if ids.count(claim.id) > 1:
                raise DefinitionError(f"[[claim]] {claim.id}: the id stands twice")
            for name in claim.experiment_names():
                if name not in names:
                    hint = closest(name, names) if names else "A search has no experiments."
                    raise DefinitionError(f"[[claim]] {claim.id}: no experiment {quoted(name)}. {hint}")
