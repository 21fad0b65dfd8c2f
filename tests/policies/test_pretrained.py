"""What comes with the package plays as its card says, and nothing else passes for it."""

import json
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import econo_env
from econo_env.market import market_of
from econo_env.policies import make_policy
from econo_env.policies.networks import Network
from econo_env.policies.pretrained import card as cards
from econo_env.policies.pretrained import pretrained_ids, read_card, read_pretrained
from econo_env.policies.pretrained.store import HOME, digest, packed, unpacked, write_pretrained
from econo_env.training.evaluation import evaluate
from econo_env.training.pretrain import measured, settings_of, table, train_one

ROOT = Path(__file__).parents[2]
FEW = ["double_auction_v1"]
OTHER_SEEDS = range(100, 105)
LARGEST = 24_000
"""Bytes of a policy: two networks of two hidden layers of 64."""


def test_every_built_in_scenario_has_one():
    assert pretrained_ids() == sorted(econo_env.scenarios())
    assert {path.stem for path in HOME.glob("*.npz")} == set(pretrained_ids())
    assert all(path.stat().st_size < LARGEST for path in HOME.iterdir())


@pytest.mark.parametrize("scenario", pretrained_ids())
def test_the_card_is_of_the_scenario_as_it_is(scenario):
    card, scenario = read_card(scenario), econo_env.load(scenario)
    assert card.is_of(scenario)
    assert card.observations == market_of(scenario).observations(scenario)
    assert card.actions == market_of(scenario).action_names(scenario)
    assert card.timesteps == card.settings["total_timesteps"]
    assert card.figures["bidder_surplus"].mean is not None
    assert len(card.not_for) >= 2
    policy = make_policy(f"pretrained:{scenario.id}")
    assert policy.scenario == scenario
    assert policy.note.startswith(f"trained in {scenario.id} for {card.timesteps:,} agent-steps")
    assert "another one" not in policy.note
    agents = (3, scenario.num_agents)  # without an engine, which would have to be compiled for each
    seen = np.random.default_rng(0).random((*agents, len(card.observations)), dtype=np.float32)
    actions = policy.act(seen, np.ones(agents, dtype=np.bool_))
    assert actions.shape == (*agents, len(card.actions))
    assert np.abs(actions).max() <= 1.0


def agrees(found, said):
    """Whether a figure and one measured on other seeds can be one: each in reach of the other's interval."""
    reach = (said.ci95[1] - said.ci95[0]) / 2 + (found.ci95[1] - found.ci95[0]) / 2
    return abs(found.mean - said.mean) <= 1.5 * reach + 1e-6


def check_figures(scenario):
    """Measured on other seeds, no figure is beyond what both intervals leave, and the loss is not more."""
    card, market = read_card(scenario), econo_env.load(scenario)
    found = measured(make_policy("pretrained", market), market, seeds=OTHER_SEEDS, regret=card.measured.regret)
    assert set(found) == set(card.figures)
    for name, said in card.figures.items():
        if said.mean is not None:
            assert agrees(found[name], said), (name, found[name], said)


@pytest.mark.parametrize("scenario", FEW)
def test_figures_are_reached_again(scenario):
    check_figures(scenario)


@pytest.mark.slow
@pytest.mark.parametrize("scenario", [s for s in pretrained_ids() if s not in FEW])
def test_all_figures_are_reached_again(scenario):
    check_figures(scenario)


def test_a_figure_of_another_policy_would_be_noticed():
    """The check can fail: truthful bidders have none of the figures of those who learned to shade."""
    market = econo_env.load("first_price_v0")
    found = measured("truthful", market, seeds=OTHER_SEEDS, regret=True)
    card = read_card("first_price_v0")
    assert not agrees(found["bidder_surplus"], card.figures["bidder_surplus"])
    assert not agrees(found["utility_loss"], card.figures["utility_loss"])


def test_the_page_shows_the_cards():
    assert table() in (ROOT / "docs" / "pretrained.md").read_text()


