"""Names of a run's files that are known where PyTorch is not loaded."""

CHECKPOINT = "checkpoint.safetensors"
