"""Networks of one structure, trained as one: a small network cannot fill a GPU, several can."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from hpo.definition.trial_config import TrialConfig
from hpo.network.backpropagation import Backpropagation
from hpo.network.moving_statistics import MovingStatistics
from hpo.network.precision import Precision, use
from hpo.training.batches import Block
from hpo.training.evaluation import CHUNK

if TYPE_CHECKING:
    from hpo.training.fit import Fit


class Measured(NamedTuple):
    """What a member's epoch measured (see `Epoch`)."""

    train_loss: float
    train_accuracy: float
    val_loss: float
    val_accuracy: float
    seconds: float


def structure(config: TrialConfig, precision: Precision) -> tuple[object, ...]:
    """Return what networks must have in common to be trained as one.

    All else may differ: seed, optimizer, rates of learning, decay and dropout, schedule, number of epochs.
    """
    dropping = tuple(rate > 0 for rate in (config.input_dropout, *config.dropouts))
    return config.hidden, config.activation, config.norm, config.batch_size, dropping, precision


class Stack:
    """Trains its members an epoch at a time, in lockstep; each with its own data order, masks, optimizer and schedule.

    The members' parameters are the rows of one buffer [K, P], and a layer's K products are one batched product. What a
    member computes does not depend on the others but for the order of sums. On a GPU the steps of a block are recorded
    once as a CUDA graph and repeated from then on, and the host waits only at the end of an epoch.

    Attributes:
        members: may be changed between two epochs; all of one structure and on the same data.
    """

    def __init__(self) -> None:
        self.members: list[Fit] = []
        self._arranged: list[Fit] = []
        self._stream: torch.cuda.Stream | None = None

    def launch(self) -> None:
        """Begin an epoch; on a GPU return before it ends."""
        self._start = time.perf_counter()
        if self._arranged != self.members:
            self._arrange()
        if self._stream:
            self._stream.wait_stream(torch.cuda.current_stream(self._stream.device))
        with self._on_stream():
            use(self._precision)
            self._totals.zero_()
            step = 0
            for blocks in zip(*(fit.batches.blocks(fit.epoch + 1) for fit in self.members), strict=True):
                step += self._load(blocks, step)
                self._train(len(blocks[0].images))
            self._evaluate()

    def collect(self) -> list[tuple[Fit, Measured]]:
        """Wait for the epoch's end; return what each member measured."""
        data = self.members[0].data
        n_train, n_validation = len(data.train), len(data.validation)
        with self._on_stream():
            columns = (
                (self._loss + self._penalty) / n_train,
                self._correct / n_train,
                self._val_loss / n_validation + self._penalties(),
                self._val_correct / n_validation,
            )
            rows: list[list[float]] = torch.stack(columns, dim=1).tolist()
        seconds = time.perf_counter() - self._start
        return [(fit, Measured._make((*row, seconds))) for fit, row in zip(self.members, rows, strict=True)]

    def _arrange(self) -> None:
        """Lay out memory for the present members."""
        self._arranged = list(self.members)
        first, k = self.members[0], len(self.members)
        config, data, device = first.config, first.data, first.data.device
        self._precision = first.precision
        if device.type == "cuda" and self._stream is None:
            self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._warm = False
        self._graph: torch.cuda.CUDAGraph | None = None

        values = torch.stack([fit.parameters.values for fit in self.members])
        gradients = torch.zeros_like(values)
        for fit, *rows in zip(self.members, values, gradients, strict=True):
            fit.parameters.move(*rows)
        views = first.parameters.views
        moving = self._stack_statistics()
        self._network = Backpropagation(views(values), views(gradients), moving, config, self._precision)

        size = min(first.batches.block_size, len(data.train))
        self._images = torch.empty(k, size, data.n_features, dtype=torch.uint8, device=device)
        self._targets = torch.empty(k, size, data.n_classes, device=device)
        self._masks = [
            torch.empty(k, size, units, device=device) if rate else None for units, rate in first.batches.droppable
        ]
        self._log_probabilities = torch.empty_like(self._targets)
        self._rates = torch.empty(-(-size // config.batch_size), k, 2, device=device)
        totals = torch.empty(5, k, dtype=torch.float64, device=device)
        self._loss, self._penalty, self._correct, self._val_loss, self._val_correct = totals
        self._totals = totals

    def _stack_statistics(self) -> list[MovingStatistics]:
        """Make each member's moving statistics views of the stack's."""
        layers = zip(*(MovingStatistics.of(fit.model) for fit in self.members), strict=True)
        stacked = [
            MovingStatistics(torch.stack([of.mean for of in layer]), torch.stack([of.variance for of in layer]))
            for layer in layers
        ]
        for row, fit in enumerate(self.members):
            for block, moving in zip(fit.model.blocks, stacked, strict=False):
                block.norm.running_mean, block.norm.running_var = moving.mean[row], moving.variance[row]
        return stacked

    def _load(self, blocks: Sequence[Block], step: int) -> int:
        """Put each member's block, and the rates of its steps from `step` of the epoch on, where the steps read them.

        Returns:
            The number of steps.
        """
        n = len(blocks[0].images)
        for row, block in enumerate(blocks):
            self._images[row, :n] = block.images
            self._targets[row, :n] = block.targets
            for into, mask in zip(self._masks, block.masks, strict=True):
                if into is not None and mask is not None:
                    into[row, :n] = mask
        steps = -(-n // self.members[0].config.batch_size)
        firsts = [fit.epoch * len(fit.batches) + step for fit in self.members]
        rates = [
            [fit.optimizer.rates(fit.schedule.lr(first + i)) for fit, first in zip(self.members, firsts, strict=True)]
            for i in range(steps)
        ]
        self._rates[:steps].copy_(torch.tensor(rates), non_blocking=True)
        return steps

    def _train(self, n: int) -> None:
        """Train on the first n images of the loaded block."""
        if self._stream is None or n < self._images.shape[1]:
            self._steps(n)
        elif not self._warm:
            self._steps(n)  # What libraries set up at first use must not be recorded.
            self._warm = True
        else:
            if self._graph is None:
                self._graph = torch.cuda.CUDAGraph()
                with torch.cuda.graph(self._graph, stream=self._stream):
                    self._steps(n)
            self._graph.replay()

    @torch.no_grad()
    def _steps(self, n: int) -> None:
        members, size = self.members, self.members[0].config.batch_size
        for step, start in enumerate(range(0, n, size)):
            rows = slice(start, min(start + size, n))
            x = members[0].data.inputs(self._images[:, rows])
            of_input, *of_hidden = [mask if mask is None else mask[:, rows] for mask in self._masks]
            if of_input is not None:
                x *= of_input
            self._log_probabilities[:, rows] = self._network(x, self._targets[:, rows], of_hidden)
            for row, fit in enumerate(members):
                if fit.config.l2:
                    self._penalty[row] += x.shape[1] * fit.penalize()
                fit.optimizer.update(*self._rates[step, row])
        self._network.update_statistics()
        log_probabilities, targets = self._log_probabilities[:, :n], self._targets[:, :n]
        self._loss -= (targets * log_probabilities).sum((1, 2), dtype=torch.float64)
        self._correct += (log_probabilities.argmax(2) == targets.argmax(2)).sum(1)

    @torch.no_grad()
    def _evaluate(self) -> None:
        data = self.members[0].data
        split = data.validation
        for rows in torch.split(split.index, CHUNK):
            x = data.inputs(split.images.index_select(0, rows)).expand(len(self.members), -1, -1)
            labels = split.labels.index_select(0, rows).expand(len(self.members), -1)
            logits = self._network.logits(x)
            chosen = torch.log_softmax(logits, 2).gather(2, labels.unsqueeze(2))
            self._val_loss -= chosen.sum((1, 2), dtype=torch.float64)
            self._val_correct += (logits.argmax(2) == labels).sum(1)

    def _penalties(self) -> Tensor:
        """Return the L2 penalty of each member's weights as they are, float64 [K]."""
        penalties = [
            fit.config.l2 * fit.parameters.values[: fit.parameters.hidden].square().sum(dtype=torch.float64)
            if fit.config.l2
            else torch.zeros_like(self._loss[0])
            for fit in self.members
        ]
        return torch.stack(penalties)

    def _on_stream(self) -> AbstractContextManager[object]:
        return torch.cuda.stream(self._stream) if self._stream else nullcontext()
