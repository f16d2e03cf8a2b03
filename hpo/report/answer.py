"""The answer of a study: what is best, how sure that is, what it was compared with, and what it cost."""

import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from hpo.analysis.compared_trials import ComparedTrials
from hpo.analysis.confirmation import Confirmed, advantage, confirmed_rows
from hpo.analysis.findings import judge_claims
from hpo.analysis.search_expectation import too_good
from hpo.analysis.study_tables import used_settings, varied_settings
from hpo.analysis.tables import interval, number
from hpo.definition.counted import counted
from hpo.report.cost_rows import seconds
from hpo.report.scale import Scale
from hpo.search.candidates import YARDSTICK
from hpo.statistics import estimate
from hpo.statistics.expected_best import values_of_search
from hpo.statistics.grid import grid
from hpo.statistics.quantities import measure, resolution
from hpo.statistics.replay import Agreement, agreement, not_comparable, replay_rows
from hpo.storage.look import Look
from hpo.storage.stored_study import StoredStudy
from hpo.storage.stored_trial import StoredTrial, title


@dataclass(frozen=True)
class Fact:
    """One figure of an answer, with what it means."""

    name: str
    value: str
    detail: str = ""


@dataclass(frozen=True)
class Answer:
    """What a report begins with.

    Attributes:
        question: what the study asked, as a sentence.
        headline: the answer, as a sentence.
        facts: figures that belong to it.
        settings: of the best configuration, by name.
        settings_of: which configuration that is, in words.
    """

    question: str
    headline: str
    facts: tuple[Fact, ...] = ()
    settings: dict[str, str] = field(default_factory=dict)
    settings_of: str = ""


def search_answer(
    study: StoredStudy, compared: ComparedTrials, validation: int | None, confirmation: StoredStudy | None
) -> Answer:
    """Return the answer of a search.

    Args:
        study: with its trials.
        compared: those of them that can be compared.
        validation: number of validation images; None where it is not known.
        confirmation: the study that confirms the search; None if there is none.
    """
    definition = study.definition
    scale, ended = Scale(definition.metric), [trial for trial in study.trials if trial.state == "complete"]
    question = f"Which configuration has the best {scale.name} on {_dataset(study)}?"
    if definition.space:
        question += f" The search varies {_listed(list(definition.space))}."
    if not ended:
        have = f"None of {counted(len(study.trials), 'trial')} has trained to its end yet."
        return Answer(question, f"There is no answer yet. {have}", tuple(_cost(study, None)))
    best = study.best_trial
    assert best.value is not None
    headline = f"Trial {best.number} is the best: {scale.text(best.value)} {scale.name}."
    if len(ended) > 1:
        among = len(values_of_search(study.trials))
        headline = (
            f"Trial {best.number} is the best of {among:,}: {scale.text(best.value)} {scale.name}, likely too good."
        )
    chosen, row, confirmed = best, None, list[Fact]()
    if confirmation is not None:
        row, confirmed = _confirmed(confirmation)
        numbered = {trial.number: trial for trial in study.trials}
        if row is not None and row.trial in numbered:
            chosen, last = numbered[row.trial], confirmed[0]
            headline = f"Trial {row.trial} is the best after its confirmation: {last.value} {last.name.lower()}."
    noise = "the best of many noisy values" if row else too_good(study, definition.metric, validation)
    facts = [
        *confirmed,
        Fact(f"Best {scale.name} of the search", scale.text(best.value), f"Trial {best.number}, {noise}."),
        *_gap(best),
        *_comparison(study, compared, best, scale),
        *_cost(study, confirmation),
    ]
    names = dict.fromkeys(["hidden", "lr", *varied_settings(study.trials)])
    return Answer(question, headline, tuple(facts), used_settings(chosen.config, names), f"Trial {chosen.number}")


