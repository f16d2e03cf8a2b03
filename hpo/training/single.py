"""A network that trains alone."""

import time

import torch

from hpo.network.backpropagation import Backpropagation
from hpo.network.l2 import penalize
from hpo.network.moving_statistics import MovingStatistics
from hpo.network.precision import use
from hpo.training.epoch import Epoch
from hpo.training.evaluation import evaluate, training_totals
from hpo.training.learner import Learner


class Single:
    """Trains one network an epoch at a time.

    Args:
        learner: the network; its buffers must stay where they are.
    """

    def __init__(self, learner: Learner) -> None:
        self.learner = learner
        parameters = learner.parameters
        self.backpropagation = Backpropagation(
            parameters.views(parameters.values),
            parameters.views(parameters.gradients),
            MovingStatistics.of(learner.model),
            learner.config,
            learner.precision,
        )

    def epoch(self) -> Epoch:
        """Train the next epoch."""
        start = time.perf_counter()
        learner, config, data = self.learner, self.learner.config, self.learner.data
        log_probabilities, targets = [], []
        penalty = torch.zeros((), device=data.device)
        use(learner.precision)
        if learner.average:
            learner.average.exchange()
        untold = 0
        for step, batch in enumerate(learner.batches(learner.epoch + 1), start=learner.first_step):
            log_probabilities.append(self.backpropagation(batch.x, batch.targets, batch.masks))
            targets.append(batch.targets)
            if config.l2:
                penalty += len(batch.x) * penalize(learner.parameters, config.l2)
            learner.optimizer.step(learner.schedule.lr(step))
            untold += 1
            if learner.average and batch.ends_block:
                self.backpropagation.update_statistics()
                learner.average.update(untold / len(learner.batches))
                untold = 0
        self.backpropagation.update_statistics()
        if learner.average:
            learner.average.exchange()
        loss, correct = training_totals(torch.cat(log_probabilities), torch.cat(targets))
        n = len(data.train)
        train_loss = float(loss) / n + float(penalty) / n
        validation = evaluate(learner.model, data, data.validation, config.l2, learner.precision)
        return learner.measured(start, train_loss, float(correct) / n, *validation)
