"""What is told of one tick of a coordination market."""

from econo_env.clearing.base import Clearing
from econo_env.clearing.coordination.picture import picture

CLEARING = Clearing(market="coordination", picture=picture)
