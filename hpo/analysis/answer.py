"""The answer of a study: its best configuration, with what is known of its noise, and the few that come after it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hpo.analysis.choice import Chosen, confirmed
from hpo.analysis.range_end import range_ends
from hpo.analysis.search_expectation import too_good
from hpo.analysis.study_tables import DERIVED, settings_text, varied_settings
from hpo.analysis.tables import Column, Fact, Row, Table, number
from hpo.definition.counted import counted
from hpo.definition.metric_text import metric_text, percent
from hpo.definition.outcome import Outcome
from hpo.errors import StorageError, quoted
from hpo.statistics.contender import Contender, Noise, contenders
from hpo.statistics.winners_curse import corrected_best
from hpo.storage.stored_study import StoredStudy

# Settings that say together which layers a network has, and which learning rate it is trained with.
LAYERS_AND_RATE = {"depth", "width", "taper", *DERIVED, *DERIVED.values()}
# Rows of the table below the answer.
SHOWN = 5


def answer_table(
    study: StoredStudy, confirmation: StoredStudy | None, runs: Path, command: Callable[..., str]
) -> Table:
    """Return the best configuration of a study as facts, above a table of the best few.

    Args:
        study: a search, a grid, or a study of another program.
        confirmation: of the search, where there is one: once it has chosen, its means over fresh seeds are the answer.
        runs: the runs folder that goes with the database.
        command: returns a command of hpo, from its words, that finds the same study.

    Raises:
        StorageError: the study has no trial with a value.
    """
    chosen = confirmed(confirmation) if confirmation else None
    ranked = chosen.ranked if chosen else contenders(study)
    if not ranked:
        have = f"of {counted(len(study.trials), 'trial')} none has finished" if study.trials else "it has no trials"
        raise StorageError(f"study {quoted(study.name)} has no best trial yet: {have}.")
    metric, images = metric_of(study), validation_images(study)
    rows = [_row(each, metric, images) for each in ranked]
    best, first = ranked[0], rows[0]
    folders = [str(best.study.run_folder(run, runs)) for run in best.runs]
    ends = range_ends(study, best.trial) if best.trial is not None else []
    following = _next_commands(study, best, chosen, command)
    facts = [
        Fact("best", f"{best.label}: {_settings(best, study)}"),
        *_value_facts(first, len(ranked), metric, images, chosen, study),
        *([Fact("test", text) for text in _test(best, chosen)]),
        *_gap_facts(best),
        *(
            [Fact("range ends", f"{', '.join(end.place for end in ends)}. Wider ranges could be better.")]
            if ends
            else []
        ),
        Fact("folder", folders[0] + (f" and {counted(len(folders) - 1, 'other')}" if folders[1:] else "")),
    ]
    by = f", confirmed by study {best.study.name}" if chosen else ""
    notes = chosen.notes if chosen else ()
    summary = {
        "study": study.name,
        "metric": metric,
        "confirmation": best.study.name if chosen else None,
        "compared": len(ranked),
        "best": {**first, "config": best.config, "folders": folders},
        "corrected": None if chosen or best.trial is None else corrected_best(study, metric, images),
        "range_ends": [asdict(end) for end in ends],
        "test": chosen.look.model_dump() if chosen else None,
        "next": following,
    }
    return Table(
        f"Best of study {study.name}{by}", _columns(rows, metric), rows[:SHOWN], notes, summary, facts, following
    )


def metric_of(study: StoredStudy) -> str | None:
    """Return the metric of a study; None where this version of hpo cannot read it, or another program made it."""
    definition = study.readable_definition
    return definition.metric if definition else None


def validation_images(study: StoredStudy) -> int | None:
    """Return how many images a value was measured on, where they were held out."""
    definition = study.readable_definition
    return definition.data.validation if definition and definition.data.train_on == "train" else None


def _settings(best: Contender, study: StoredStudy) -> str:
    varied = [name for name in varied_settings(study.trials) if name not in LAYERS_AND_RATE]
    if best.runs[0].config:
        return settings_text(best.config, ["hidden", "lr", *varied])
    return " ".join(f"{name}={value}" for name, value in best.config.items())


def _row(each: Contender, metric: str | None, images: int | None) -> dict[str, Any]:
    noise = Noise.of(each, metric, images)
    return {
        "trial": each.trial,
        "experiment": each.name if each.trial is None or each.searched is not None else None,
        "searched": each.searched,
        "value": each.value,
        "standard_error": noise.error,
        "half_interval": noise.half,
        "seeds": len(each.runs),
        "gap": each.gap,
        "epochs": each.epochs,
        "parameters": each.mean("parameters"),
        "hidden": each.config.get("hidden"),
        "lr": each.config.get("lr"),
        "outcome": each.runs[0].status,
    }


def _columns(rows: Sequence[Row], metric: str | None) -> list[Column]:
    of_grid = any(row["trial"] is None for row in rows)
    by_seeds = of_grid or any(row["seeds"] > 1 for row in rows)
    searched = any(row["searched"] is not None for row in rows)
    unequal = not by_seeds and len({row["epochs"] for row in rows}) > 1
    return [
        Column("experiment", lambda row: row["experiment"])
        if of_grid
        else Column("trial", lambda row: str(row["trial"]), right=True),
        *([Column("search", lambda row: metric_text(metric, row["searched"]), right=True)] if searched else []),
        Column(
            "confirmed" if searched else metric or "value", lambda row: metric_text(metric, row["value"]), right=True
        ),
        Column("±", lambda row: _noise(row, metric), right=True),
        *([Column("seeds", lambda row: str(row["seeds"]), right=True)] if by_seeds else []),
        Column("gap", lambda row: number(row["gap"] and 100 * row["gap"], sign=True), right=True, optional=True),
        *([Column("epochs", lambda row: str(row["epochs"] or ""), right=True)] if unequal else []),
        Column("hidden", lambda row: str(row["hidden"] or "")),
        Column("lr", lambda row: "" if row["lr"] is None else f"{row['lr']:.3g}", right=True),
    ]


def _noise(row: Row, metric: str | None) -> str:
    """Return half of a row's 95% interval as text, in the unit of the metric."""
    unit, digits = (100, 2) if metric and metric.endswith("accuracy") else (1, 4)
    return number(row["half_interval"] and unit * row["half_interval"], digits)