def grid_answer(study: StoredStudy) -> Answer:
    """Return the answer of a grid: the best experiment by its mean over seeds on validation images.

    Args:
        study: with its trials.
    """
    definition = study.definition
    scale = Scale(definition.metric)
    finished = grid(study.trials)
    claims = f", and which of {counted(len(definition.claims), 'claim')} hold" if definition.claims else ""
    question = f"How do {counted(len(definition.experiments), 'experiment')} compare on {_dataset(study)}{claims}?"
    means = {
        name: estimate.mean(values, resolution(definition.metric))
        for name, runs in finished.items()
        if (values := [value for run in runs.values() if (value := measure(run, definition.metric)) is not None])
    }
    if not means:
        have = f"None of {counted(len(study.trials), 'run')} has trained to its end yet."
        return Answer(question, f"There is no answer yet. {have}", tuple(_cost(study, None)))
    best = (max if scale.is_accuracy else min)(means, key=lambda name: means[name].value)
    found, unit = means[best], " %" if scale.is_accuracy else ""
    digits = 2 if scale.is_accuracy else 4
    around = (
        f"95 % interval {interval(*found.interval, digits)} over {counted(found.n, 'seed')}"
        if found.interval
        else f"{counted(found.n, 'seed')}: its noise is not known"
    )
    facts = [Fact(f"Best mean {scale.name}", f"{number(found.value, digits)}{unit}", around)]
    test = [value for run in finished[best].values() if (value := measure(run, "test_accuracy")) is not None]
    if test:
        of_test = estimate.mean(test, resolution("test_accuracy"))
        around = f"95 % interval {interval(*of_test.interval)} over seeds" if of_test.interval else ""
        facts.append(Fact("Its test accuracy", f"{of_test.value:.2f} %", around))
    rows = replay_rows(definition, study.trials)
    agrees = None if not_comparable(definition) else agreement(rows)
    if agrees:
        facts.append(_agreement(agrees))
    facts += [*_verdicts(study), *_cost(study, None)]
    config = next(iter(finished[best].values())).config
    headline = f"{best} has the best mean {scale.name}: {number(found.value, digits)}{unit}."
    names = dict.fromkeys(["hidden", "lr", *varied_settings(study.trials)])
    return Answer(question, headline, tuple(facts), used_settings(config, names), best)


def _agreement(agrees: Agreement) -> Fact:
    """Return how far measured figures lie from documented ones, in short; the table's notes say it in full."""
    detail = f"mean absolute difference over {counted(agrees.rows, 'row')}"
    if agrees.rank_correlation is not None:
        detail += f"; rank correlation {agrees.rank_correlation:.2f}"
    if agrees.reproduced is not None:
        detail += f"; {agrees.reproduced} reproduced"
    return Fact("Documented against measured", f"{agrees.mean_absolute_difference:.2f} points", f"{detail}.")


def _verdicts(study: StoredStudy) -> Iterator[Fact]:
    """Return how the claims of a grid were judged."""
    if not study.definition.claims:
        return
    found = [row for row in judge_claims(study.definition, study.trials) if row.reading == "fair"]
    counted = Counter(row.verdict for row in found if not row.by_construction)
    others = "".join(f"{count} {verdict}, " for verdict, count in counted.items() if verdict != "supported")
    yield Fact("Claims supported", f"{counted['supported']} of {counted.total()}", f"{others}each by one look.")


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _dataset(study: StoredStudy) -> str:
    return study.record.dataset.name if study.record else "its images"


def _confirmed(confirmation: StoredStudy) -> tuple[Confirmed | None, list[Fact]]:
    """Return what a confirmation chose, or what leads it, and its figures, the most honest first."""
    definition = confirmation.definition
    scale = Scale(definition.metric)
    seeds = max((len(runs) for runs in grid(confirmation.trials).values()), default=0)
    rows = confirmed_rows(definition, confirmation.trials, definition.experiments, seeds)
    if not rows or rows[0].rank is None or rows[0].mean is None:
        return None, [Fact("Confirmation", "not finished", f"{confirmation.name} has no finished run yet.")]
    chosen, digits = rows[0], 2 if scale.is_accuracy else 4
    looks = confirmation.record.looks if confirmation.record else ()
    around = f", 95 % interval {interval(chosen.low, chosen.high, digits)}" if chosen.low is not None else ""
    state = "" if looks else " The confirmation has not ended."
    mean = Fact(
        f"Mean {scale.name}",
        f"{number(chosen.mean, digits)}{' %' * scale.is_accuracy}",
        f"Trial {chosen.trial}, over {counted(chosen.seeds, 'fresh seed')}{around}.{state}",
    )
    return chosen, [*map(_looked, looks[-1:], [len(looks)]), mean, *_ahead(confirmation, rows, scale)]


