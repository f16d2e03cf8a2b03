"""One trial in one folder: trained, logged, saved in checkpoints, resumed, and loaded again as a model."""
