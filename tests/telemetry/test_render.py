"""What people see of a round: the numbers of the market, the winner marked, large markets cut short."""

import re
from itertools import product

import numpy as np
import pytest
from PIL import Image, ImageColor, ImageDraw

import econo_env
from econo_env.clearing.picture import MOST_AGENTS, Column, credits_written
from econo_env.market import market_of
from econo_env.telemetry.render_image import BARS, BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, WINNER, _bar

SCENARIOS = econo_env.scenarios()


def truthful(env):
    market = market_of(env.scenario)
    rows = market.baselines.truthful(env.scenario, env.engine.buffers.observations)[0]
    actions = dict(zip(env.possible_agents, rows, strict=True))
    return {agent: actions[agent] for agent in env.agents}


def has(image, colour):
    return bool((image == ImageColor.getrgb(colour)).all(axis=-1).any())


def test_the_table_holds_the_numbers_of_the_round():
    env = econo_env.parallel_env(
        "first_price_v0", num_agents=3, max_cycles=2, render_mode="ansi", **{"mechanism.reserve": 0.125}
    )
    env.reset(seed=2)
    state = env.engine.state
    before = env.render().splitlines()
    assert before[0] == "first_price_v0 - episode 1, before the first round"
    assert [line.split()[2] for line in before[2:5]] == ["-"] * 3, "a bid before there was one"
    earned = np.zeros(3)
    for number in (1, 2):
        values = state.values[0] / 1e6
        rewards = env.step({agent: [share] for agent, share in zip(env.agents, (-0.5, 0.0, -0.25), strict=True)})[1]
        earned += list(rewards.values())
        lines = env.render().splitlines()
        assert lines[0] == f"first_price_v0 - episode 1, round {number} of 2"
        assert lines[1].split() == ["value", "bid", "paid", "surplus", "total"]
        for i, line in enumerate(lines[2:5]):
            cells = line.replace("*", "").split()
            won = state.award.units[0, i] > 0
            assert ("*" in line) == won
            money = [values[i], state.bids[0, i] / 1e6, state.award.pays[0, i] / 1e6, rewards[f"bidder_{i}"], earned[i]]
            assert cells == [f"bidder_{i}", *(f"{amount:.3f}" for amount in money)]
        assert f"revenue {state.award.pays[0].sum() / 1e6:.3f}" in lines[5]
        assert lines[-2].startswith("  bidder_")


def test_totals_run_through_the_episode_and_start_over():
    env = econo_env.parallel_env("second_price_v0", max_cycles=3, render_mode="ansi")
    env.reset(seed=0)
    earned = np.zeros(2)
    for _ in range(3):
        earned += list(env.step(truthful(env))[1].values())
        shown = [line.split()[-1] for line in env.render().splitlines()[2:4]]
        assert shown == credits_written(earned)
    env.reset()
    assert {line.split()[-1] for line in env.render().splitlines()[2:4]} == {"0.000"}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_an_image_shows_bars_and_the_winner_once_there_is_one(scenario):
    env = econo_env.parallel_env(scenario, render_mode="rgb_array", max_cycles=128)
    env.reset(seed=0)
    plot = np.s_[TOP : BOTTOM - 2, LEFT:RIGHT]
    first = env.render()
    assert first.shape == (HEIGHT, WIDTH, 3)
    assert first.dtype == np.uint8
    assert has(first[plot], BARS[0])
    assert not has(first[plot], WINNER)
    won = False
    while env.agents and not won:
        infos = env.step(truthful(env))[-1]
        won = any(info["won"] for info in infos.values())
        assert has(env.render()[plot], WINNER) == won
    assert won


def test_the_axis_does_not_shrink_within_an_episode():
    env = econo_env.parallel_env("first_price_v0", max_cycles=2, render_mode="rgb_array")
    env.reset(seed=0)
    env.engine.state.values[:] = 9_000_000
    env.step(dict.fromkeys(env.agents, (0.0,)))
    env.render()
    env.engine.state.values[:] = 100_000
    env.step(dict.fromkeys(env.agents, (0.0,)))
    late = env.render()
    env.reset()
    assert has(late[BOTTOM - 12 : BOTTOM, LEFT:RIGHT], WINNER)
    assert not has(late[TOP : BOTTOM - 20, LEFT:RIGHT], WINNER)


