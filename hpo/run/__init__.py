"""One trial in one folder: trained, logged, saved in checkpoints, resumed, and loaded again as a model."""

import sys
from types import ModuleType

# Where TensorFlow is installed TensorBoard would load it, which takes seconds, were it not for a module of this name.
sys.modules.setdefault("tensorboard.compat.notf", ModuleType("notf"))
