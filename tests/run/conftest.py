import torch

# The networks here are so small that a second thread would only wait for the first.
torch.set_num_threads(1)
