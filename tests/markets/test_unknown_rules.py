"""A rule that no explanation knows gets a true reason or "by its rule" in every market, and no market knows names."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from econo_env.catalogue import MARKETS
from econo_env.mechanisms import mechanisms
from econo_env.money import written
from tests.markets.unknown_rules import ODD, OF_EACH_MARKET

ROOT = Path(__file__).parents[2]
OUTSIDE = [
    path
    for package in ("econo_env", "policies", "training")
    for path in sorted((ROOT / package).rglob("*.py"))
    if ROOT / "econo_env" / "mechanisms" not in path.parents
]
READ_FROM_TEXT = {"tick.py"}  # names of what a text calls, not of kinds
CLAIMS = (  # what holds of usual rules alone
    "its own bid",
    "losing bid",
    "still beats",
    "the reserve",
    "the highest bid but",
    "displace",
    "keeps the slot",
    "by its presence",
    "falls to bidder",
    "losing score",
    "last rival",
    "outbid before",
    "halfway",
    "least valuable pair",
    "resting order",
    "order that was there",
    "its own limit",
    "its harm",
    "core payment",
    "the highest;",
    "below the last slot",
    "below the winning bids",
    "the lot fell",
    "drawn by lot",
    "takes the task: highest",
    "first price above",
)


@pytest.fixture(scope="module")
def told():
    """What every market says under its strange rule, played in plain Python: compiling ten markets would take long."""
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    run = subprocess.run(
        [sys.executable, "-m", "tests.markets.unknown_rules"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_there_is_a_strange_rule_for_every_kind_of_market():
    # the kernel of prices asks the rule what goods cost; of gifts nothing is told
    auctions = {row.market for row in mechanisms().values()} - {"pricing", "donation", "default"}
    assert set(OF_EACH_MARKET) == auctions
    assert set(OF_EACH_MARKET) <= set(MARKETS.rows())


@pytest.mark.parametrize("market", OF_EACH_MARKET)
def test_no_reason_is_another_rules(told, market):
    lines = told[market]["clear"]["lines"] + [line for page in told[market]["pages"][1:] for line in page.splitlines()]
    charged = 0
    for line in lines:
        assert not [claim for claim in CLAIMS if claim in line], line
        if re.search(r"; (pays|is paid|gets) [\d.]+|pays [\d.]+, within|owes|trades with|(buys|sells) a unit", line):
            assert "by its rule" in line, line
            charged += 1
    assert charged >= 2


@pytest.mark.parametrize("market", [market for market in OF_EACH_MARKET if market not in ("order_book", "task_market")])
def test_every_charge_is_told(told, market):
    """Whoever pays or is paid, winner or not, has a line with the amount."""
    text = " ".join(told[market]["clear"]["lines"])
    paid = [amount for amount in told[market]["clear"]["paid"] if abs(amount) >= ODD / 1e6]
    assert paid
    for amount in paid:
        verb = "(is paid|gets)" if amount < 0 or market == "scoring" else "pays"
        assert re.search(rf"{verb} {re.escape(written(abs(amount)))}", text), (amount, text)


def test_who_is_served_against_the_usual_order_is_served_by_its_rule(told):
    said = {market: told[market]["clear"]["lines"] for market in OF_EACH_MARKET}
    assert said["sealed_bid"][1] == "bidder_1 loses: by its rule, which gives to bidder_0; pays 0.123458, by its rule"
    assert said["sealed_bid"][0] == "bidder_0 wins: rank 3, bid 0.4; is paid 0.123457, by its rule"
    assert said["multi_unit"][0] == "bidder_0 wins nothing: its bid 0.9, by its rule; pays 0.123457, by its rule"
    assert said["position"][0] == "bidder_0 gets no slot: 10 has none by its rule; pays 0.123457, by its rule"
    assert "not the highest, by its rule; delivers 1" in said["scoring"][1]
    assert said["task_market"][-2] == "bidder_1 takes the task by its rule"
    assert said["clock"][0] == "bidder_0 leaves at 0, by its rule, within its limit of 0.4"
    assert "does not trade: by its rule, the last to trade is buyer_2" in said["double_auction"][0]
    assert said["order_book"][2] == "3. Bob would sell at 9.5: trades with Ann at 5, by its rule"
    assert said["combinatorial"][0] == "bidder Ann wins A with its bid 28; pays 0.123457, by its rule"


@pytest.mark.parametrize("market", ["sealed_bid", "sequential", "multi_unit"])
def test_money_that_is_paid_out_is_no_revenue(told, market):
    page = told[market]["pages"][2]
    assert "revenue 0.247" not in page
    if market == "sequential":
        assert "price by round: -0.123" in page


def literals(node):
    """The strings that an expression compares with."""
    parts = node.elts if isinstance(node, ast.Tuple | ast.List | ast.Set) else [node]
    return {part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)}


def switches(tree):
    """Comparisons of something with the name of a mechanism, as source; a market's kind may share its name."""
    names = set(mechanisms())
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            kinds = [side for side in sides if not literals(side) and "market" in ast.unparse(side)]
            found = not kinds and any(literals(side) & names for side in sides)
        elif isinstance(node, ast.Dict):
            keys = [literals(key) for key in node.keys if key is not None]
            found = bool(keys) and all(key and key <= names for key in keys)
        else:
            found = isinstance(node, ast.MatchValue) and bool(literals(node.value) & names)
        if found:
            yield ast.unparse(node)


def kinds_by_name(tree):
    """Comparisons of what a rule, a prior, a kind of market or of auction is called with a name: the row tells it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            called = [side.attr for side in sides if isinstance(side, ast.Attribute)]
            if {"name", "market", "auction_type"} & set(called) and any(literals(side) for side in sides):
                yield ast.unparse(node)


def guesses(tree):
    """Parameters of a rule that are read by their name, with a guess where there is none."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("getattr", "hasattr"):
            asked = ast.unparse(node.args[0])
            if (
                re.search(r"(mechanism|options|section|parameters)$", asked)
                and literals(node.args[1])
                and (node.func.id == "hasattr" or len(node.args) == 3)
            ):
                yield ast.unparse(node)


def test_the_search_finds_switches_and_guesses():
    planted = ast.parse(
        "a.mechanism.name == 'gsp'\nname in ('x', 'tullock')\nreasons = {'dutch': 1}\n"
        "scenario.market == 'combinatorial'\ngetattr(a.mechanism, 'reserve', 0.0)\ngetattr(a, 'reserve', 0)"
    )
    assert len(list(switches(planted))) == 3
    assert list(guesses(planted)) == ["getattr(a.mechanism, 'reserve', 0.0)"]
    assert list(kinds_by_name(planted)) == ["a.mechanism.name == 'gsp'", "scenario.market == 'combinatorial'"]


@pytest.mark.parametrize("path", OUTSIDE, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_name_of_a_rule_is_switched_on(path):
    tree = ast.parse(path.read_text())
    assert not list(switches(tree))
    if path.name not in READ_FROM_TEXT:
        assert not list(kinds_by_name(tree))
    assert not list(guesses(tree))
