"""A study that is not finished says which of its trials are paused, and where."""

import json

from hpo.analysis.study_tables import trial_table, trials_table
from hpo.definition.outcome import Outcome
from hpo.storage.stored_study import StoredStudy
from hpo.storage.stored_trial import StoredTrial

CURVE = {
    name: [0.5, 0.5, 0.5] for name in ("train_loss", "train_accuracy", "val_loss", "val_accuracy", "lr", "seconds")
}
PAUSED = StoredTrial(study="s", number=0, state="running", run_id="trial_00000", outcome=Outcome.PAUSED, curve=CURVE)
ENDED = StoredTrial(study="s", number=1, state="pruned", value=0.25, run_id="trial_00001", outcome=Outcome.PRUNED)
STUDY = StoredStudy("s", 1, ("maximize",), None, None, {}, [PAUSED, ENDED])


def test_a_paused_trial_is_counted_and_shown_with_the_epoch_at_which_it_waits() -> None:
    table = trials_table(STUDY, top=0)
    text = table.markdown()
    assert "2 trials: 1 paused, 1 pruned." in text
    assert "paused, waits at epoch 3" in text
    assert json.loads(table.json())["outcomes"] == {"paused": 1, "pruned": 1}
    assert "outcome: paused, waits at epoch 3" in trial_table(PAUSED).markdown()
