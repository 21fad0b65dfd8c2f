"""Forecasts of what a market will show next, and the best response to one of the rivals' bids."""

from econo_env.policies.forecasts import best_response

POLICIES = (best_response.ROW,)
