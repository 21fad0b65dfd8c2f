"""What is told of price competition."""

from econo_env.clearing.base import Clearing
from econo_env.clearing.pricing.document import clear_document
from econo_env.clearing.pricing.picture import picture

CLEARING = Clearing(market="pricing", clear=clear_document, picture=picture)
