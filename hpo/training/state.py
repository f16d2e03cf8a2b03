"""Whether a state that was read from a file can be that of a run."""

from collections.abc import Mapping

from torch import Tensor


def check(state: object, like: object, most: int, name: str = "state") -> None:
    """Refuse a state that does not have the form of another one.

    Args:
        state: nested dicts and lists of tensors and plain values, as read.
        like: a state with the keys, the types, and the tensors' shapes and types that `state` must have.
        most: the largest integer that a run can have in its state; the smallest is 0.
        name: what the state is called in the message.

    Raises:
        ValueError: the state has another form; the message says where.
    """
    if isinstance(like, Mapping) and isinstance(state, Mapping):
        if state.keys() != like.keys():
            different = sorted(map(str, state.keys() ^ like.keys()))
            raise ValueError(f"{name} has other keys than expected ({', '.join(different)[:80]})")
        for key, value in like.items():
            check(state[key], value, most, f"{name}.{key}")
    elif isinstance(like, list) and isinstance(state, list):
        if len(state) != len(like):
            raise ValueError(f"{name} does not have {len(like)} entries")
        for number, value in enumerate(like):
            check(state[number], value, most, f"{name}[{number}]")
    elif isinstance(like, Tensor) and isinstance(state, Tensor):
        if (state.shape, state.dtype) != (like.shape, like.dtype):
            raise ValueError(f"{name} has another shape or type than expected")
    elif type(state) is not type(like):
        raise ValueError(f"{name} is not of type {type(like).__name__}")
    elif isinstance(state, int) and not 0 <= state <= most:
        raise ValueError(f"{name} is not between 0 and {most}")
