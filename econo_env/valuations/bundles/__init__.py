"""Bids for bundles."""

from econo_env.valuations.bundles.local_global import local_global
from econo_env.valuations.bundles.regions import arbitrary, decay, regions

__all__ = ["arbitrary", "decay", "local_global", "regions"]