def _looked(look: Look, looks: int) -> Fact:
    """Return what the test images said."""
    result = look.results[0]
    around = ""
    if result.low is not None and result.high is not None:
        around = f", 95 % interval {interval(100 * result.low, 100 * result.high)} over seeds and images"
    used = "once" if looks == 1 else f"{looks} times"
    together = f" Ensemble of its runs: {100 * result.ensemble:.2f} %." if result.ensemble is not None else ""
    detail = (
        f"Mean of {counted(len(result.runs), 'run')} of {title(result.experiment)}{around}. "
        f"The test images were used {used}, after the choice.{together}"
    )
    return Fact("Test accuracy", f"{100 * result.accuracy:.2f} %", detail)


def _ahead(confirmation: StoredStudy, rows: Sequence[Confirmed], scale: Scale) -> Iterator[Fact]:
    """Return how much better the chosen configuration is than the yardstick, where there is one."""
    definition = confirmation.definition
    ahead = advantage(definition, confirmation.trials, rows[0].experiment, YARDSTICK)
    if ahead is None:
        return
    digits = 2 if scale.is_accuracy else 4
    layers = next((each.settings.get("hidden") for each in definition.experiments if each.name == YARDSTICK), None)
    of_layers = f" The yardstick has the layers {layers}." if layers else ""
    known = f"95 % interval {interval(*ahead.interval, digits, sign=True)}, " if ahead.interval else ""
    yield Fact(
        "Better than the yardstick by",
        f"{number(ahead.value, digits, sign=True)}{' points' * scale.is_accuracy}",
        f"in {scale.name}, {known}paired over {counted(ahead.n, 'seed')}.{of_layers}",
    )


def _gap(best: StoredTrial) -> Iterator[Fact]:
    train, validation = best.result.get("train_accuracy"), best.result.get("val_accuracy")
    if isinstance(train, float) and isinstance(validation, float):
        yield Fact(
            "Over-fitting",
            f"{100 * (train - validation):.1f} points",
            f"train {100 * train:.2f} % minus validation {100 * validation:.2f} %, of trial {best.number}",
        )


def _comparison(study: StoredStudy, compared: ComparedTrials, best: StoredTrial, scale: Scale) -> Iterator[Fact]:
    others = [trial for trial in compared.trials if trial.number != best.number and trial.value is not None]
    stated = [trial for trial in others if trial.stated and trial.has_result]
    assert best.value is not None
    if stated and stated[0].value is not None:
        detail = f"Trial {stated[0].number}, which trained to its end."
        yield Fact("A trial stated beforehand", scale.text(stated[0].value), detail)
    if others:
        values = [trial.value for trial in others if trial.value is not None]
        yield Fact(
            "Compared with",
            counted(len(study.trials) - 1, "other trial"),
            f"The median of those that can be compared is {scale.text(statistics.median(values))}.",
        )


def _epochs(trial: StoredTrial) -> int:
    return len(trial.curve.get("val_loss", ()))


def _cost(study: StoredStudy, confirmation: StoredStudy | None) -> Iterator[Fact]:
    trials = [*study.trials, *(confirmation.trials if confirmation else ())]
    trained = [found for trial in trials if (found := seconds(trial)) is not None]
    epochs = sum(map(_epochs, trials))
    began = [trial.started for trial in trials if trial.started]
    ended = [trial.ended for trial in trials if trial.ended]
    wall = f", {_duration((max(ended) - min(began)).total_seconds())} from start to end" if began and ended else ""
    both = " and its confirmation" if confirmation else ""
    if trained:
        detail = f"of training: {counted(epochs, 'epoch')} of the study{both}{wall}"
        yield Fact("Cost", _duration(sum(trained)), detail)


def _duration(found: float) -> str:
    """Return seconds as a person says them."""
    if found < 60:
        return f"{found:.1f} s"
    whole = timedelta(seconds=round(found))
    hours, rest = divmod(int(whole.total_seconds()), 3600)
    return f"{hours} h {rest // 60:02} min" if hours else f"{rest // 60} min {rest % 60:02} s"
