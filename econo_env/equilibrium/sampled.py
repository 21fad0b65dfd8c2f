"""Outcome curves by the market's own compiled rule, against rivals drawn from a low-discrepancy sample."""

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from econo_env.engine.engine import Engine
from econo_env.equilibrium.losses import Curves
from econo_env.market import market_of
from econo_env.money import to_money
from econo_env.scenario import Scenario
from econo_env.valuations.bid_function import BidFunction

Floats = NDArray[np.float64]

_MARKETS = 1 << 12


def curves_on_sample(
    scenario: Scenario,
    roles: tuple[tuple[int, ...], ...],
    functions: tuple[BidFunction, ...],
    role: int,
    seed: int,
) -> Curves:
    """Outcomes of own bids of a role in credits, against everybody else's bid functions.

    Types are scrambled Sobol points; another seed is an independent sample.
    """
    from scipy.stats import qmc

    market: Any = market_of(scenario)
    sequence = qmc.Sobol(scenario.num_agents, rng=np.random.default_rng(seed))
    uniforms = sequence.random_base2(int(_MARKETS - 1).bit_length())
    engine = Engine(scenario, _MARKETS)
    engine.reset(seed)
    engine.state.tick[:] = 1  # curves look back at the round just played
    for number, agents in enumerate(roles):
        for agent in agents:
            function = functions[number]
            made = np.interp(uniforms[:, agent], function.shares, np.nan_to_num(function.bids))
            engine.state.bids[:, agent] = to_money(made)
    curves: Curves = partial(market.judging.bids.curves, scenario, engine.state, roles[role][0])
    return curves
