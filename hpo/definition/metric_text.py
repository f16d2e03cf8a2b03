"""Values of metrics as people read them: accuracies in percent with two decimals, everywhere."""


def percent(share: float | None) -> str:
    """Return a share as text; no text for None.

    >>> percent(0.98667), percent(None)
    ('98.67 %', '')

    Args:
        share: a fraction of 1.
    """
    return "" if share is None else f"{100 * share:.2f} %"


def metric_text(metric: str | None, value: float | None) -> str:
    """Return a value of a metric as text; no text for None.

    >>> metric_text("val_accuracy", 0.98667), metric_text("val_loss", 0.04321)
    ('98.67 %', '0.0432')

    Args:
        metric: its name; None where another program's objective has none.
        value: as it is stored: an accuracy is a fraction of 1.
    """
    if value is None or (metric is not None and metric.endswith("accuracy")):
        return percent(value)
    return f"{value:,.4f}"
