"""A person among policies: moves are what was typed, and what they cost is what another move would have earned."""

import json
import re
import sys
from io import StringIO

import numpy as np
import pytest

import econo_env
from econo_env.interfaces.opponents import players_of
from econo_env.interfaces.pettingzoo import MarketEnv
from econo_env.market import agents_of, market_of
from econo_env.policies import make_policy
from econo_env.training import cli
from econo_env.training.game import Game
from econo_env.training.hindsight import Hindsight
from econo_env.training.stopping import Stopped
from tests.policies.win_stay import WinStay

FEW = ["first_price_v0", "uniform_price_v0", "english_v0", "sequential_first_price_v0"]


def played(scenario, lines, *, others="truthful", seed=3, episodes=1, agent=None):
    scenario, said, lines = econo_env.load(scenario), [], iter(lines)
    agent = agent or agents_of(scenario)[-1]
    game = Game(
        scenario, agent, make_policy(others, scenario), seed=seed, say=said.append, ask=lambda _: next(lines, None)
    )
    game.play(episodes)
    return game, said


def any_moves(scenario, count=40, seed=1):
    """So many random moves, as lines."""
    names, rng = market_of(econo_env.load(scenario)).action_names(econo_env.load(scenario)), np.random.default_rng(seed)
    return [json.dumps(dict(zip(names, rng.uniform(-1, 1, len(names)).tolist(), strict=True))) for _ in range(count)]


def earned_by_playing_again(game, at, move, others):
    """What the person earns from a tick on with another move there: played on an environment of one market.

    Moves before it and after it are those that were made, and where none was made that same move.
    """
    env = MarketEnv(game.scenario, on_removal="mask")
    env.reset(seed=3)
    player = players_of(game.scenario, [game.seat], make_policy(others, game.scenario))[0]
    player.reset(3)
    total, tick, moments = 0.0, 0, game._moments
    while env.agents:
        buffers = env.engine.buffers
        seen = buffers.observations[0, game.seat].copy()
        player.play(buffers)
        if tick < at:
            action = moments[tick].actions[game.seat]
        elif tick == at:
            action = meant = game._form.of_numbers(move, seen)
        else:
            known = tick < len(moments) and moments[tick].could_act
            action = moments[tick].actions[game.seat] if known else meant
        buffers.actions[0, game.seat] = action
        rewards = env.step(dict(zip(env.possible_agents, buffers.actions[0].copy(), strict=True)))[1]
        player.watch(buffers)
        total += rewards[env.possible_agents[game.seat]] if tick >= at else 0.0
        tick += 1
    return total


def check_costs(scenario, others="truthful"):
    game, _ = played(scenario, any_moves(scenario, 200), others=others)
    assert game.score.episodes == 1
    assert game.score.moves
    for move in game.score.moves:
        at = move.cost.tick
        assert move.cost.earned == pytest.approx(sum(game._rewards[at:]), abs=1e-9)
        assert move.cost.regret >= 0.0
        again = earned_by_playing_again(game, at, move.cost.best, others)
        if move.cost.regret > 0.0:
            assert again == pytest.approx(move.cost.best_earned, abs=1e-9)


@pytest.mark.parametrize("scenario", FEW)
def test_what_a_move_cost_is_what_another_earns_when_all_is_played_again(scenario):
    check_costs(scenario)


@pytest.mark.slow
@pytest.mark.parametrize(
    "scenario", [s for s in econo_env.scenarios() if s not in {*FEW, "logit_demand_v0", "english_open_v0"}]
)
def test_so_it_is_in_every_scenario(scenario):
    check_costs(scenario)


