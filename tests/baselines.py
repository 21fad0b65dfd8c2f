"""Baselines of a kind of market by name, as tests list them."""

from econo_env.market import market_of


def baseline(scenario, name):
    """What a baseline plays: actions for observations; `truthful` or `equilibrium`."""
    known = market_of(scenario).baselines
    play = {"truthful": known.truthful, "equilibrium": known.equilibrium}[name]
    return lambda observations: play(scenario, observations)