def test_large_markets_show_the_highest_bids_and_every_winner():
    env = econo_env.parallel_env("second_price_v0", num_agents=2000, render_mode="ansi", **{"mechanism.units": 3})
    env.reset(seed=0)
    env.step(truthful(env))
    text = env.render()
    table = text.splitlines()[2 : 2 + MOST_AGENTS]
    assert all(line.startswith("bidder_") for line in table)
    assert not text.splitlines()[2 + MOST_AGENTS].startswith("bidder_")
    assert sum("*" in line for line in table) == 3
    assert sum(" wins: " in line for line in text.splitlines()) == 3
    assert f"{2000 - MOST_AGENTS:,} more agents" in text
    lowest_shown = min(float(line.replace("*", "").split()[2]) for line in table)
    assert np.count_nonzero(env.engine.state.bids[0] / 1e6 > lowest_shown + 0.001) < MOST_AGENTS


ONE_OF_EACH_KIND = {econo_env.load(scenario).market: scenario for scenario in SCENARIOS}.values()


@pytest.mark.parametrize(
    ("scenario", "num_agents"),
    [*((scenario, 1000) for scenario in SCENARIOS), *product(ONE_OF_EACH_KIND, (1, MOST_AGENTS, MOST_AGENTS + 1))],
)
def test_every_size_can_be_drawn(scenario, num_agents):
    try:
        env = econo_env.parallel_env(scenario, num_agents=num_agents, render_mode="rgb_array")
    except ValueError as refusal:
        pytest.skip(str(refusal))
    env.reset(seed=0)
    env.render()
    env.step(truthful(env))
    assert env.render().std() > 0


def test_amounts_share_their_decimals():
    assert credits_written(np.array([1.5, np.nan, -0.25])) == ["1.500", "-", "-0.250"]
    assert credits_written(np.array([12.5, 0.0])) == ["12.50", "0.00"]
    assert credits_written(np.array([1234567.8])) == ["1,234,567.80"]
    assert Column("x", np.array([0.25, np.nan]), "share").written() == ["25%", "-"]


def test_no_picture_without_a_mode_or_an_episode():
    with pytest.raises(RuntimeError, match="choose a render_mode"):
        econo_env.parallel_env("first_price_v0").render()
    with pytest.raises(RuntimeError, match=r"call reset\(\)"):
        econo_env.parallel_env("first_price_v0", render_mode="ansi").render()


PAYMENT = re.compile(r"(\w+_\d+) .*?(?:pays|is paid|gets|at|owes) ([\d.e-]+)")


def paid_in(state):
    """What the engine made each agent of the first market pay, in credits; what the winner of a task owes."""
    owed = [getattr(state, name) for name in ("second_scores", "owes") if name in state._fields]
    return np.abs(owed[0] if owed else state.award.pays)[0] / 1e6


def payment_in(line):
    if re.match(r"\w+_\d+ leaves", line):
        return None, None
    match = PAYMENT.match(line)
    return match.groups() if match else (None, None)


@pytest.mark.parametrize("scenario", [one for one in SCENARIOS if one != "logit_demand_v0"])  # consumers pay, not firms
def test_the_story_tells_the_payments_of_the_engine(scenario):
    env = econo_env.parallel_env(scenario, render_mode="ansi", max_cycles=128)
    told = 0
    for seed in range(8):
        env.reset(seed=seed)
        while env.agents:
            env.step(truthful(env))
            paid = paid_in(env.engine.state)
            story = env._recorder.picture().story
            rounding = 5e-4 if "unit at" in str(story) else 1e-6
            found = {agent: float(amount) for agent, amount in map(payment_in, story) if agent is not None}
            for agent in np.flatnonzero(paid > 0):
                assert found[env.possible_agents[agent]] == pytest.approx(paid[agent], rel=1e-5, abs=rounding)
                told += 1
            if told > 40:
                return
    assert told > 0


