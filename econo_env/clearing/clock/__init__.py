"""What is told of a clock auction."""

from econo_env.clearing.base import Clearing
from econo_env.clearing.clock.document import clear_document
from econo_env.clearing.clock.picture import picture

CLEARING = Clearing(market="clock", clear=clear_document, picture=picture)
