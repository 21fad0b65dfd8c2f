"""What is told of a sealed-bid auction."""

from econo_env.clearing.base import Clearing
from econo_env.clearing.sealed_bid.document import clear_document
from econo_env.clearing.sealed_bid.picture import picture

CLEARING = Clearing(market="sealed_bid", clear=clear_document, picture=picture)