def test_the_course_of_a_clock_is_that_of_the_engine():
    env = econo_env.parallel_env("english_v0", num_agents=3, render_mode="ansi")
    env.reset(seed=5)
    asked, left = [], []
    while env.agents:
        asked.append(env.engine.state.price[0] / 1e6)
        was_in = env.engine.state.standing[0].copy()
        env.step(truthful(env))
        gone = np.flatnonzero((was_in > 0) & (env.engine.state.standing[0] == 0))
        left += [(len(asked), asked[-1], f"bidder_{i} leaves") for i in gone]
    shown = env._recorder.picture()
    assert shown.chart.curves[0].y == asked
    assert list(shown.chart.marks[:-1]) == left
    buyer = int(env.engine.state.leader[0])
    assert shown.chart.marks[-1] == (len(asked), env.engine.state.best[0] / 1e6, f"bidder_{buyer} buys")
    assert f"bidder_{buyer} buys (round {len(asked)})" in env.render()
    env.reset()
    assert env._recorder.picture().chart is None, "the course of the last episode is forgotten"


def test_demand_and_supply_are_the_bids_in_order():
    env = econo_env.parallel_env("vcg_double_auction_v1", num_agents=7, render_mode="ansi")
    env.reset(seed=3)
    env.step(truthful(env))
    bids, buyers = env.engine.state.bids[0] / 1e6, env.scenario.num_buyers
    demand, supply = env._recorder.picture().chart.curves
    assert demand.y == sorted(bids[:buyers], reverse=True)
    assert supply.y == sorted(bids[buyers:])
    trades = int(env.engine.state.award.units[0, :buyers].sum())
    crossing = sum(bid >= ask for bid, ask in zip(demand.y, supply.y, strict=False))
    assert trades == crossing > 0


def test_areas_under_the_price_of_slots_are_payments():
    env = econo_env.parallel_env("gsp_v0", num_agents=5, render_mode="ansi")
    env.reset(seed=1)
    env.step(truthful(env))
    price = env._recorder.picture().chart.curves[1]
    areas = np.diff([0.0, *price.x]) * price.y
    paid = env.engine.state.award.pays[0] / 1e6
    np.testing.assert_allclose(sorted(areas), sorted(paid[paid > 0]), atol=2e-6)


def test_procurement_is_shown_as_procurement():
    env = econo_env.parallel_env("procurement_second_price_v1", render_mode="ansi")
    env.reset(seed=0)
    env.step(truthful(env))
    text, costs = env.render(), env.engine.state.values[0] / 1e6
    assert "the lowest bid wins and is paid" in text
    assert f"supplier_{costs.argmin()} wins: lowest bid {costs.min():.6g}; is paid {costs.max():.6g}" in text


def test_bars_of_any_size_are_drawn_by_every_pillow_that_is_allowed():
    """Pillow below 13 draws the parts between two curves as rectangles, and refuses one that ends before it starts."""

    class Old(ImageDraw.ImageDraw):
        rounded = 0

        def rounded_rectangle(self, box, radius=0, **options):
            left, top, right, bottom = box
            curve = 2 * radius // 2
            assert left + curve + 1 <= right - curve - 1
            assert top + curve + 1 <= bottom
            self.rounded += 1
            super().rounded_rectangle(box, radius, **options)

    generator = np.random.default_rng(0)
    rounded = 0
    for width in (*generator.uniform(0.05, 6.0, 300), 8.0, 30.0):
        for height in (1.0, 1.5, 2.0, 2.5, 3.0, 3.9, 5.0, 200.0):
            left = 100.0 + generator.random()
            image = Image.new("RGB", (140, 400), "#ffffff")
            draw = Old(image)
            _bar(draw, (left, 365.0 - height, left + width, 365.0), "#123456")
            rounded += draw.rounded
            assert image.getpixel((int(left + width / 2), 365)) == (0x12, 0x34, 0x56)
    assert rounded > 300


@pytest.mark.parametrize(
    ("amounts", "written"),
    [
        ([0.5, 0.25], ["0.500", "0.250"]),
        ([0.123401, 0.123402], ["0.123401", "0.123402"]),
        ([1234567.89, 1234567.12, 0.0], ["1,234,567.89", "1,234,567.12", "0.00"]),
        ([1234567.12], ["1,234,567.12"]),
        ([0.0, 5000.0], ["0", "5,000"]),
        ([float("nan"), 12.0], ["-", "12.00"]),
    ],
)
def test_a_table_tells_unequal_amounts_apart(amounts, written):
    assert credits_written(np.array(amounts)) == written