def test_it_plays_without_torch():
    code = (
        "import sys; from econo_env.policies import make_policy; make_policy('pretrained:first_price_v0');"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_it_is_judged_in_its_own_scenario():
    found = evaluate("pretrained:first_price_v0", seeds=[0], markets=16, regret=False, baselines=())
    assert (found.scenario.id, found.policy) == ("first_price_v0", "pretrained:first_price_v0")
    assert found.provenance["notes"]["pretrained:first_price_v0"].startswith("trained in first_price_v0")


def test_in_another_market_it_plays_and_says_so():
    policy = make_policy("pretrained:first_price_v0", econo_env.load("first_price_v0", num_agents=4))
    assert "this market is another one" in policy.note
    assert policy.act(np.full((2, 4, 2), 0.5, np.float32), np.ones((2, 4), bool)).shape == (2, 4, 1)


@pytest.mark.parametrize(
    ("name", "scenario", "said"),
    [
        ("pretrained:first_price_v0", "gsp_v0", None),  # the same spaces: it plays
        (
            "pretrained:first_price_v0",
            "procurement_first_price_v1",
            "knows other observations than procurement_first_price_v1 has: without value and with cost",
        ),
        ("pretrained:first_price_v0", "uniform_price_v0", "without value and with value_1, value_2"),
        ("pretrained:english_v0", "dutch_v0", "without still_in, bidders_in"),
        ("pretrained:frist_price_v0", None, "did you mean 'first_price_v0'?"),
        ("pretrained", None, "name one, e.g. pretrained:first_price_v0"),
        ("pretrained:", None, "name one, e.g. pretrained:first_price_v0"),
        ("truthful", None, "policy 'truthful' belongs to no scenario: give one"),
    ],
)
def test_what_does_not_fit_is_one_sentence(name, scenario, said):
    market = None if scenario is None else econo_env.load(scenario)
    if said is None:
        make_policy(name, market)
        return
    with pytest.raises(ValueError, match=r".") as error:
        make_policy(name, market)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_user_scenario_without_one_is_told_which_there_are():
    with pytest.raises(ValueError, match=r"no pretrained policy for 'mine_v0': choose one of all_pay_v0"):
        make_policy("pretrained", econo_env.load("first_price_v0", id="mine_v0"))
    with pytest.raises(ValueError, match=r"'pretrained' has no option 'factor'"):
        make_policy("pretrained:first_price_v0", factor=0.3)


@pytest.fixture
def home(tmp_path):
    for suffix in ("json", "npz"):
        shutil.copy(HOME / f"first_price_v0.{suffix}", tmp_path)
    return tmp_path


DAMAGE = {
    "one bit": lambda content: content[:5000] + bytes([content[5000] ^ 1]) + content[5001:],
    "cut": lambda content: content[:-10],
    "empty": lambda content: b"",
    "another": lambda content: (HOME / "gsp_v0.npz").read_bytes(),
    "text": lambda content: b"not weights",
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damaged_networks_are_refused(kind, home):
    path = home / "first_price_v0.npz"
    path.write_bytes(DAMAGE[kind](path.read_bytes()))
    with pytest.raises(ValueError, match=r"first_price_v0\.npz' is damaged, it is not the file that its card") as error:
        read_pretrained("first_price_v0", econo_env.load("first_price_v0"), home=home)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"scenario": "first_price_v0"}', bytes(range(256))])
def test_a_damaged_card_is_refused(content, home):
    (home / "first_price_v0.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"the card of pretrained:first_price_v0, is damaged: install") as error:
        read_pretrained("first_price_v0", econo_env.load("first_price_v0"), home=home)
    assert "\n" not in str(error.value)


def test_missing_networks_are_refused(home):
    (home / "first_price_v0.npz").unlink()
    with pytest.raises(ValueError, match="is damaged"):
        read_pretrained("first_price_v0", econo_env.load("first_price_v0"), home=home)


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.integers(1, 3))
def test_networks_of_any_size_come_back_in_half_precision_and_as_the_same_bytes(seed, width, count):
    rng = np.random.default_rng(seed)
    networks = []
    for number in range(count):
        sizes = [3, width, 2]
        layers = tuple(
            (rng.normal(size=pair).astype(np.float32), rng.normal(size=pair[1]).astype(np.float32))
            for pair in pairwise(sizes)
        )
        networks.append(Network((number,), layers, "tanh", rng.random(2).astype(np.float32)))
    content = packed(networks)
    again = unpacked(content)
    assert packed(again) == content, "what is stored is stored as it is"
    for one, other in zip(networks, again, strict=True):
        assert (one.seats, one.activation) == (other.seats, other.activation)
        for (weights, biases), (theirs, their_biases) in zip(one.layers, other.layers, strict=True):
            assert theirs.dtype == np.float32
            assert np.array_equal(weights.astype(np.float16), theirs)
            assert np.array_equal(biases.astype(np.float16), their_biases)


def test_limits_follow_from_figures():
    scenario = econo_env.load("first_price_v0")
    figure = cards.Figure(mean=0.02, ci95=(0.019, 0.021), unit="share")
    assert "its loss is 2.00%" in cards.limits(scenario, {"utility_loss": figure})[-1]
    assert "no search for deviations" in cards.limits(scenario, {})[-1]
    small = cards.Figure(mean=0.001, ci95=(0.0, 0.009), unit="share")
    assert len(cards.limits(scenario, {"utility_loss": small})) == 2


def test_what_is_stored_is_not_trained_again(home, monkeypatch):
    monkeypatch.setattr("econo_env.training.pretrain.start_run", None)
    card = train_one("first_price_v0", home / "runs", home)
    assert card == read_card("first_price_v0", home)


@pytest.mark.slow
def test_a_training_that_was_broken_off_goes_on(tmp_path, monkeypatch):
    from econo_env.training import pretrain
    from econo_env.training.run import start_run
    from econo_env.training.stopping import Stopped

    config = settings_of("first_price_v0").model_copy(update={"total_timesteps": 65_536})
    monkeypatch.setattr(pretrain, "settings_of", lambda _: config)
    whole = train_one("first_price_v0", tmp_path / "whole", made(tmp_path / "one"))

    def broken(config, folder):
        def stopping(trainer, iterate=pretrain_iterate):
            if trainer.timesteps >= 32_768:
                raise Stopped(15)
            return iterate(trainer)

        with monkeypatch.context() as patch:
            patch.setattr("econo_env.training.trainer.Trainer.iterate", stopping)
            start_run(config, folder)

    from econo_env.training.trainer import Trainer

    pretrain_iterate = Trainer.iterate
    monkeypatch.setattr(pretrain, "start_run", broken)
    with pytest.raises(Stopped):
        train_one("first_price_v0", tmp_path / "parts", made(tmp_path / "two"))
    again = train_one("first_price_v0", tmp_path / "parts", tmp_path / "two")
    assert again.weights == whole.weights
    assert again.figures == whole.figures


def made(folder):
    folder.mkdir()
    return folder


def test_what_the_store_writes_it_reads(tmp_path):
    weights = (HOME / "first_price_v0.npz").read_bytes()
    card = read_card("first_price_v0")
    assert digest(weights) == card.weights
    write_pretrained(card, weights, tmp_path)
    assert read_card("first_price_v0", tmp_path) == card
    assert json.loads((tmp_path / "first_price_v0.json").read_text())["scenario"] == "first_price_v0"
