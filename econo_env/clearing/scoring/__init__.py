"""What is told of a scoring auction."""

from econo_env.clearing.base import Clearing
from econo_env.clearing.scoring.document import clear_document
from econo_env.clearing.scoring.picture import picture

CLEARING = Clearing(market="scoring", clear=clear_document, picture=picture)
