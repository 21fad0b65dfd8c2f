"""Forecasts by the word that a configuration has for them."""

from collections.abc import Mapping
from typing import Any

from econo_env.policies.forecasts.network import NetworkForecaster
from econo_env.policies.forecasts.ridge import Forecaster
from econo_env.scenario import Scenario

BY = ("ridge", "network")
"""How features can be forecast: by a regression alone, or by one and a network beside it."""
_OF_NETWORKS = ("units", "rate", "window")


def make_forecaster(scenario: Scenario, settings: Mapping[str, Any]) -> Forecaster | NetworkForecaster:
    """What the settings of a run say, see `training.sections.Forecasts`; those of networks say nothing to others.

    Raises:
        ValueError: No such word, a number is out of range, or there is nothing to forecast.
    """
    given = {**settings, "of": tuple(settings.get("of", ()))}
    by = given.pop("by", BY[0])
    if by not in BY:
        raise ValueError(f"by={by!r}: choose one of {', '.join(BY)}")
    if by == "network":
        return NetworkForecaster(scenario, **given)
    return Forecaster(scenario, **{name: one for name, one in given.items() if name not in _OF_NETWORKS})
