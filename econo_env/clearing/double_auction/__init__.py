"""What is told of a sealed two-sided market."""

from econo_env.clearing.base import Clearing
from econo_env.clearing.double_auction.document import clear_document
from econo_env.clearing.double_auction.picture import picture

CLEARING = Clearing(market="double_auction", clear=clear_document, picture=picture)
