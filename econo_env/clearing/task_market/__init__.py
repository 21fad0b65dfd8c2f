"""What is told of one task of a task market."""

from econo_env.clearing.base import Clearing
from econo_env.clearing.task_market.document import clear_document
from econo_env.clearing.task_market.picture import picture

CLEARING = Clearing(market="task_market", clear=clear_document, picture=picture)
