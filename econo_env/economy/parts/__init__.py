"""The parts of the economy, one file and one row each."""

from econo_env.economy.part import register_part
from econo_env.economy.parts import default, incentives, ledger, reputation, staking

for row in (ledger.PART, staking.PART, default.PART, reputation.PART, incentives.PART):
    register_part(row)  # in the order in which they act within a stage: those that others stand on first
