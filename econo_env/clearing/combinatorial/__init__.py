"""What is told of a combinatorial auction."""

from econo_env.clearing.base import Clearing
from econo_env.clearing.combinatorial.document import clear_document
from econo_env.clearing.combinatorial.picture import picture

CLEARING = Clearing(market="combinatorial", clear=clear_document, picture=picture)
