"""The names of splits."""

from __future__ import annotations

import re

# What people call each split; each of them is found with a letter wrong, too.
_NAMES = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation", "validate", "eval", "evaluation"),
    "test": ("test", "testing"),
}


def meant_split(folder: str) -> str | None:
    """Returns the split that a folder's name is, or is mistaken for; None if it has another meaning.

    >>> [meant_split(name) for name in ("val", "Validation", "test2", "trian", "values", "train_old")]
    ['val', 'val', 'test', 'train', None, None]
    """
    letters = re.sub(r"[\W\d_]", "", folder.lower())
    for split, names in _NAMES.items():
        if any(_is_one_edit_away(letters, name) for name in names):
            return split
    return None


def _is_one_edit_away(word: str, name: str) -> bool:
    """Whether `word` is `name`, or becomes it with one letter added, removed, changed or swapped with the next."""
    while word and name and word[0] == name[0]:
        word, name = word[1:], name[1:]
    while word and name and word[-1] == name[-1]:
        word, name = word[:-1], name[:-1]
    return max(len(word), len(name)) <= 1 or (len(word) == 2 and word == name[::-1])
