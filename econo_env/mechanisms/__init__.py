"""Mechanisms: one file per auction family, each with its rule, parameters, known answer and reference."""

from econo_env.mechanisms.base import Equilibrium, Mechanism, mechanism, mechanisms
from econo_env.mechanisms.clearing import Outcome, clear

__all__ = ["Equilibrium", "Mechanism", "Outcome", "clear", "mechanism", "mechanisms"]
