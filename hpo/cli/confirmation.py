"""How `hpo confirm` and `hpo search` end: a winner, chosen by fresh seeds, then measured on the test images."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hpo.cli.options import RecordOptions

if TYPE_CHECKING:
    from hpo.analysis.tables import Table
    from hpo.data.dataset import Dataset
    from hpo.definition.experiment import Experiment
    from hpo.definition.study_definition import StudyDefinition
    from hpo.execution.session import SessionEnd
    from hpo.storage.look import Look
    from hpo.storage.stored_study import StoredStudy


@dataclass(frozen=True)
class Confirmation:
    """A confirmation that is being made.

    Attributes:
        search: what is confirmed.
        definition: of the confirmation.
        experiments: the candidates, the best of the search first, and the yardstick.
        seeds: how many each is to have, or the finalists of a race.
        images: of the search.
        records: where both studies are.
    """

    search: "StoredStudy"
    definition: "StudyDefinition"
    experiments: "Sequence[Experiment]"
    seeds: int
    images: "Dataset"
    records: RecordOptions

    def conclude(self, end: "SessionEnd", refit: "Refit | None" = None) -> "tuple[SessionEnd, Table]":
        """Choose the winner, and measure it on the test images unless that was done.

        Args:
            end: of the session that ran the candidates; after one that was stopped nothing is chosen.
            refit: trains the winner longer; None does not.

        Returns:
            How the last session ended, and the table of the confirmation.
        """
        from hpo.analysis.confirmation import advantage, confirmed_rows
        from hpo.analysis.confirmation_table import confirmation_table
        from hpo.search.candidates import YARDSTICK

        definition, experiments = self.definition, list(self.experiments)
        trials = self.records.read(definition.name).trials
        chosen, *_ = confirmed_rows(definition, trials, experiments, self.seeds)
        ahead = advantage(definition, trials, chosen.experiment, YARDSTICK)
        now: list[Look | None] = []
        if chosen.rank and end.stopped is None:
            now.append(self._look(chosen.experiment, YARDSTICK))
            if refit:
                end, longer = refit.run(self.search, definition, chosen.experiment)
                experiments.append(longer)
                now.append(self._look(longer.name))
        stored = self.records.read(definition.name)
        rows = confirmed_rows(definition, stored.trials, experiments, self.seeds)
        looks = stored.record.looks if stored.record else ()
        table = confirmation_table(definition.name, definition.metric, rows, looks, now=now, ahead=ahead)
        return end, table

    def _look(self, *experiments: str) -> "Look | None":
        """Return what the runs of experiments score on the test images; from the record if they were measured before.

        Experiments without a finished run are left out; None where the first has none.
        """
        from hpo.analysis.final_look import Answers, look_at
        from hpo.execution.study_images import use_test_images
        from hpo.statistics.grid import grid
        from hpo.storage.look_record import record_look

        stored = self.records.read(self.definition.name)
        every = grid(stored.trials)
        finished = {name: every[name] for name in experiments if name in every}
        if experiments[0] not in finished:
            return None
        wanted = {run.name for runs in finished.values() for run in runs.values()}
        for look in stored.record.looks if stored.record else ():
            if look.runs == wanted:
                return look
        answers = []
        for name, runs in finished.items():
            folders = [Path(run.folder or "") for run in runs.values()]
            correct, together = use_test_images(self.images, folders)
            answers.append(Answers(name, {seed: run.name for seed, run in runs.items()}, correct, together))
        look = look_at(answers)
        accuracies = {
            run: float(correct.mean())
            for each in answers
            for run, correct in zip(each.runs.values(), each.correct, strict=True)
        }
        record_look(self.records.address, self.definition.name, look, accuracies)
        return look


@dataclass(frozen=True)
class Refit:
    """Trains the winner longer, with random changes of its images.

    Attributes:
        times: what its epochs are multiplied by.
        session: runs one experiment of a grid with one seed.
    """

    times: int
    session: "Callable[[StudyDefinition, str], SessionEnd]"

    def run(self, search: "StoredStudy", definition: "StudyDefinition", chosen: str) -> "tuple[SessionEnd, Experiment]":
        """Run it as a further experiment of the confirmation; return how that ended, and the experiment."""
        from hpo.search.candidates import refitted
        from hpo.search.confirmation_study import confirmation_definition

        candidate = next(each for each in definition.experiments if each.name == chosen)
        longer = refitted(candidate, self.times)
        extended = confirmation_definition(search, definition.name, [longer], definition)
        return self.session(extended, longer.name), longer