def test_the_memory_of_the_others_is_replayed():
    """`win_stay` bids by what it last won: without its memory the move itself would earn something else."""
    scenario = econo_env.load("first_price_v0", max_cycles=12)
    game = Game(scenario, "bidder_0", WinStay(scenario), seed=3, say=lambda _: None, ask=lambda _: '{"bid": -0.5}')
    game.play(1)
    assert len(game.score.moves) == 12
    for move in game.score.moves:
        assert move.cost.earned == pytest.approx(sum(game._rewards[move.cost.tick :]), abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_in_a_first_price_auction_the_best_bid_is_the_rivals(seed):
    """Known answer: at least the rival's bid, as far as the value exceeds it."""
    game, _ = played("first_price_v0", ['{"bid": -0.6}'] * 4, others="equilibrium", seed=seed, episodes=4)
    assert len(game.score.moves) == 4
    for move, value, rival in zip(game.score.moves, *seen(seed, 4), strict=True):
        best = max(0.0, value - rival)
        assert move.cost.best_earned == pytest.approx(max(best, move.cost.earned), abs=1e-4)


def seen(seed, episodes):
    """Values of bidder_1 and the bids of bidder_0, who bids half its value."""
    env = econo_env.parallel_env("first_price_v0")
    values = []
    for number in range(episodes):
        env.reset(seed=None if number else seed)
        values.append(env.engine.state.values[0] / 1e6)
    return [value[1] for value in values], [value[0] / 2 for value in values]


def test_the_truth_costs_nothing_where_it_is_dominant():
    game, said = played("second_price_v0", ['{"bid": 0}'] * 5, others="random", episodes=5)
    assert [move.cost.regret for move in game.score.moves] == [0.0] * 5
    assert sum("nothing tried would have earned more" in line for line in said) == 5


def test_looking_back_does_not_disturb_the_others(monkeypatch):
    """Policies with luck of their own go on with it as if nobody had looked."""
    typed = ['{"bid": -0.6}'] * 6
    watched, _ = played("sequential_first_price_v0", typed, others="random", episodes=3)
    monkeypatch.setattr(Hindsight, "costs", lambda self, moments, *, over: [])
    alone, _ = played("sequential_first_price_v0", typed, others="random", episodes=3)
    assert watched.score.earned == alone.score.earned


def test_what_is_typed_is_what_is_done():
    game, said = played("first_price_v0", ["", "?", "one", "0.1 0.2", "nan", "-1", "99", "0.25"])
    assert sum("give 1 number, bid_credits" in line for line in said) == 2
    assert any("bid_credits = 'one' is no number" in line for line in said)
    assert any("bid_credits = 'NaN' is no number" in line for line in said)
    assert sum("is out of range: give a number from 0 to" in line for line in said) == 2
    assert sum(line.startswith("2 bidders with independent") for line in said) == 2, "the rules, at first and for ?"
    assert game._env.engine.state.bids[0, 1] == pytest.approx(250_000, abs=1)


def test_the_clearing_is_told():
    _, said = played("first_price_v0", ['{"bid": 0.9}'], others="shading")
    assert any(re.search(r"bidder_1 wins: highest bid (\S+); pays \1, its own bid", line) for line in said)


def test_who_leaves_in_the_middle_is_told_of_the_rounds_that_were_played():
    game, _ = played("sequential_first_price_v0", ['{"bid": -0.9}', "q"], others="equilibrium")
    assert game.score.episodes == 0
    assert [move.round for move in game.score.moves] == [1]


@pytest.fixture
def run(monkeypatch, capfd):
    def call(typed, *words):
        monkeypatch.setattr(sys, "argv", ["econo-env", "play", *map(str, words)])
        monkeypatch.setattr(sys, "stdin", typed if hasattr(typed, "readline") else StringIO(typed))
        with pytest.raises(SystemExit) as stop:
            cli.main()
        return stop.value.code or 0, *capfd.readouterr()

    return call


def test_the_command_plays_what_standard_input_says(run, tmp_path):
    words = ("first_price_v0", "--against", "equilibrium", "--seed", 7, "--json", tmp_path / "moves.json")
    status, out, err = run("0.3\n0.4\n", *words)
    assert (status, err) == (0, "")
    assert out.splitlines()[-1].startswith("2 episodes, 2 moves: you earned -0.05329 credits; your moves cost 0.5071")
    document = json.loads((tmp_path / "moves.json").read_text())
    assert document["against"] == "equilibrium"
    assert [move["episode"] for move in document["moves"]] == [1, 2]
    assert document["regret"] == pytest.approx(sum(move["regret"] for move in document["moves"]))


class Interrupted(StringIO):
    """A terminal on which Ctrl-C is pressed after some lines."""

    def readline(self, size=-1):
        line = super().readline(size)
        if not line:
            raise Stopped(2)
        return line


def test_after_ctrl_c_there_is_a_summary_and_the_status_of_other_commands(run, tmp_path):
    words = ("first_price_v0", "--against", "truthful", "--seed", 7, "--json", tmp_path / "moves.json")
    status, out, err = run(Interrupted("0.3\n"), *words)
    assert status == 130
    assert "1 episode, 1 move: you earned" in out
    assert err == "econo-env: stopped: 1 episode played to the end\n"
    assert len(json.loads((tmp_path / "moves.json").read_text())["moves"]) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("first_price_v0", "--agent", "buyer_0"), "--agent 'buyer_0' is no agent of first_price_v0: choose one of"),
        (("frist_price_v0",), "did you mean 'first_price_v0'?"),
        (("first_price_v0", "--against", "thruthful"), "did you mean 'truthful'?"),
        (("first_price_v0", "--against", "pretrained:english"), "pretrained:english_v0 knows other observations than"),
    ],
)
def test_mistakes_of_usage(run, words, said):
    status, out, err = run("0.3\n", *words)
    assert (status, out) == (2, "")
    assert said in err
