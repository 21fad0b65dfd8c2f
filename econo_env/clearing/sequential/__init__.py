"""What is told of a sequential sale."""

from econo_env.clearing.base import Clearing
from econo_env.clearing.sequential.document import clear_document
from econo_env.clearing.sequential.picture import picture

CLEARING = Clearing(market="sequential", clear=clear_document, picture=picture)
