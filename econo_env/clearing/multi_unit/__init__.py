"""What is told of a sale of identical units."""

from econo_env.clearing.base import Clearing
from econo_env.clearing.multi_unit.document import clear_document
from econo_env.clearing.multi_unit.picture import picture

CLEARING = Clearing(market="multi_unit", clear=clear_document, picture=picture)
