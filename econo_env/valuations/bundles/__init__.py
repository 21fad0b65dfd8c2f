"""Combinatorial auctions to clear: generators of XOR bids, written from their published descriptions.

One file a family, each with its rows of the table that `econo-env clear` chooses from; `cats_file` reads and writes the
text files of the Combinatorial Auction Test Suite.
"""

from econo_env.valuations.bundles.cats_file import from_cats, to_cats
from econo_env.valuations.bundles.gsvm import gsvm, gsvm_model
from econo_env.valuations.bundles.instance import Generator
from econo_env.valuations.bundles.legacy import decay
from econo_env.valuations.bundles.local_global import local_global
from econo_env.valuations.bundles.lsvm import lsvm, lsvm_model
from econo_env.valuations.bundles.matching import matching
from econo_env.valuations.bundles.paths import paths
from econo_env.valuations.bundles.regions import arbitrary, regions
from econo_env.valuations.bundles.scheduling import scheduling
from econo_env.valuations.bundles.table import generate, generators
from econo_env.valuations.bundles.value_model import ValueModel

__all__ = [
    "Generator",
    "ValueModel",
    "arbitrary",
    "decay",
    "from_cats",
    "generate",
    "generators",
    "gsvm",
    "gsvm_model",
    "local_global",
    "lsvm",
    "lsvm_model",
    "matching",
    "paths",
    "regions",
    "scheduling",
    "to_cats",
]
