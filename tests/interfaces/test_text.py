"""Markets as text: what is said is what is seen, what is answered is what is done, and nothing else is an action."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import econo_env
from econo_env.engine.engine import Engine
from econo_env.interfaces.text import AnswerError, TextForm
from econo_env.interfaces.text_agent import TextAgent, text_env
from econo_env.market import market_of
from econo_env.money import to_money
from econo_env.policies import make_policy
from econo_env.training.evaluation import evaluate

ROOT = Path(__file__).parents[2]
TICKS = 3
FIRST_PRICE = econo_env.load("first_price_v0")
SEEN = np.array([0.5, 1.0], dtype=np.float32)
ENGINE = Engine(FIRST_PRICE)


@pytest.mark.parametrize("scenario", econo_env.scenarios())
def test_text_plays_the_parallel_env_to_the_bit(scenario):
    env, told = econo_env.parallel_env(scenario), text_env(scenario)
    observations, infos = env.reset(seed=3)
    words = told.reset(seed=3)
    rng = np.random.default_rng(5)
    for _ in range(TICKS):
        actions = {agent: rng.uniform(-1, 1, env.action_space(agent).shape).astype(np.float32) for agent in env.agents}
        actions[env.agents[0]][:] = rng.choice([-1.0, 1.0])
        may_act = {agent: bool(infos[agent]["action_mask"][0]) for agent in env.agents}
        for agent in env.agents:
            state = json.loads(json.dumps(told.state(agent)))
            assert np.array_equal(np.array(list(state["seen"].values()), np.float32), observations[agent])
            assert tuple(state["seen"]) == market_of(env.scenario).observations(env.scenario)
            assert state["may_act"] == may_act[agent]
            for name, value in state["seen"].items():
                assert f"{name} {value:.6g} (" in words[agent]
        answers = {agent: told.form.answer(actions[agent], may_act[agent]) for agent in env.agents}
        observations, rewards, terminations, truncations, infos = env.step(actions)
        words, earned, ended, shown = told.step(answers)
        assert earned == rewards
        assert ended == {agent: terminations[agent] or truncations[agent] for agent in rewards}
        assert told.agents == env.agents
        assert env.scenario.id in shown
        if not env.agents:
            break


@given(st.floats(-1, 1, width=32), st.floats(0, 1, width=32))
def test_any_action_comes_back_to_the_bit(number, value):
    form, seen = TextForm(FIRST_PRICE), np.array([value, 1.0], dtype=np.float32)
    action = np.array([number], dtype=np.float32)
    assert form.action(form.answer(action), seen).tobytes() == action.tobytes()


@given(st.floats(0, 1, width=32), st.floats(0, 1))
def test_a_bid_in_credits_is_that_bid_in_the_market(value, share):
    engine, form = ENGINE, TextForm(FIRST_PRICE)
    engine.reset(0)
    seen = np.array([value, 1.0], dtype=np.float32)
    engine.state.values[:] = to_money(float(value))
    low, high = form.credits.ranges(seen)[0]
    amount = low + share * (high - low)
    engine.buffers.actions[:, 0] = form.action(json.dumps({"bid_credits": amount}), seen)
    engine.step(engine.buffers.actions)
    assert engine.state.bids[0, 0] == pytest.approx(amount * 1e6, abs=1.5)


@pytest.mark.parametrize("scenario", econo_env.scenarios())
def test_ranges_in_credits_are_those_that_actions_can_say(scenario):
    scenario = econo_env.load(scenario)
    form, bids = TextForm(scenario), market_of(scenario).baselines.bids
    if bids is None:
        assert form.credits is None
        return
    engine = Engine(scenario)
    engine.reset(1)
    for seen in engine.buffers.observations[0]:
        values = form.credits.values(seen)
        for j, (low, high) in enumerate(form.credits.ranges(seen)):
            assert 0.0 <= low <= high

            def placed(amount, j=j, values=values, seen=seen):
                amounts = values.copy()
                amounts[j] = amount
                return form.credits.place(seen, amounts)[j]

            inside = [placed(low + share * (high - low)) for share in (0.0, 0.25, 0.5, 0.75, 1.0)]
            assert len(set(inside)) == (5 if high > low else 1)
            assert placed(1.1 * high + 1e-3) == placed(1.2 * high + 2e-3), "nothing beyond can be told apart"


WRONG = [
    ("I bid 0.3", "is no JSON object: answer with one alone, such as"),
    ("", "is no JSON object"),
    ("[0.3]", "is no JSON object"),
    ('{"bid": 0.3} and that is all', "is no JSON object"),
    ('{"bid": 0.3', "is no JSON object"),
    ("[" * 100_000, "is no JSON object"),
    ('{"bid": 1.5}', "bid = '1.5' is out of range: give a number from -1 to 1"),
    ('{"bid": 1e999}', "out of range"),
    ('{"bid": ' + "9" * 400 + "}", "out of range"),
    ('{"bid": NaN}', "bid = 'NaN' is no number: give a number from -1 to 1"),
    ('{"bid": Infinity}', "is no number"),
    ('{"bid": "0.3"}', "is no number: give a number from -1 to 1, without quotes"),
    ('{"bid": true}', "is no number"),
    ('{"bid": null}', "is no number"),
    ('{"bit": 0.3}', "unknown key 'bit': allowed are bid, bid_credits"),
    ('{"bid": 0.1, "effort": 1}', "unknown key 'effort'"),
    ('{"bid": 0.1, "bid": 0.2}', "'bid' stands twice"),
    ('{"bid": 0.1, "bid_credits": 0.2}', "'bid' stands beside amounts in credits: give bid_credits"),
    ('{"bid_credits": 1.01}', "bid_credits = '1.01' is out of range: give a number from 0 to 1"),
    ('{"bid_credits": -0.01}', "out of range"),
    ("{}", "'bid' is missing: give a number for each of bid"),
    (0.3, "an answer of type float is no text"),
]


@pytest.mark.parametrize(("answer", "said"), WRONG)
def test_a_wrong_answer_is_told_what_is_allowed(answer, said):
    with pytest.raises(AnswerError) as error:
        TextForm(FIRST_PRICE).action(answer, SEEN)
    assert said in str(error.value)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 300


def test_a_fenced_answer_is_one():
    assert TextForm(FIRST_PRICE).action('```json\n{"bid": -0.5}\n```', SEEN) == np.float32(-0.5)


def test_who_may_not_act_can_only_do_nothing():
    form = TextForm(FIRST_PRICE)
    assert form.action("{}", SEEN, may_act=False).tolist() == [0.0]
    with pytest.raises(AnswerError, match=r"is not open to you: you may do nothing in this tick: answer \{\}"):
        form.action('{"bid": 0.1}', SEEN, may_act=False)
    assert "you may do nothing" in form.words(SEEN, may_act=False)


def test_what_is_heard_of_those_who_may_not_act_can_be_said():
    """Contracts that last are worked on, and left, in ticks in which one may not bid."""
    scenario = econo_env.load(ROOT / "configs" / "scenarios" / "task_market_lasting.yaml")
    form, names = TextForm(scenario), market_of(scenario).action_names(scenario)
    seen = np.full(len(market_of(scenario).observations(scenario)), 0.5, dtype=np.float32)
    assert form.heard == ("exertion", "abandon")
    action = np.linspace(-0.9, 0.9, len(names), dtype=np.float32)
    heard = np.where(np.isin(names, form.heard), action, np.float32(0.0))
    assert form.action(form.answer(action, may_act=False), seen, may_act=False).tobytes() == heard.tobytes()
    with pytest.raises(AnswerError, match="or give a number for exertion, abandon alone"):
        form.action('{"effort": 0.5}', seen, may_act=False)


def test_a_wrong_answer_changes_nothing_in_the_market():
    env = text_env("first_price_v0")
    env.reset(seed=0)
    before = env.env.engine.snapshot().arrays()
    with pytest.raises(AnswerError, match=r"bidder_1: bid = '7' is out of range"):
        env.step({"bidder_0": '{"bid": 0.1}', "bidder_1": '{"bid": 7}'})
    with pytest.raises(ValueError, match=r"answer of bidder_1 is missing"):
        env.step({"bidder_0": '{"bid": 0.1}'})
    assert all(np.array_equal(a, b) for a, b in zip(before, env.env.engine.snapshot().arrays(), strict=True))


def model(prompt):
    """A model that reads its value in the prompt and shades it."""
    line = next(line for line in prompt.splitlines() if line.startswith("in credits: "))
    return json.dumps({"bid_credits": 0.5 * float(line.split()[2].rstrip(","))})


def test_a_model_is_judged_as_the_policy_that_it_plays():
    judge = {"seeds": [0], "markets": 16, "regret": False, "baselines": ()}
    agent = TextAgent(FIRST_PRICE, model)
    played = evaluate(agent, FIRST_PRICE, **judge).metrics
    meant = evaluate(make_policy("shading", FIRST_PRICE, factor=0.5), FIRST_PRICE, **judge).metrics
    assert agent.asked == 32
    assert agent.note == ""
    assert played["revenue"].mean == pytest.approx(meant["revenue"].mean, abs=1e-5)  # words have six digits


def test_a_model_that_errs_is_told_why_and_asked_again():
    prompts, answers = [], iter(["0.2", '{"bid": 0.25}'])

    def ask(prompt):
        prompts.append(prompt)
        return next(answers)

    action = TextAgent(FIRST_PRICE, ask).act(SEEN[None], np.array([True]))
    assert action.tolist() == [[0.25]]
    assert "You answered: 0.2" in prompts[1]
    assert "is no JSON object" in prompts[1]


def test_where_no_answer_is_an_action_the_fallback_plays_and_is_counted():
    shading = make_policy("shading", FIRST_PRICE, factor=0.7)
    agent = TextAgent(FIRST_PRICE, lambda prompt: "no", tries=3, fallback=shading)
    seen, mask = np.array([[SEEN, SEEN]]), np.array([[True, False]])
    assert np.array_equal(agent.act(seen, mask), shading.act(seen, mask))
    assert (agent.asked, agent.failed) == (1, 1), "who may not act is not asked"
    assert agent.note.startswith("1 of 1 actions were not understood")
    truthful = TextAgent(FIRST_PRICE, lambda prompt: "no").act(seen, mask)
    assert np.array_equal(truthful, make_policy("truthful", FIRST_PRICE).act(seen, mask))
    with pytest.raises(AnswerError, match="is no JSON object"):
        TextAgent(FIRST_PRICE, lambda prompt: "no", strict=True).act(seen, mask)


@pytest.mark.parametrize("scenario", ["first_price_v0", "uniform_price_v0", "task_market_v1", "coordination_market_v0"])
def test_the_schema_names_what_is_taken(scenario):
    scenario = econo_env.load(scenario)
    form = TextForm(scenario)
    plain, *others = form.schema()["oneOf"]
    assert tuple(plain["properties"]) == market_of(scenario).action_names(scenario)
    assert plain["additionalProperties"] is False
    engine = Engine(scenario)
    engine.reset(0)
    seen = engine.buffers.observations[0, 0]
    for kind in [plain, *others[:-1]]:
        inside = {name: one["minimum"] if "maximum" in one else 0.05 for name, one in kind["properties"].items()}
        form.action(json.dumps(inside), seen)
        for name in kind["required"]:
            with pytest.raises(AnswerError, match="is missing"):
                form.action(json.dumps({key: value for key, value in inside.items() if key != name}), seen)
