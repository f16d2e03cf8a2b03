"""Networks of one structure that train as one: a small network cannot keep a GPU busy, several can."""

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

import torch

from hpo.definition.trial_config import TrialConfig
from hpo.network.backpropagation import Backpropagation
from hpo.network.l2 import penalize, penalty
from hpo.network.moving_statistics import MovingStatistics
from hpo.network.precision import Precision, use
from hpo.training.batches import Block
from hpo.training.epoch import Epoch
from hpo.training.evaluation import loss_and_accuracy, training_totals
from hpo.training.learner import Learner


def structure(config: TrialConfig, precision: Precision, split: str) -> tuple[object, ...]:
    """Return what networks must have in common to be trained as one.

    Everything else may differ: seed, optimizer, learning rate, weight decay, dropout rates, schedule, number of epochs.

    Args:
        config: of the network.
        precision: of its products.
        split: of its data (see `TensorData`): all are validated on the same images, and scaled the same.
    """
    dropping = tuple(rate > 0 for rate in (config.input_dropout, *config.dropouts))
    inputs = (config.input, config.components)
    return inputs, config.hidden, config.activation, config.norm, config.batch_size, dropping, precision, split


class Stack:
    """Trains networks of one structure together, an epoch at a time.

    Each member has its own data order, masks, optimizer and schedule. The members' parameters are the rows of one
    buffer [K, P], and the K products of a layer are one batched product. A member's results depend on the other members
    only by the order of sums. On a GPU the steps of a block are recorded once as a CUDA graph, which is then repeated,
    and the host waits only at the end of an epoch.

    Attributes:
        members: the networks, all of one structure and on the same data; may be changed between two epochs.
    """

    def __init__(self) -> None:
        self.members: list[Learner] = []
        self._arranged: list[Learner] = []
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
            averages = [member.average for member in self.members if member.average]
            for average in averages:
                average.exchange()
            step = 0
            for blocks in zip(*(member.batches.blocks(member.epoch + 1) for member in self.members), strict=True):
                steps = self._load(blocks, step)
                self._train(len(blocks[0].images))
                step += steps
                for average in averages:
                    average.update(steps / len(self.members[0].batches))
            for average in averages:
                average.exchange()
            self._evaluate()

    def collect(self) -> list[tuple[Learner, Epoch]]:
        """Wait for the end of the epoch; return what each member measured."""
        n = len(self.members[0].data.train)
        with self._on_stream():
            columns = ((self._loss + self._penalty) / n, self._correct / n, *self._validation)
            rows: list[list[float]] = torch.stack(columns, dim=1).tolist()
        return [(member, member.measured(self._start, *row)) for member, row in zip(self.members, rows, strict=True)]

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

        values = torch.stack([member.parameters.values for member in self.members])
        gradients = torch.zeros_like(values)
        for member, *rows in zip(self.members, values, gradients, strict=True):
            member.parameters.move(*rows)
        views = first.parameters.views
        moving = self._stack_statistics()
        self._network = Backpropagation(views(values), views(gradients), moving, config, self._precision)

        size = min(first.batches.block_size, len(data.train))
        self._images = torch.empty(k, size, data.n_features, dtype=data.train.images.dtype, device=device)
        self._targets = torch.empty(k, size, data.n_classes, device=device)
        self._masks = [
            torch.empty(k, size, units, device=device) if rate else None for units, rate in first.batches.droppable
        ]
        self._log_probabilities = torch.empty_like(self._targets)
        self._rates = torch.empty(-(-size // config.batch_size), k, 2, device=device)
        self._totals = torch.empty(3, k, dtype=torch.float64, device=device)
        self._loss, self._penalty, self._correct = self._totals

    def _stack_statistics(self) -> list[MovingStatistics]:
        """Make each member's moving statistics views of the stack's."""
        layers = zip(*(MovingStatistics.of(member.model) for member in self.members), strict=True)
        stacked = [
            MovingStatistics(torch.stack([of.mean for of in layer]), torch.stack([of.variance for of in layer]))
            for layer in layers
        ]
        for row, member in enumerate(self.members):
            for block, moving in zip(member.model.blocks, stacked, strict=False):
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
        firsts = [member.first_step + step for member in self.members]
        rates = [
            [of.optimizer.rates(of.schedule.lr(first + i)) for of, first in zip(self.members, firsts, strict=True)]
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
            for row, member in enumerate(members):
                if member.config.l2:
                    self._penalty[row] += x.shape[1] * penalize(member.parameters, member.config.l2)
                member.optimizer.update(*self._rates[step, row])
        self._network.update_statistics()
        log_probabilities, targets = self._log_probabilities[:, :n], self._targets[:, :n]
        loss, correct = training_totals(log_probabilities, targets)
        self._loss += loss
        self._correct += correct

    def _evaluate(self) -> None:
        """Measure each member on the validation images."""
        k, data = len(self.members), self.members[0].data
        loss, accuracy = loss_and_accuracy(lambda x: self._network.logits(x.expand(k, -1, -1)), data, data.validation)
        penalties = [penalty(member.model.hidden_weights(), member.config.l2) for member in self.members]
        self._validation = (loss + torch.stack(penalties), accuracy)

    def _on_stream(self) -> AbstractContextManager[object]:
        return torch.cuda.stream(self._stream) if self._stream else nullcontext()
