"""The built-in scenarios as parameters of tests that ask what everybody sees of a market, whatever its rule."""

import pytest

import econo_env
from econo_env.agents import by_role
from econo_env.market import market_of


def form_of(name):
    """What an API sees of a scenario: its kind of market, its sides, actions, observations, one tick or several."""
    scenario = econo_env.load(name)
    row = market_of(scenario)
    sides, actions = tuple(by_role(row.agents(scenario))), row.action_names(scenario)
    return scenario.market, sides, actions, row.observations(scenario), scenario.max_cycles > 1


def by_form():
    """Every scenario; of those that are alike in form the first is in the quick suite, the others are slow."""
    names = {form_of(name): name for name in reversed(econo_env.scenarios())}
    firsts = set(names.values())
    return [name if name in firsts else pytest.param(name, marks=pytest.mark.slow) for name in econo_env.scenarios()]
