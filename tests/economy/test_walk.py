"""A bid walks through the house as docs/architecture.md says: stages in order, whose they are, and the amounts."""

import re

import numpy as np
import pytest

from econo_env.economy.tick import TICK_ORDER
from econo_env.engine.engine import Engine
from econo_env.market import market_of
from econo_env.money import to_money
from tests.economy.played import ROOT, SCENARIOS, wealth

BID, VALUE, RIVAL, MARKETS = 600_000, 650_000, 300_000, 256


def rows():
    """The table of the page: stage, whose it is, what happens."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    walk = text.split("## How a bid walks through the house", 1)[1].split("\n\n", 3)[2]
    return [tuple(cell.strip(" `") for cell in line.split("|")[1:4]) for line in walk.splitlines()[2:]]


def test_stages_and_their_owners_are_those_of_the_loop():
    source = SCENARIOS["first_price_economy"]().program().source
    tick = source.split("if task == 0:", 1)[1].split("begins =", 1)[0]
    called = [name for name in re.findall(r"(\w+)\(k[,)]", tick) if name not in ("winners", "flags")]
    told = [
        stage if owner.startswith("market") else f"{owner}_{stage}"
        for stage, owners, _ in rows()
        for owner in owners.split(", ")
    ]
    assert told == called
    stages = [TICK_ORDER.index(stage) for stage, _, _ in rows()]
    assert stages == sorted(stages)


@pytest.mark.parametrize(("least", "bond"), [(0.4, 400_000), (0.0, BID // 2)])
def test_amounts_are_those_of_the_page(least, bond):
    """As the page has it, and with no more than half a bid at stake: then some walk away, and lose it."""
    scenario = SCENARIOS["first_price_economy"]().replace(**{"economy.staking.least": least})
    engine = Engine(scenario, MARKETS)
    engine.reset(1)
    start = wealth(engine.world).copy()
    assert (start == 5_000_000).all()
    values = np.full((MARKETS, scenario.num_agents), 0.5)
    values[:, 0] = VALUE / 1e6
    types = market_of(scenario).types
    for agent in range(scenario.num_agents):
        types.put(scenario, engine, agent, values[:, [agent]])
    bids = np.full(values.shape, RIVAL / 1e6)
    bids[:, 0] = BID / 1e6
    open_to = engine.buffers.action_mask[:, 0].copy()
    assert 0 < open_to.sum() < MARKETS, "a newcomer may bid where the tick is open, else its bid is struck"
    engine.step((bids / values - 1.0)[..., None].astype(np.float32))
    state, award, world = engine.state, engine.state.award, engine.world
    np.testing.assert_array_equal(state.bids[:, 0], np.where(open_to, BID, -1))
    np.testing.assert_array_equal(award.exposure[:, 0], np.where(open_to, BID, 0))
    kept = award.units[:, 0] == 1
    assert kept.sum() > 0
    assert (kept == open_to).all() == (bond == 400_000), "with the largest shock at stake nobody walks away"
    np.testing.assert_array_equal(award.price, np.where(kept, BID, 0))
    gained = wealth(world)[:, 0] - start[:, 0]
    walked = open_to & ~kept
    np.testing.assert_array_equal(award.pays[walked, 0], 0)
    np.testing.assert_array_equal(gained[walked], -bond, "the bond is slashed")
    np.testing.assert_array_equal(award.pays[kept, 0], BID)
    bonus = gained[kept] + BID
    np.testing.assert_array_equal(bonus, to_money(0.25 * 0.1), "a bonus back for keeping the sale")
    learned = award.worth[kept, 0] - VALUE
    assert BID - VALUE - bond <= learned.min() < -300_000 < 300_000 < learned.max() <= 400_000, "e, where it is kept"
    np.testing.assert_allclose(engine.buffers.rewards[:, 0] * 1e6, award.worth[:, 0] + gained, atol=1e-6)
