import pytest

from hpo.definition.confirmation_config import ConfirmationConfig
from hpo.definition.study_file import fingerprint
from hpo.errors import DefinitionError
from tests.studies import GRID, SEARCH, definition

STUDY = SEARCH.format(epochs=2, pruner="none", lr=0.001)


@pytest.mark.parametrize("trials", [-5, 0, 1, 3, 4, 8, 20, 33, 34, 60, 100, 1000])
@pytest.mark.parametrize("config", [ConfirmationConfig(), ConfirmationConfig(top=9, seeds=40, share=0.4)])
def test_the_rounds_of_a_race_narrow_and_stay_within_the_share(config: ConfirmationConfig, trials: int):
    rounds = config.rounds(trials)
    assert list(rounds) == sorted(rounds, reverse=True)
    assert sum(rounds) <= max(0, round(config.share * trials))
    assert len(rounds) <= config.seeds
    assert all(1 <= size <= limit for size, limit in zip(rounds, (config.top, 3, *[2] * 40), strict=False))


def test_a_hundred_trials_give_the_last_two_five_seeds_each():
    assert ConfirmationConfig().rounds(100) == (5, 3, 2, 2, 2)
    assert ConfirmationConfig(seeds=2).rounds(100) == (5, 3)
    assert ConfirmationConfig(top=1).rounds(100) == (1, 1, 1, 1, 1)


def test_the_table_is_read_even_if_it_is_empty_and_none_is_none():
    assert definition(STUDY).confirmation is None
    assert definition(STUDY + "[confirmation]\n").confirmation == ConfirmationConfig()
    assert definition(STUDY + "[confirmation]\ntop = 3\n", {"confirmation.seeds": "2"}).confirmation == (
        ConfirmationConfig(top=3, seeds=2)
    )


def test_how_a_search_is_confirmed_does_not_make_it_another_search():
    assert fingerprint(definition(STUDY)) == fingerprint(definition(STUDY + "[confirmation]\ntop = 3\n"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (STUDY + "[confirmation]\ntop = 0\n", "[confirmation] 'top': must be at least 1 but got 0"),
        (STUDY + "[confirmation]\nshare = 1.0\n", "[confirmation] 'share': must be below 1 but got 1"),
        (STUDY + "[confirmation]\nseed = 3\n", "[confirmation] 'seed' belongs in [study]. Did you mean 'seeds'?"),
        (GRID + "[confirmation]\n", "[confirmation] belongs to a search"),
        (STUDY + "[confirms]\nstudy = 'a'\nstudy_id = 'b'\n", "[confirms] belongs to experiments"),
    ],
)
def test_a_wrong_table_is_one_line(text: str, says: str):
    with pytest.raises(DefinitionError) as refused:
        definition(text)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)
