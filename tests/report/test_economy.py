"""What the report says of an economy is what happened in it, whatever the market: money, stake, slashes, halts."""

import numpy as np
import pytest

import econo_env
from econo_env.economy.breakers.halts import ENDED, HALTED
from econo_env.economy.ledger import AGENT_ACCOUNTS, SYSTEM_NAMES, balances_of
from econo_env.engine.engine import Engine
from econo_env.player import Player
from econo_env.policies import make_policy
from econo_env.training.evaluation.play import play
from econo_env.training.report.economy import GRADES, keeps_accounts, play_episode
from econo_env.training.report.economy_plots import economy_section
from econo_env.training.report.page import page
from tests.economy.played import ROOT

pytest.importorskip("plotly")
MARKETS, SEED = 40, 3
FILES = ("english_economy", "first_price_breakers", "order_book_economy", "enforced_economy")
QUICK = ("english_economy", "first_price_breakers")


class Story:
    """One scenario: the report's episode, and the same played by hand without a journal."""

    def __init__(self, name):
        self.scenario = econo_env.load(ROOT / "configs" / "scenarios" / f"{name}.yaml", max_cycles=21)
        names = ("random", "truthful")
        made = {policy: make_policy(policy, self.scenario) for policy in names}
        self.episode = play_episode(self.scenario, made, SEED, MARKETS)
        self.course = self.episode.courses["random"]
        self.engine = Engine(self.scenario, MARKETS)
        self.halted, self.slashed, self.forfeited, self.grades, self.ticks = [], 0, 0, np.zeros(5), 0
        self._play()

    def _play(self):
        engine, player = self.engine, Player(make_policy("random", self.scenario))
        engine.reset(SEED)
        player.reset(SEED)
        world, buffers = engine.world, engine.buffers
        self.opening = world.ledger.balances.copy()
        parts = world._fields
        while not buffers.ended.all():
            live = ~buffers.ended
            if "breakers" in parts:
                self.halted.append(np.isin(world.breakers.mode[live], (HALTED, ENDED)).mean())
            engine.step(player.act(buffers.observations, buffers.action_mask))
            player.observe(buffers.rewards, buffers.ended)
            self.ticks += live.sum()
            if "default" in parts:
                self.slashed += world.staking.slashed[live].sum()
            if "enforcement" in parts:
                self.forfeited += world.enforcement.forfeited[live].sum()
            if "contracts" in parts:
                lost = np.maximum(world.market.award.pays[live], 0)
                self.slashed += lost[world.conduct.grade[live] >= 3].sum()
            if "conduct" in parts:
                self.grades += np.bincount(world.conduct.grade[live].ravel(), minlength=5)
        self.gained = world.ledger.balances - self.opening


@pytest.fixture(scope="module", params=[pytest.param(f, marks=[] if f in QUICK else pytest.mark.slow) for f in FILES])
def story(request):
    return Story(request.param)


def test_flows_are_what_accounts_gained(story):
    flows = story.course.flows
    for at, name in enumerate(SYSTEM_NAMES):
        net = sum(flow.amount * ((flow.target == name) - (flow.source == name)) for flow in flows.between)
        assert net * story.ticks == pytest.approx(story.gained[:, at].sum() / 1e6, abs=1e-9)
    agents = sum(balances_of(story.gained, kind).sum() for kind in range(AGENT_ACCOUNTS))
    net = (flows.received.sum() - flows.paid.sum()) * story.ticks
    assert net == pytest.approx(agents / 1e6, abs=1e-9)
    assert story.course.worth + net / story.ticks == pytest.approx(story.course.surplus, abs=1e-9)


def test_the_surplus_is_what_agents_earned(story):
    record = play(story.scenario, make_policy("random", story.scenario), SEED, MARKETS)
    assert story.course.surplus * story.ticks == pytest.approx(record.utility.sum())


def test_slashes_are_those_of_bonds_pledges_and_failed_work(story):
    by_grade = story.course.flows.slashed.sum(axis=0) * MARKETS * 1e6
    assert by_grade.sum() == pytest.approx(story.slashed + story.forfeited, abs=1)
    assert by_grade[1:3] == pytest.approx([0, 0]), "whoever delivers is not slashed for it"


def test_grades_are_counted_once(story):
    if story.course.grades is None:
        assert not story.grades[1:].any()
        return
    counted = story.course.grades.sum(axis=0) * MARKETS
    assert counted == pytest.approx([story.grades[code] for code in GRADES])
    assert counted.sum() > 0


def test_halts_are_those_of_the_breakers(story):
    assert (story.course.halted is None) == ("breakers" not in story.scenario.economy)
    if story.course.halted is not None:
        np.testing.assert_array_equal(story.course.halted, story.halted)
        assert story.course.halted.any(), "nothing was halted: the case shows nothing"
        shapes = economy_section(story.episode).blocks[0].plot["Money of an agent"].layout.shapes
        assert len(shapes) == np.count_nonzero(story.course.halted)


def test_a_pledge_and_a_bid_are_stake_and_money_never_exceeds_what_there_is(story):
    course, economy = story.course, story.scenario.economy
    assert (course.wealth[0] == economy["ledger"].endowment).all()
    assert (np.diff(course.wealth, axis=1) >= 0).all()
    assert (course.stake > 0).any()
    if "enforcement" in economy:
        assert course.stake[0] >= economy["enforcement"].pledge
    assert ((course.barred >= course.banned - 1e-12) | (course.barred == 0)).all()


def test_the_page_shows_every_flow(story):
    text = page("t", "s", [economy_section(story.episode)], {})
    flows = story.course.flows
    assert all(f'data-exact="{flow.amount!r}"' in text for flow in (*flows.between, *flows.within))
    assert "Where the money went" in text
    assert ("How awards came out" in text) == (story.course.grades is not None)
    assert ("lower confidence bound" in text) == ("reputation" in story.scenario.economy)


def test_a_market_without_accounts_has_nothing_to_tell():
    assert not keeps_accounts(econo_env.load("first_price_v0"))
    pricing = {"target": 0.5, "denominator": 8, "floor": 0.1, "ceiling": 1.0}
    moving = {"max_cycles": 8, "mechanism.reserve": 0.2, "economy": {"pricing": pricing}}
    assert not keeps_accounts(econo_env.load("second_price_v0", **moving))
