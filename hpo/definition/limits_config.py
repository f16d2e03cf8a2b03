"""What a trial of a search may cost at most: known before it trains."""

from hpo.definition.table import Count, Positive, Table


class LimitsConfig(Table):
    """The limits of a search. A configuration that breaks one is never trained; another is proposed in its place."""

    parameters: Count | None = None
    """The most parameters that a network may have, the moving statistics of BatchNorm included."""
    epoch_seconds: Positive | None = None
    """The most seconds that an epoch may take, as it is estimated on the machine that begins the study."""
