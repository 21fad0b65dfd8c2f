"""What is told of a market with an order book."""

from econo_env.clearing.base import Clearing
from econo_env.clearing.order_book.document import clear_document
from econo_env.clearing.order_book.picture import picture

CLEARING = Clearing(market="order_book", clear=clear_document, picture=picture)
