"""Rules, kinds of market and policies from outside: there at once, gone when they go, and no harm to the rest."""

import sys
from dataclasses import replace
from importlib.metadata import EntryPoint

import gymnasium
import numpy as np
import pettingzoo
import pytest

import econo_env
from econo_env import table
from econo_env.catalogue import MARKETS, scenario_table
from econo_env.clearing.base import CLEARINGS, Clearing
from econo_env.clearing.picture import Column, Picture
from econo_env.interfaces.gymnasium import SingleAgentEnv
from econo_env.mechanisms.base import MECHANISMS
from econo_env.mechanisms.document import Cleared, clear_document
from econo_env.policies import Row, make_policy, policy_names
from econo_env.policy import POLICIES
from econo_env.table import Table
from tests.interfaces.banning_market import BANNING

MINE = replace(MECHANISMS.row("second_price"), name="mine", reversible=False)


has_a_registry = hasattr(pettingzoo, "register")  # from 1.27 on


def pettingzoos():
    return {*pettingzoo.parallel_registry} & {*pettingzoo.aec_registry} if has_a_registry else set()


def test_a_rule_is_there_as_soon_as_it_is_registered_and_gone_when_it_goes():
    before = econo_env.scenarios()
    assert "mine_v0" not in before
    with MECHANISMS.registered(MINE):
        assert set(econo_env.scenarios()) - set(before) == {"mine_v0"}
        assert econo_env.load("mine_v0", num_agents=5).mechanism.name == "mine"
        assert isinstance(gymnasium.make("econo/mine-v0").unwrapped, SingleAgentEnv)
        assert ("econo/mine-v0" in pettingzoos()) == has_a_registry
        outcome = econo_env.mechanisms.clear("mine", [0.4, 0.9, 0.7])
        np.testing.assert_allclose(outcome.payments, [0.0, 0.7, 0.0])
        assert clear_document({"mechanism": {"name": "mine"}, "bids": [1.0]}).winners == [0]
    assert econo_env.scenarios() == before
    assert "econo/mine-v0" not in pettingzoos()
    with pytest.raises(gymnasium.error.NameNotFound):
        gymnasium.make("econo/mine-v0")
    with pytest.raises(ValueError, match="unknown mechanism 'mine': choose one of all_pay, "):
        MECHANISMS.row("mine")


def test_a_kind_of_market_is_there_as_soon_as_it_is_registered_and_gone_when_it_goes():
    with MARKETS.registered(BANNING):
        assert econo_env.load("banning_v0") is scenario_table()["banning_v0"]
        env = gymnasium.make("econo/banning-v0")
        env.reset(seed=0)
        assert econo_env.catalogue.from_mapping({"id": "b_v0", "market": "banning", "num_agents": 2}).num_agents == 2
    assert "banning_v0" not in econo_env.scenarios()


def test_what_is_told_of_a_kind_of_market_is_there_as_soon_as_it_is_registered_and_gone_when_it_goes():
    rule, document = replace(MINE, name="bans", market="banning"), {"mechanism": {"name": "bans"}}
    decided = Cleared([], [], [], 0.0, 0.0, 0.0, ["nobody is banned"])
    drawn = Picture(
        [Column("due", np.array([0.0, 1.0, 2.5]))], np.zeros(3, dtype=bool), ["due"], rule="Some are banned."
    )
    told = Clearing("banning", clear=lambda *_: decided, picture=lambda *_: drawn)
    with MARKETS.registered(BANNING), MECHANISMS.registered(rule):
        with CLEARINGS.registered(told):
            assert clear_document(document) == decided
            env = econo_env.parallel_env("banning_v0", render_mode="ansi")
            assert env.metadata["render_modes"]
            env.reset(seed=0)
            assert "2.500" in env.render()
        with pytest.raises(ValueError, match="mechanism bans: a banning market reads no documents"):
            clear_document(document)
        assert econo_env.parallel_env("banning_v0").metadata["render_modes"] == []
    with pytest.raises(ValueError, match="a clearing of a kind of market named 'clock' is there already"):
        econo_env.register_clearing(Clearing("clock"))


def test_a_policy_is_there_as_soon_as_it_is_registered():
    scenario = econo_env.load("first_price_v0")
    row = Row("mine", "Bids the value.", make=POLICIES.row("truthful").make)
    with POLICIES.registered(row):
        assert policy_names()[-1] == "mine"
        assert make_policy("mine", scenario).act(np.zeros((1, 2, 2), np.float32), np.ones((1, 2), bool)).shape[:2] == (
            1,
            2,
        )
    with pytest.raises(ValueError, match="unknown policy 'mine'"):
        make_policy("mine", scenario)


