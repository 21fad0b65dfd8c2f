"""What the task market gave before its economy was made of parts, as digests: 64 ticks of 20 seeds, to the bit."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

import econo_env
from econo_env.economy.ledger import PLEDGED, account
from econo_env.engine.engine import Engine
from econo_env.market import market_of

NO_STAKE = Path(__file__).parents[2] / "configs" / "scenarios" / "task_market_no_stake.yaml"
MARKETS, SEEDS, TICKS = 3, 20, 64
VARIANTS = {
    "flagship": ("task_market_v0", {}),
    "no_stake": (NO_STAKE, {}),
    "capped": ("task_market_v0", {"economy.contracts.stake_cap": 1.0}),
    "open": ("task_market_v0", {"economy.eligibility.open_share": 1.0}),
    "undetected": ("task_market_v0", {"economy.contracts.detection": 0.0}),
    "tiny_stakes": (  # stakes run out
        "task_market_v0",
        {
            "economy.ledger.endowment": 0.7,
            "tasks.value": {"name": "uniform", "low": 0.05, "high": 0.4},
            "economy.eligibility.open_share": 0.6,
        },
    ),
    "short": ("task_market_v0", {"max_cycles": 7, "num_agents": 3, "end_of_episode": "termination"}),
}
DIGESTS = {  # recorded with the market whose state and kernels held the economy themselves
    ("flagship", "honest"): "35cf4077a68cbd8a15e0b90b",
    ("flagship", "random"): "2f58def05d3e6ca534d3cf64",
    ("flagship", "forging"): "5c6da6078edbf22eb68016b5",
    ("no_stake", "honest"): "83af5699a76cc9f5e840cecf",
    ("no_stake", "random"): "64c906334fd0bc454415b075",
    ("no_stake", "forging"): "70ad49268d0ce7bda81967f3",
    ("capped", "honest"): "f222bcf2f15c90eb3d7b818b",
    ("capped", "random"): "8aa24a82540e86381b3e2853",
    ("capped", "forging"): "e52c28adf393efceac00d056",
    ("open", "honest"): "fa7612b5bf41b013a7532415",
    ("open", "random"): "326c547aae912a852d7c744d",
    ("open", "forging"): "9f9975773995b18bb3eedbde",
    ("undetected", "honest"): "35cf4077a68cbd8a15e0b90b",
    ("undetected", "random"): "b56821aa3a235fe023463eca",
    ("undetected", "forging"): "feda15c036d16968598cbf93",
    ("tiny_stakes", "honest"): "e64456c0bb770e112a53f5b5",
    ("tiny_stakes", "random"): "86d4d598de093cfd0251816a",
    ("tiny_stakes", "forging"): "7a70d371dd159e55d33badb7",
    ("short", "honest"): "114ab5cb2a04a9064df9e6fa",
    ("short", "random"): "6ecf50cf8f086a9801586f6e",
    ("short", "forging"): "8a74e876f2733a2339eec9b3",
}


def actions_of(conduct, engine, rng):
    """Honest work; anything, among it no bids; or low reports with forged proofs."""
    shape = engine.buffers.actions.shape
    actions = market_of(engine.scenario).baselines.truthful(engine.scenario, engine.buffers.observations)
    if conduct == "random":
        actions = rng.uniform(-1, 1, shape).astype(np.float32)
        actions[rng.random(shape) < 0.01] = np.nan
        actions[rng.random(shape) < 0.01] = 1.5
    if conduct == "forging":
        actions[..., 0] = rng.choice(np.float32([-1, -0.5, 0.0]), shape[:2])
        actions[..., 3] = rng.choice(np.float32([-1, 1]), shape[:2], p=[0.6, 0.4])
    return actions


def digest_of(variant, conduct):
    """Rewards, observations, masks, flags, balances and reputation, after every reset and tick."""
    scenario, changes = VARIANTS[variant]
    engine = Engine(econo_env.load(scenario, **changes), MARKETS, autoreset=True)
    buffers, ledger, known = engine.buffers, engine.world.ledger, engine.world.reputation
    accounts = account(0, PLEDGED, engine.num_agents)  # pledges came later
    found = hashlib.blake2b(digest_size=12)
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        engine.reset(seed)
        for tick in range(TICKS + 1):
            if tick:
                engine.step(actions_of(conduct, engine, rng))
            for array in (
                *(buffers.rewards, buffers.observations, buffers.action_mask),
                *(buffers.terminated, buffers.truncated, buffers.ended),
                *(ledger.balances[:, :accounts], known.positive, known.negative, known.bound),
            ):
                found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


@pytest.mark.parametrize("conduct", ["honest", "random", "forging"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_the_market_of_parts_is_the_one_before_it_to_the_bit(variant, conduct):
    assert digest_of(variant, conduct) == DIGESTS[variant, conduct]
