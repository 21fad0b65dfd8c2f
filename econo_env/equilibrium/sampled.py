"""Outcome curves by the market's own compiled rule, against rivals drawn from a low-discrepancy sample."""

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from econo_env.engine.engine import Engine
from econo_env.equilibrium.strategy import BidFunction
from econo_env.markets.judging import BidCurves
from econo_env.money import to_money
from econo_env.scenario import Scenario

Floats = NDArray[np.float64]

_MARKETS = 1 << 13


def sampled_curves(
    scenario: Scenario, roles: tuple[tuple[int, ...], ...], functions: tuple[BidFunction, ...], role: int
) -> Any:
    """Outcomes of own bids in credits against everybody else's bid functions, as a function of the bids.

    The first points of an unscrambled Sobol sequence, shifted by half a step: the same every time.
    """
    from scipy.stats import qmc

    market: Any = scenario.market_module()
    uniforms = qmc.Sobol(scenario.num_agents, scramble=False).random_base2(int(_MARKETS - 1).bit_length())
    uniforms = (uniforms + 0.5 / _MARKETS) % 1.0
    engine = Engine(scenario, _MARKETS)
    engine.reset(0)
    engine.state.tick[:] = 1  # curves look back at the round just played
    for number, agents in enumerate(roles):
        for agent in agents:
            types = market.types_at(scenario, agent, uniforms[:, [agent]])[:, 0]
            engine.state.bids[:, agent] = to_money(functions[number](types))
    return partial(_curves, market, scenario, engine.state, roles[role][0])


def _curves(market: Any, scenario: Scenario, state: Any, agent: int, bids: Floats) -> BidCurves:
    curves: BidCurves = market.bid_curves(scenario, state, agent, bids)
    return curves
