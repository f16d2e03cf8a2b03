"""How fast this machine trains: measured with the training loop itself, on images made of noise."""

import time
from itertools import pairwise

import numpy as np
import torch

from hpo.data.preprocessing import Preprocessing
from hpo.data.tensors import TensorData, TensorSplit
from hpo.definition.trial_config import TrialConfig
from hpo.network.mlp import MLP
from hpo.network.precision import Precision, resolve, use
from hpo.training.batches import BLOCK, GPU_BLOCK
from hpo.training.fit import fit
from hpo.training.images import Images
from hpo.training.stacks import Stacks

# The least number of steps that are timed.
STEPS = 20


def epoch_seconds(config: TrialConfig, images: Images, device: str = "cpu", runs: int = 1) -> float:
    """Measure an epoch, its validation included.

    A part of an epoch on noise is timed, after another part to warm up.

    Args:
        config: the configuration to train.
        images: the size of the data set.
        device: where to train.
        runs: how many runs train at the same time; on a GPU, as one stack.
    """
    on_gpu = device != "cpu"
    rows = min(images.train, max(2 * (GPU_BLOCK if on_gpu else BLOCK), STEPS * config.batch_size))
    data = noise(images, rows, device)
    if config.input == "pca":  # Any projection takes as long as that to the principal components.
        features = config.n_inputs(data.n_features)
        weight = np.full((data.n_features, features), 1e-4, np.float32)
        data = data.projected(weight, np.zeros(features, np.float32), np.ones(features, np.float32))
    # Small steps, so that noise does not make it diverge; no stopping before the last epoch. A GPU records its steps in
    # the first two.
    steady = {
        "lr": 1e-6,
        "schedule": "constant",
        "anneal": 0.0,
        "min_lr": 0.0,
        "epochs": 3 if on_gpu else 2,
        "patience": None,
        "checkpoint_monitor": None,
    }
    config = config.model_copy(update=steady | {"restore_best": False, "warmup_epochs": 0.0})
    fits = [fit(MLP(config, data.n_features, data.n_classes).to(data.device), config, data) for _ in range(runs)]
    if on_gpu:
        stacks = Stacks()
        for run in fits:
            run.join(stacks)
    seconds: list[float] = [epochs[0].seconds for epochs in zip(*fits, strict=True)]
    return seconds[-1] * images.train / rows


def floor_seconds(config: TrialConfig, images: Images, flops: float) -> float:
    """Return the seconds that the matrix products of an epoch would take alone.

    A layer has three products of the same size: the output, the gradient of the weights and the gradient of the input,
    which the first layer does not need.

    Args:
        config: whose hidden layers are read.
        images: the size of the data set.
        flops: the machine's rate, in floating-point operations a second.
    """
    height, width, channels = images.shape
    widths = (config.n_inputs(height * width * channels), *config.hidden, images.classes)
    first, *others = (inputs * outputs for inputs, outputs in pairwise(widths))
    return images.train * 2.0 * (2.0 * first + 3.0 * sum(others)) / flops


def product_rate(precision: Precision, device: str = "cpu") -> float:
    """Measure the machine's rate at large matrix products, in floating-point operations a second."""
    n = 1024 if device == "cpu" else 8192
    x, w = torch.ones(n, n, device=device), torch.ones(n, n, device=device)
    use(precision)
    times = []
    for _ in range(7):
        start = time.perf_counter()
        torch.mm(x, w)
        if device != "cpu":
            torch.cuda.synchronize(device)
        times.append(time.perf_counter() - start)
    return 2.0 * n**3 / sorted(times)[len(times) // 2]


def chosen_precision(config: TrialConfig, device: str = "cpu") -> Precision:
    """Return the precision that a configuration trains at on this machine."""
    return resolve(config.precision, torch.device(device))


def noise(images: Images, rows: int, device: str) -> TensorData:
    """Return images of random pixels and labels.

    Args:
        images: their size, and the share of validation images, which are among those of training.
        rows: number of training images.
        device: where they are.
    """
    height, width, channels = images.shape
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (rows, height * width * channels), dtype=torch.uint8, generator=generator).to(device)
    labels = torch.randint(images.classes, (rows,), generator=generator).to(device)
    index = torch.arange(rows, device=device)
    train = TensorSplit(pixels, labels, index)
    share = max(1, rows * images.validation // images.train)
    validation = TensorSplit(pixels, labels, index[:share])
    return TensorData(
        train=train,
        validation=validation,
        test=validation,
        preprocessing=Preprocessing(
            image_shape=images.shape,
            scale=(2 / 255,) * channels,
            shift=(-1.0,) * channels,
            classes=tuple(str(label) for label in range(images.classes)),
        ),
        fingerprint="noise",
        split="first",
        device=torch.device(device),
    )
