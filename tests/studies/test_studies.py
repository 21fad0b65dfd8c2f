"""Studies: what they find holds known answers, in small here, in full behind the marker."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from econo_env.mechanisms.logit_demand import LogitDemand, monopoly_price, nash_price, profit_of_each
from econo_env.training import cli
from econo_env.training.studies.base import read_study, studies
from econo_env.training.studies.evolution import shading_payoff
from econo_env.training.studies.pricing import PricingSettings, _Game

CONFIGS = Path(__file__).parents[2] / "configs" / "studies"


def found(name, *changes):
    study, settings = read_study(name, changes)
    return {one.what: one for one in study.run(settings, lambda share, said: None).figures}


def all_hold(figures):
    wrong = [(one.what, one.value, one.known) for one in figures.values() if one.holds is False]
    assert not wrong, wrong
    assert any(one.holds for one in figures.values()), "nothing was known"


class TestThePricingGame:
    def test_prices_and_profits_of_the_baseline(self):
        demand = LogitDemand()
        assert nash_price(2, demand) == pytest.approx(1.4729267, abs=1e-6)
        assert monopoly_price(2, demand) == pytest.approx(1.9249809, abs=1e-6)
        assert profit_of_each(nash_price(2, demand), 2, demand) == pytest.approx(0.2229267, abs=1e-6)
        assert profit_of_each(monopoly_price(2, demand), 2, demand) == pytest.approx(0.3374905, abs=1e-6)

    def test_grid_equilibria_replies_and_gains_of_the_baseline(self):
        game = _Game(PricingSettings())
        np.testing.assert_allclose(game.prices[[0, -1]], [1.427721, 1.970186], atol=1e-5)
        best = [game.best_reply(0, np.array([0, rival])) for rival in range(15)]
        assert best == [1, 1, 2, 2, 2, 3, 3, 4, 4, 5, 5, 5, 6, 6, 6]
        stay = [(i, j) for i in range(15) for j in range(15) if best[j] == i and best[i] == j]
        assert stay == [(1, 1), (2, 2)]
        gains = game.gain(np.array([game.of(0, np.array([i, i])) for i in range(15)]))
        known = [-0.1692, -0.0238, 0.1166, 0.2510, 0.3784, 0.4976, 0.6076, 0.7068]
        known += [0.7940, 0.8676, 0.9263, 0.9686, 0.9934, 0.9997, 0.9869]
        np.testing.assert_allclose(gains, known, atol=1e-4)

    @pytest.mark.parametrize("seed", range(5))
    def test_no_firm_gains_by_another_price_at_nash_and_all_together_none_at_monopoly(self, seed):
        """Any parameters: a fine grid around both prices finds nothing better."""
        generator = np.random.default_rng(seed)
        demand = LogitDemand(*generator.uniform([0.5, 0.0, 0.05, -1.0], [4.0, 2.0, 1.0, 1.0]))
        firms = int(generator.integers(1, 5))

        def profit(own, others):
            worth = np.exp((demand.quality - np.array([own] + [others] * (firms - 1))) / demand.differentiation)
            return (own - demand.cost) * worth[0] / (worth.sum() + np.exp(demand.outside / demand.differentiation))

        nash, monopoly = nash_price(firms, demand), monopoly_price(firms, demand)
        for price in np.linspace(demand.cost, nash + 3.0, 400):
            assert profit(price, nash) <= profit(nash, nash) + 1e-12
            assert profit_of_each(price, firms, demand) <= profit_of_each(monopoly, firms, demand) + 1e-12
        assert profit(nash, nash) == pytest.approx(profit_of_each(nash, firms, demand))

    def test_myopic_firms_without_memory_gain_little(self):
        """40 sessions of the control: .186 in the mean of many."""
        figures = found(
            "pricing", "sessions=40", "memory=false", "discount=0", "rate=0.25", "decay=1e-3", "steady=20000"
        )
        gain = figures["profit gain, 0 Nash and 1 monopoly"]
        assert abs(gain.value - 0.186) < 4 * 0.178 / np.sqrt(40)

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "changes",
        [
            (),
            ("rate=0.25", "decay=2e-5"),
            ("memory=false",),
            ("memory=false", "discount=0", "rate=0.25", "decay=1e-3", "sessions=500"),
        ],
    )
    def test_published_gains(self, changes):
        all_hold(found("pricing", *changes))


class TestBidding:
    def test_first_price_learners_bid_low_and_hearing_of_all_bids_cures_it(self):
        """A tenth of the rounds and twelve sessions: about .25 against .9 and more."""
        alone = found("bidding", "sessions=12", "periods=100000")["revenue of the bids that were learned"]
        hears = ("sessions=10", "periods=10000", "feedback=true")
        told = found("bidding", *hears)["revenue of the bids that were learned"]
        assert alone.high < 0.4
        assert told.value > 2 * alone.value

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "changes",
        [
            (),
            ("rule=second_price",),
            ("feedback=true", "sessions=100"),
            ("rule=second_price", "feedback=true", "sessions=100"),
            ("discount=0", "initial=1"),
            ("rule=second_price", "highest_bid=1.45", "bids=29"),
        ],
    )
    def test_known_revenues(self, changes):
        all_hold(found("bidding", *changes))


class TestNoRegret:
    @pytest.mark.parametrize("changes", [(), ("rule=second_price",)])
    def test_second_price_learners_pay_less_than_the_second_value(self, changes):
        all_hold(found("no_regret", *changes))

    @pytest.mark.slow
    def test_equals_bid_one_step_below_their_value(self):
        all_hold(found("no_regret", "values=[1, 1]"))


class TestEvolution:
    def test_shading_evolves_to_one_step_below_equilibrium(self):
        all_hold(found("evolution"))

    @pytest.mark.parametrize(
        ("bidders", "own", "others", "earns"),
        [(2, 0.5, 0.5, 1 / 6), (2, 0.7, 0.5, 0.12449), (2, 0.3, 0.5, 0.14), (3, 2 / 3, 2 / 3, 1 / 12)],
    )
    def test_payoffs_of_shading(self, bidders, own, others, earns):
        assert shading_payoff(own, others, bidders) == pytest.approx(earns, abs=1e-6)

    @pytest.mark.parametrize("seed", range(3))
    def test_payoffs_of_shading_are_those_of_drawn_auctions(self, seed):
        generator = np.random.default_rng(seed)
        bidders, own, others = int(generator.integers(2, 6)), *generator.uniform(0.1, 1.0, 2)
        values = generator.random((400_000, bidders))
        wins = own * values[:, 0] > others * values[:, 1:].max(axis=1)
        gain = np.where(wins, (1 - own) * values[:, 0], 0.0)
        assert shading_payoff(own, others, bidders) == pytest.approx(
            gain.mean(), abs=5 * gain.std() / np.sqrt(len(gain))
        )


class TestSwitching:
    def test_who_forgets_follows_and_loses_less_than_half_of_what_the_best_fixed_bid_loses(self):
        figures = found("switching", "sessions=4", "phases=4")
        best, fixed = figures["best bid of every phase"].value, figures["best bid that never changes"].value
        assert best == pytest.approx(0.55)
        assert fixed == pytest.approx(0.425)
        assert best - figures["hedge that forgets: income"].value < 0.5 * (best - fixed)
        assert figures["hedge that forgets: rounds to follow a switch"].value <= 50
        assert best - figures["hedge: income"].value > 0.5 * (best - fixed), "who forgets nothing does not"


class TestTheCommand:
    def run(self, *words):
        return CliRunner().invoke(cli.build(), ["study", *words])

    def test_findings_go_to_a_table_a_document_and_a_picture(self, tmp_path):
        pytest.importorskip("matplotlib")
        json_file, picture = tmp_path / "found.json", tmp_path / "found.png"
        result = self.run("evolution", "generations=200", "--json", str(json_file), "--picture", str(picture))
        assert result.exit_code == 0, result.output
        document = json.loads(json_file.read_text())
        assert document["study"]["generations"] == 200
        assert document["provenance"]["seeds"] == [0]
        assert picture.read_bytes()[:4] == b"\x89PNG"
        assert document["said"] in result.output

    @pytest.mark.parametrize("name", studies())
    def test_every_study_has_a_file_that_loads(self, name):
        study, settings = read_study(str(CONFIGS / f"{name}.yaml"))
        assert study.name == settings.study == name

    @pytest.mark.parametrize(
        ("words", "says"),
        [
            (("pricng",), "did you mean"),
            (("pricing", "sessions"), "key and its value"),
            (("pricing", "sessions=0"), "sessions"),
            (("pricing", "discount=1"), "discount"),
            (("bidding", "lowest_bid=0.99"), "lowest_bid=0.99"),
            (("bidding", "speed=1"), "speed"),
        ],
    )
    def test_mistakes_are_named(self, words, says):
        with pytest.raises(ValueError, match=says):
            read_study(words[0], words[1:])
