import pytest
import torch

from hpo.training.augmentation import augment

SHAPE = (16, 8, 3)


def images(n: int = 400) -> torch.Tensor:
    """Each pixel's value tells its place: channel 0 the column, channel 1 the row, channel 2 the image."""
    height, width, _ = SHAPE
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    pixels = torch.stack([columns, rows, torch.zeros_like(rows)], dim=2).expand(n, height, width, 3).clone()
    pixels[..., 2] = torch.arange(n)[:, None, None] % 256
    return pixels.to(torch.uint8).reshape(n, -1)


def augmented(kind: str, seed: int = 0, shift: int | None = None) -> torch.Tensor:
    return augment(images(), SHAPE, kind, torch.Generator().manual_seed(seed), shift)


def test_flip_mirrors_about_half_of_the_images_and_nothing_else():
    before, after = images().view(-1, *SHAPE), augmented("flip").view(-1, *SHAPE)
    same = (after == before).flatten(1).all(1)
    mirrored = (after == before.flip(2)).flatten(1).all(1)
    assert bool((same ^ mirrored).all())
    assert mirrored.float().mean().item() == pytest.approx(0.5, abs=0.1)


def test_shift_moves_whole_images_by_up_to_an_eighth_and_repeats_the_edge():
    after = augmented("flip_shift").view(-1, *SHAPE).long()
    height, width, _ = SHAPE
    seen = set()
    for n, image in enumerate(after):
        columns, rows = image[:, :, 0], image[:, :, 1]
        assert bool((image[:, :, 2] == n % 256).all())
        assert bool((columns == columns[0]).all())
        assert bool((rows == rows[:, :1]).all())
        down, across = int(rows[height // 2, 0]) - height // 2, columns[0]
        flipped = bool(across[0] > across[-1])
        across = across.flip(0) if flipped else across
        right = int(across[width // 2]) - width // 2
        assert torch.equal(rows[:, 0], (torch.arange(height) + down).clamp(0, height - 1))
        assert torch.equal(across, (torch.arange(width) + right).clamp(0, width - 1))
        seen.add((flipped, down, right))
    assert {flip for flip, _, _ in seen} == {False, True}
    assert {down for _, down, _ in seen} == {-2, -1, 0, 1, 2}
    assert {right for _, _, right in seen} == {-1, 0, 1}


@pytest.mark.parametrize("kind", ["flip", "flip_shift"])
def test_generator_alone_decides(kind: str):
    assert torch.equal(augmented(kind), augmented(kind))
    assert not torch.equal(augmented(kind), augmented(kind, seed=1))


@pytest.mark.parametrize(("shift", "most"), [(1, 1), (3, 3), (100, 7)])
def test_a_stated_shift_is_the_most_that_images_move_by(shift: int, most: int):
    after = augmented("flip_shift", shift=shift).view(-1, *SHAPE).long()
    middle = SHAPE[0] // 2
    down = {int(image[middle, 0, 1]) - middle for image in after}
    assert down == set(range(-min(shift, middle), min(shift, SHAPE[0] - 1 - middle) + 1))
    across = after[:, 0, SHAPE[1] // 2, 0]
    assert int(across.max() - across.min()) <= 2 * most + 1