def test_registering_twice_is_once_and_another_of_the_name_is_refused():
    with MECHANISMS.registered(MINE):
        assert econo_env.register_mechanism(MINE) is MINE
        with pytest.raises(ValueError, match="a mechanism named 'mine' is there already: give yours another name"):
            econo_env.register_mechanism(replace(MINE, summary="Another."))
    with pytest.raises(ValueError, match="a policy named 'truthful' is there already"):
        econo_env.register_policy(Row("truthful", "Lies.", make=lambda *_: None))
    with pytest.raises(TypeError, match=r"'mine' is no kind of market: give a econo_env.market.Market"):
        econo_env.register_market("mine")
    assert "mine" not in MECHANISMS.rows()


def test_a_scenario_that_is_missing_says_why(monkeypatch):
    monkeypatch.setitem(MECHANISMS.left_out, "lost", "mechanism 'lost' is left out: it does not import")
    for name in ("lost_v0", "lost"):
        with pytest.raises(
            ValueError, match=r"unknown scenario 'lost.*\.yaml file\); mechanism 'lost' is left out: it"
        ):
            econo_env.load(name)


def test_a_rule_whose_scenario_cannot_be_made_is_refused_and_the_rest_stays():
    before = econo_env.scenarios()
    bad = replace(MINE, name="bad", setting={"num_agent": 3})
    with MECHANISMS.registered(MINE):
        said = "'bad' is left out: its built-in scenario cannot be made: unknown key 'num_agent', did you mean"
        with pytest.raises(ValueError, match=said):
            econo_env.register_mechanism(bad)
        assert {*before, "mine_v0"} == set(econo_env.scenarios())
    same = econo_env.load("first_price_v0")
    taken = replace(BANNING, name="taken", built_in=lambda: [same])
    with pytest.raises(ValueError, match="a scenario first_price_v0 is there already"):
        econo_env.register_market(taken)
    BANNING.__post_init__()  # its configuration knows it again
    assert econo_env.scenarios() == before


class Dist:
    name, version = "tiny", "0.3"


def offered(monkeypatch, tmp_path, **modules):
    """Entry points of the group `tests.rows`, one to the `ROW` of each of these modules."""
    points = []
    for name, text in modules.items():
        (tmp_path / f"{name}.py").write_text(text)
        monkeypatch.delitem(sys.modules, name, raising=False)
        points.append(EntryPoint(name, f"{name}:ROW", "tests.rows")._for(Dist()))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(table, "entry_points", lambda group: points if group == "tests.rows" else [])
    own = Row("own", "Of the package.", make=lambda *_: None)
    return Table("policy", "tests.rows", lambda: [own], Row)


ROW = "from econo_env.policies import Row\nROW = Row({!r}, 'Something.', make=None)\n"


def test_a_broken_entry_point_is_one_sentence_and_takes_nothing_down(monkeypatch, tmp_path, caplog):
    rows = offered(
        monkeypatch,
        tmp_path,
        tiny_missing="import no_such_library_of_ours\n",
        tiny_other="ROW = 3\n",
        tiny_taken=ROW.format("own"),
        tiny_absent="",
        tiny_good=ROW.format("good"),
        tiny_exits="raise SystemError('no\\nway')\n",
    )
    assert list(rows.rows()) == ["own", "good"]
    assert [row.name for row in rows.outside()] == ["good"]
    said = [record.getMessage() for record in caplog.records]
    begins = "policy '{0}', which the package tiny 0.3 offers by its entry point {0}:ROW, is left out: {1}"
    assert said == [
        begins.format("tiny_missing", "ModuleNotFoundError: No module named 'no_such_library_of_ours'"),
        begins.format("tiny_other", "TypeError: 3 is no policy: give a econo_env.policy.Row"),
        begins.format("tiny_taken", "ValueError: a policy named 'own' is there already: give yours another name"),
        begins.format("tiny_absent", "AttributeError: module 'tiny_absent' has no attribute 'ROW'"),
        begins.format("tiny_exits", "SystemError: no way"),
    ]
    with pytest.raises(ValueError, match=r"unknown policy 'tiny_missing': .* No module named 'no_such"):
        rows.row("tiny_missing")
    rows.rows()
    assert len(caplog.records) == 5, "said once"


def test_a_module_that_is_just_being_imported_is_waited_for(monkeypatch, tmp_path, caplog):
    """A user who imports a package first imports ours within it, before its row is there."""
    inside = "import tiny_table\ntiny_table.SEEN = list(tiny_table.ROWS.rows())\n"
    rows = offered(monkeypatch, tmp_path, tiny_first=inside + ROW.format("first"))
    (tmp_path / "tiny_table.py").write_text("ROWS = None\n")
    monkeypatch.delitem(sys.modules, "tiny_table", raising=False)
    import tiny_table

    tiny_table.ROWS = rows
    import tiny_first

    assert tiny_table.SEEN == ["own"]
    assert rows.rows()["first"] is tiny_first.ROW
    assert caplog.records == []
