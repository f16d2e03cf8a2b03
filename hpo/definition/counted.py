"""Numbers of things as people say them."""


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return a number with its noun, in the singular or the plural.

    >>> counted(1, "trial"), counted(2000, "trial"), counted(0, "class", "classes")
    ('1 trial', '2,000 trials', '0 classes')

    Args:
        number: how many.
        noun: the singular.
        plural: where it is not the singular with an s.
    """
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"
