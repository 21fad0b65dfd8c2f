"""Circuit breakers: pure compiled rules in whole numbers, which `econo_env.economy.parts.breakers` applies to a market.

Prices are micro-credits, shares are parts per million, time is ticks.
"""
