"""The training loop: batches, optimizers, schedules, early stopping, and networks that train as one."""