def _value_facts(
    row: Row, compared: int, metric: str | None, images: int | None, chosen: Chosen | None, study: StoredStudy
) -> Iterator[Fact]:
    """Yield the value of the best, and how far it is to be believed."""
    told = metric_text(metric, row["value"])
    of_search = chosen is None and row["trial"] is not None
    if of_search and compared > 1:
        told += f", the best of {compared:,}, "
        if row["outcome"] in (Outcome.COMPLETE, Outcome.EARLY_STOPPED):
            told += too_good(study, metric, images)
        else:
            told += f"at epoch {row['epochs']}: no trial has trained to its end yet"
        yield Fact((metric or "value").replace("_", " "), told)
        return
    if row["half_interval"] is not None:
        told += f" ± {_noise(row, metric)}"
    if row["seeds"] > 1:
        told += f", the mean of {counted(row['seeds'], 'fresh seed' if chosen else 'seed')}"
    elif not of_search:
        told += ", one fresh seed" if chosen else ", one seed"
    definition = (chosen.ranked[0].study if chosen else study).readable_definition
    seeds = "seeds and validation images" if definition and definition.data.split == "fresh" else "seeds"
    over = seeds if row["seeds"] > 1 else counted(images or 0, "validation image")
    if row["half_interval"] is not None:
        told += f" (95% over {over})"
    if chosen is None and compared > 1:
        told += f". The best of {compared:,} is likely too good: more seeds show how much"
    yield Fact((metric or "value").replace("_", " "), told)
    if row["searched"] is not None:
        yield Fact("in the search", f"{metric_text(metric, row['searched'])}, the best of many noisy values")


def _test(best: Contender, chosen: Chosen | None) -> Iterator[str]:
    """Yield what the test images say of the best: after a confirmation, and in a grid that is measured on them."""
    if chosen is None:
        known = best.mean("test_accuracy")
        if known is not None:
            yield f"{percent(known)}, the mean of {counted(len(best.runs), 'seed')}"
        return
    result, look = chosen.look.results[0], chosen.look
    told = f"{percent(result.accuracy)} on {counted(look.images, 'test image')}"
    if result.low is not None and result.high is not None:
        told += f" (95% {100 * result.low:.2f} to {100 * result.high:.2f}), {len(result.runs)} runs"
    else:
        told += ", one run: the noise of its seed is unknown"
    yield told + (f"; their ensemble {percent(result.ensemble)}" if result.ensemble is not None else "")
    if look.difference is not None:
        against = f"{number(100 * look.difference, sign=True)} points against the {look.results[1].experiment}"
        if look.low is not None and look.high is not None:
            against += f" (95% interval {100 * look.low:+.2f} to {100 * look.high:+.2f})"
        yield against
    if chosen.refit:
        trial, of_refit = chosen.refit
        yield f"{percent(of_refit.results[0].accuracy)} trained longer, one run: trial {trial.number} of {trial.study}"


def _gap_facts(best: Contender) -> Iterator[Fact]:
    train, validation, gap = best.mean("train_accuracy"), best.mean("val_accuracy"), best.gap
    if gap is not None:
        yield Fact("gap", f"{100 * gap:+.2f} points: train {percent(train)}, validation {percent(validation)}")


def _next_commands(
    study: StoredStudy, best: Contender, chosen: Chosen | None, command: Callable[..., str]
) -> list[str]:
    """Return the commands that follow: look, read, and confirm or export."""
    confirmable = study.record is not None and study.record.kind == "search" and best.trial is not None
    to_file = ("-o", "model.safetensors")
    has_weights = best.runs[0].has_result
    # Where trials are promoted, those that came furthest are confirmed even if none has trained to its end.
    if chosen is None and confirmable and (has_weights or study.definition.pruner.name == "halving"):
        last = command("confirm", study.name)
    elif chosen is None and confirmable:
        last = command("retrain", study.name, "--trial", str(best.trial))
    elif chosen and chosen.refit:
        refit, _ = chosen.refit
        last = command("export", refit.study, "--trial", str(refit.number), *to_file)
    elif chosen:
        last = command("export", study.name, "--confirmed", *to_file)
    else:
        last = command("export", study.name, "--trial", str(best.runs[0].number), *to_file)
    return [command("show", study.name), command("report", study.name), last]
