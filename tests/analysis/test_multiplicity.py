import pytest

from hpo.analysis.multiplicity import holm


def test_it_agrees_with_rs_p_adjust() -> None:
    # R: p.adjust(c(0.01, 0.04, 0.03, 0.005, 0.8), "holm")
    assert holm([0.01, 0.04, 0.03, 0.005, 0.8]) == pytest.approx([0.04, 0.09, 0.09, 0.025, 0.8])


def test_nothing_is_adjusted_above_one() -> None:
    assert holm([0.6, 0.7]) == [1.0, 1.0]


def test_a_single_claim_needs_no_adjustment() -> None:
    assert holm([0.03]) == [0.03]
    assert holm([]) == []
