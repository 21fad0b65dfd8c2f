"""Traders of the literature for markets of buyers and sellers; ZI-C is `zero_intelligence` (`policies.reactive`)."""

from econo_env.policies.traders import (
    adaptive_aggressive,
    dynamic_programming,
    gjerstad_dickhaut,
    zero_intelligence_plus,
)

POLICIES = (zero_intelligence_plus.ROW, gjerstad_dickhaut.ROW, dynamic_programming.ROW, adaptive_aggressive.ROW)
