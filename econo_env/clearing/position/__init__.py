"""What is told of a position auction."""

from econo_env.clearing.base import Clearing
from econo_env.clearing.position.document import clear_document
from econo_env.clearing.position.picture import picture

CLEARING = Clearing(market="position", clear=clear_document, picture=picture)
