"""`hpo grid --until-settled`: seeds are added at the planned looks, where a claim needs them."""

from pathlib import Path

from hpo.storage.address import Address
from hpo.storage.claim_looks import claim_looks
from hpo.storage.stored_study import read_study

from .command import hpo
from .conftest import GRID, Call

CLAIMS = """
[[claim]]
id = "C2"
title = "Tanh is better than ReLU by 0.1 to 0.2 points, which few seeds can tell"
tests = [{ of = "wide_tanh", versus = "wide", within = [0.1, 0.2] }]
"""


def test_seeds_are_added_until_the_claims_are_settled_or_the_most_is_reached(tmp_path: Path, data_dir: Path) -> None:
    # One is settled at the first look; the other needs more seeds than there will be.
    (tmp_path / "pair.toml").write_text(GRID.replace("epochs = 5", "epochs = 9") + CLAIMS)
    command = "grid --study pair.toml --until-settled --max-seeds 4 --workers 1"
    ended = hpo(*command.split(), cwd=tmp_path, data_dir=data_dir)
    assert ended.returncode == 0, ended.stderr
    assert "Not settled after 3 seeds: C2. Seeds are added to 2 experiments." in ended.stderr
    study = read_study(Address.of(tmp_path / "runs"), "pair")
    seeds = {name: sum(trial.experiment == name for trial in study.trials) for name in ("narrow", "wide", "wide_tanh")}
    assert seeds == {"narrow": 3, "wide": 4, "wide_tanh": 4}
    assert claim_looks(study) == (3, 4)


def test_what_cannot_be_settled_is_refused_in_one_line(work: Path, call: Call) -> None:
    study = f"grid --study {work / 'pair.toml'} --until-settled"
    code, _, err = call(f"{study} --seeds 3")
    assert (code, err.count("\n")) == (2, 1)
    assert "leave --seeds out" in err
    assert call(f"grid --study {work / 'pair.toml'} --max-seeds 5")[0] == 2
    plain = work / "plain.toml"
    plain.write_text(GRID.split("[[claim]]")[0].replace('"pair"', '"plain"'))
    code, _, err = call(f"grid --study {plain} --until-settled")
    assert (code, err) == (2, "hpo: --until-settled needs claims, and study 'plain' makes none.\n")
