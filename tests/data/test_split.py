import numpy as np
import pytest

from hpo.data import split_indices
from hpo.data.split import stratified_sample
from hpo.definition.data_config import DataConfig
from hpo.errors import DataError

from .samples import labelled


def config(**settings: object) -> DataConfig:
    return DataConfig.model_validate({"dataset": "labelled", "split": "first", **settings})


def test_first_holds_out_the_first_images_of_a_mixed_source_whatever_the_seed() -> None:
    train, val = split_indices(labelled([0, 1] * 10), config(validation=5, split_seed=3))
    assert val.tolist() == [0, 1, 2, 3, 4]
    assert train.tolist() == list(range(5, 20))


def test_first_shuffles_a_sorted_source_by_the_split_seed() -> None:
    dataset = labelled([0] * 50 + [1] * 50, ordered=False)
    _, val = split_indices(dataset, config(validation=40))
    assert 10 < dataset.train_labels[val].sum() < 30
    _, again = split_indices(dataset, config(validation=40))
    _, other = split_indices(dataset, config(validation=40, split_seed=1))
    assert np.array_equal(val, again)
    assert not np.array_equal(val, other)


def test_the_shuffle_is_the_same_on_every_platform() -> None:
    _, val = split_indices(labelled([0, 1] * 10, ordered=False), config(validation=6))
    assert val.tolist() == [2, 4, 6, 13, 16, 19]


@pytest.mark.parametrize("split", ["first", "stratified"])
@pytest.mark.parametrize("ordered", [True, False])
def test_every_training_image_is_in_exactly_one_part(split: str, ordered: bool) -> None:
    train, val = split_indices(labelled([0, 1, 2] * 7, ordered), config(split=split, validation=8))
    assert train.dtype == val.dtype == np.int64
    assert sorted([*train, *val]) == list(range(21))
    assert len(val) == 8


def test_stratified_keeps_exact_proportions() -> None:
    dataset = labelled([0] * 60 + [1] * 30 + [2] * 10)
    train, val = split_indices(dataset, config(split="stratified", validation=20))
    assert np.bincount(dataset.train_labels[val]).tolist() == [12, 6, 2]
    assert np.bincount(dataset.train_labels[train]).tolist() == [48, 24, 8]


def test_stratified_rounds_by_largest_remainder_and_ties_to_the_lower_class() -> None:
    uneven = np.repeat([0, 1, 2], [6, 4, 2])  # shares of 5: 2.5, 1.67 and 0.83
    assert np.bincount(uneven[stratified_sample(uneven, 5, seed=0)]).tolist() == [2, 2, 1]
    tied = np.repeat([0, 1, 2, 3], 3)
    assert np.bincount(tied[stratified_sample(tied, 6, seed=0)]).tolist() == [2, 2, 1, 1]


def test_stratified_draws_by_seed_within_each_class() -> None:
    labels = np.repeat([0, 1], 50)
    first, again, other = (stratified_sample(labels, 20, seed) for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_source_with_its_own_validation_split_keeps_it() -> None:
    train, val = split_indices(labelled([0, 1] * 4, val=[0, 1, 1]), config(validation=5000))
    assert train.tolist() == list(range(8))
    assert val.tolist() == [0, 1, 2]


@pytest.mark.parametrize("validation", [20, 5000])
def test_holding_out_every_training_image_is_refused(validation: int) -> None:
    with pytest.raises(
        DataError,
        match=rf"between 1 and 19, as labelled has 20 training .* got {validation}\. Try --set data\.validation=4\.$",
    ):
        split_indices(labelled([0, 1] * 10), config(validation=validation))


@pytest.mark.parametrize("split", ["first", "stratified"])
def test_a_class_without_a_training_image_is_refused_by_name(split: str) -> None:
    with pytest.raises(DataError, match="leaves class 'class1' of labelled none to train on"):
        split_indices(labelled([1, *[0] * 9]), config(split=split, validation=9))


LABELS = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], [60, 30, 10])).tolist()


def fresh(run_seed: int | None, **settings: object) -> tuple[np.ndarray, np.ndarray]:
    return split_indices(labelled(LABELS), config(**{"split": "fresh", "validation": 20, **settings}), run_seed)


def test_a_fresh_split_is_a_stratified_draw_by_the_seed_of_the_run_and_the_split_seed():
    order = np.random.Generator(np.random.PCG64([3, 7])).permutation(100)
    labels = np.array(LABELS)
    expected = np.concatenate([order[labels[order] == k][:share] for k, share in enumerate((12, 6, 2))])
    train, val = fresh(7, split_seed=3)
    assert val.tolist() == sorted(expected)
    assert sorted([*train, *val]) == list(range(100))
    drawn = {tuple(fresh(seed, split_seed=split_seed)[1]) for seed in range(5) for split_seed in range(2)}
    assert len(drawn) == 10


def test_fresh_splits_hold_out_every_image_of_a_class_equally_often():
    counts = np.bincount(np.concatenate([fresh(seed)[1] for seed in range(2000)]), minlength=100)
    # Binomial with a share of 0.2: mean 400, standard deviation 18.
    assert abs(counts - 400).max() < 5 * 18


def test_a_fresh_split_needs_the_seed_of_the_run():
    with pytest.raises(DataError, match="needs the seed of the run"):
        fresh(None)


def test_a_source_with_its_own_validation_split_has_no_fresh_one():
    with pytest.raises(DataError, match=r'split = "fresh" draws .* labelled has its own val/: leave the setting out'):
        split_indices(labelled([0, 1] * 4, val=[0, 1, 1]), config(split="fresh"), 1)
