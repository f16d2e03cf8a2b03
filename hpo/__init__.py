"""Systematic experiments with neural networks: Optuna studies of PyTorch MLPs from a study file.

definition = hpo.load_study("studies/quickstart.toml")
study.optimize(hpo.Objective(definition, data))      # a plain Optuna objective
for epoch in hpo.fit(model, config, data): ...       # a plain training loop
config = hpo.open_study("quickstart").best_config()  # what a search found
model = hpo.load_model("digits.safetensors")         # what `hpo export` wrote
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hpo.analysis.study import open_study
    from hpo.definition.study_file import load_study
    from hpo.definition.trial_config import TrialConfig
    from hpo.model.load_model import load_model
    from hpo.network.mlp import MLP
    from hpo.search.objective import Objective
    from hpo.training.fit import fit

__all__ = ["MLP", "Objective", "TrialConfig", "fit", "load_model", "load_study", "open_study"]

_HOMES = {
    "MLP": "hpo.network.mlp",
    "Objective": "hpo.search.objective",
    "TrialConfig": "hpo.definition.trial_config",
    "fit": "hpo.training.fit",
    "load_model": "hpo.model.load_model",
    "load_study": "hpo.definition.study_file",
    "open_study": "hpo.analysis.study",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: torch and optuna take seconds that `hpo --help` need not spend."""
    if name not in _HOMES:
        raise AttributeError(f"module 'hpo' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)
