"""Markets in which agents move stake and report each other, one text of the loop for each kind."""

import numpy as np

import econo_env
from econo_env.engine.engine import Engine
from econo_env.engine.state import each_array

SALE = {
    "ledger": {"endowment": 5.0},
    "staking": {"requirement": 0.2},
    "default": {"shock": 0.8},
    "reputation": {},
    "eligibility": {"threshold": 0.0, "open_share": 1.0},
}
STAKE = {"enforcement": {"pledge": 1.0}, "bonding": {}, "evidence": {}}
QUIET = {"fees": {"rate": 0.0}, "insurance": {}, "credit": {}, "downtime": {"slash": 0.0, "jail": 0}}
"""Parts that do nothing here unless they are asked to, so that all tests share one text of the loop."""


def sections(**changes):
    """Parts with some keys changed, `enforcement_jail=3`, the others at rest."""
    made = {name: dict(own) for name, own in (STAKE | QUIET).items()}
    for key, value in changes.items():
        part, option = key.split("_", 1)
        made[part][option] = value
    return made


def sale(fields=None, **changes):
    """A second-price sale whose winners may walk away."""
    fields = {"num_agents": 4, "max_cycles": 40} | (fields or {})
    return econo_env.load("second_price_v0", **fields, economy=SALE | sections(**changes))


def tasks(fields=None, contracts=None, endowment=20.0, **changes):
    """The task market, in which proofs can be forged."""
    fields = {"num_agents": 4, "max_cycles": 40} | (fields or {})
    own = {"ledger": {"endowment": endowment}, "staking": {}, "contracts": contracts or {}}
    own |= {"reputation": {}, "eligibility": {"threshold": 0.0, "open_share": 1.0}}
    return econo_env.load("task_market_v0", **fields, economy=own | sections(**changes))


def place(scenario, name):
    """Which component of an action has that name."""
    return scenario.kind.action_names(scenario).index(name)


def ticks(scenario, seed, markets, number, stake=0.3, still=("insure", "collateral")):
    """Random play: the engine, a copy of the world and the actions before each tick; `still` actions are 0."""
    engine, generator = Engine(scenario, markets), np.random.default_rng(seed)
    bond, names = place(scenario, "bond"), scenario.kind.action_names(scenario)
    quiet = [at for at, name in enumerate(names) if name in still]
    engine.reset(seed)
    for _ in range(number):
        actions = generator.uniform(-1.0, 1.0, engine.buffers.actions.shape).astype(np.float32)
        actions[..., quiet] = 0.0
        actions[..., bond] *= stake * (generator.random(actions.shape[:2]) < 0.3)
        before = each_array(engine.world, np.copy)
        engine.step(actions)
        yield engine, before, actions
        engine.reset_markets(engine.buffers.ended.copy())
