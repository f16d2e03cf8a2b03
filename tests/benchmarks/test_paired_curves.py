"""Curves of the same configurations in two studies, on made-up ones."""

from typing import Any

import numpy as np

from hpo.definition.study_file import parse_study
from hpo.storage.stored_study import StoredStudy
from hpo.storage.stored_trial import StoredTrial
from tests.benchmarks.paired_curves import paired, rows

ROW = {"input": "pixels", "depth": 2, "width": 64, "taper": 0.5, "dropout": 0.1 + 0.2, "optimizer": "adam"}


def study(*trials: tuple[dict[str, Any], list[float]]) -> StoredStudy:
    stored = [
        StoredTrial(
            study="made_up",
            number=number,
            state="complete" if len(values) == 3 else "running",
            value=values[-1] if len(values) == 3 else None,
            params=params,
            intermediate_values=dict(enumerate(values, 1)),
        )
        for number, (params, values) in enumerate(trials)
    ]
    return StoredStudy("made_up", 1, ("maximize",), None, None, {}, stored)


def test_configurations_that_both_studies_have_trained_to_the_end_are_paired_whatever_their_order():
    first = study(({"width": 8}, [0.1, 0.2, 0.3]), ({"width": 16}, [0.2, 0.3, 0.4]), ({"width": 32}, [0.5]))
    second = study(({"width": 16}, [0.6, 0.7, 0.8]), ({"width": 64}, [0.9, 0.9, 0.9]), ({"width": 8}, [0.4, 0.5, 0.6]))
    one, other = paired(first, second)
    assert np.array_equal(one, [[0.1, 0.2, 0.3], [0.2, 0.3, 0.4]])
    assert np.array_equal(other, [[0.4, 0.5, 0.6], [0.6, 0.7, 0.8]])


def test_rows_are_a_study_file_that_states_the_configurations_exactly():
    text = rows(study(({}, []), (ROW, []), ({"width": 1024}, [])), 2)
    stated = parse_study(text, {}, source="rows", default_name="rows").enqueue
    assert len(stated) == 2 and stated[1] == ROW
