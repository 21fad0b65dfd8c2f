import json
import sys

import numpy as np
import pytest
import yaml

from econo_env.policies import make_policy
from econo_env.training.checkpoints import checkpoint_path, write_checkpoint
from econo_env.training.cli import main
from econo_env.training.config import config_from
from econo_env.training.logs import Logs, read_metrics
from econo_env.training.run import resume_run, start_run
from econo_env.training.run_folder import steps_done
from econo_env.training.trainer import Trainer
from tests.training.conftest import SMALL

DOCUMENTED_SCALARS = {
    "rollout/step_reward_mean",
    "train/loss",
    "train/policy_gradient_loss",
    "train/value_loss",
    "train/entropy_loss",
    "train/approx_kl",
    "train/clip_fraction",
    "train/clip_range",
    "train/explained_variance",
    "train/learning_rate",
    "train/std",
    "train/n_updates",
    "time/agent_steps_per_second",
    "time/seconds",
    "eval/utility",
    "eval/bids",
    "eval/payments",
    "eval/bid_value_ratio",
    "eval/revenue",
    "market/revenue",
    "eval/efficiency",
    "market/efficiency",
}
DOCUMENTED_HISTOGRAMS = {"market/bids", "market/bid_value_ratio", "market/payments"}
TASK_MARKET_HISTOGRAMS = {
    f"market/{name}"
    for name in ("free_money", "stake_locked", "slashed", "effort", "grade", "reputation_bound", "eligible")
}


def tags_of(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder / "tensorboard"))
    events.Reload()
    return {kind: set(events.Tags()[kind]) for kind in ("scalars", "histograms")}, events


def test_a_run_holds_what_is_promised(small, quiet, tmp_path):
    [summary] = start_run(small(), tmp_path / "run", quiet)
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert names == {
        *("config.yaml", "provenance.json", "checkpoints", "tensorboard", "metrics.jsonl", "policy.npz", "summary.json")
    }
    assert json.loads((tmp_path / "run/summary.json").read_text()) == summary
    config = yaml.safe_load((tmp_path / "run/config.yaml").read_text())
    assert config_from(config) == small()
    assert config["scenario"]["mechanism"] == {"name": "first_price", "reserve": 0.0, "units": 1}
    kept = json.loads((tmp_path / "run/provenance.json").read_text())
    assert kept["seeds"] == [0]
    assert kept["libraries"]["stable-baselines3"]
    assert kept["python"] == sys.version.split()[0]


def test_tensorboard_has_the_documented_names(small, quiet, tmp_path):
    start_run(small(), tmp_path / "run", quiet)
    tags, events = tags_of(tmp_path / "run")
    assert tags["scalars"] == DOCUMENTED_SCALARS
    assert tags["histograms"] == DOCUMENTED_HISTOGRAMS
    assert [event.step for event in events.Scalars("eval/utility")] == [0, 64, 128, 256, 384, 512]
    assert [event.step for event in events.Histograms("market/bids")][-1] == 512  # this reader keeps one by default
    bids = events.Histograms("market/bids")[-1].histogram_value
    assert bids.num == 32  # 16 markets, 2 bidders
    assert 0.0 <= bids.min <= bids.max <= 2.0
    names = {name for row in read_metrics(tmp_path / "run") for name in row}
    assert names == DOCUMENTED_SCALARS | {"timesteps"}


def test_task_market_shows_stake_and_effort(small, quiet, tmp_path):
    config = small(scenario={"id": "task_market_v0", "num_agents": 2, "max_cycles": 8})
    start_run(config, tmp_path / "run", quiet)
    assert tags_of(tmp_path / "run")[0]["histograms"] == DOCUMENTED_HISTOGRAMS | TASK_MARKET_HISTOGRAMS


def test_resumed_tensorboard_hides_what_came_after_the_checkpoint(tmp_path):
    with Logs(tmp_path) as logs:
        for step in (10, 20, 30):
            logs.write(step, {"x/y": step})
    with Logs(tmp_path, from_step=20) as logs:
        logs.write(30, {"x/y": -30})
    assert [row["x/y"] for row in read_metrics(tmp_path)] == [10, 20, -30]
    _, events = tags_of(tmp_path)
    assert [(event.step, event.value) for event in events.Scalars("x/y")] == [(10, 10), (20, 20), (30, -30)]


def test_a_file_of_a_run_that_goes_on_is_read_after_those_before(tmp_path):
    for _ in range(2):
        with Logs(tmp_path, from_step=0) as logs:
            logs.write(10, {"x": 1.0})
    seconds = [int(file.name.split(".")[3]) for file in (tmp_path / "tensorboard").iterdir()]
    assert len(set(seconds)) == 2


def test_a_file_that_somebody_else_put_there_is_no_hindrance(tmp_path):
    (tmp_path / "tensorboard").mkdir()
    (tmp_path / "tensorboard" / "events.out.tfevents.kept").write_bytes(b"")
    with Logs(tmp_path) as logs:
        logs.write(10, {"x": 1.0})


def test_half_written_last_line_is_dropped(tmp_path):
    with Logs(tmp_path) as logs:
        logs.write(10, {"x": 1.0})
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"timesteps": 20, "x"')
    with Logs(tmp_path, from_step=20) as logs:
        logs.write(30, {"x": 3.0})
    assert [row["timesteps"] for row in read_metrics(tmp_path)] == [10, 30]


def test_a_run_is_a_policy(small, quiet, tmp_path):
    config = small("seeds=[0, 1]")
    start_run(config, tmp_path / "run", quiet)
    policies = [make_policy(tmp_path / folder, config.scenario) for folder in ("run", "run/seed_0", "run/seed_1")]
    observations = np.random.default_rng(0).random((5, 2, 2)).astype(np.float32)
    whole, first, second = (policy.act(observations, np.ones((5, 2), bool)) for policy in policies)
    assert np.array_equal(whole, first)
    assert not np.array_equal(first, second)


def test_a_used_folder_is_refused(small, quiet, tmp_path):
    start_run(small(), tmp_path / "run", quiet)
    with pytest.raises(ValueError, match="is not empty: give a new folder, or go on with `econo-env resume"):
        start_run(small(), tmp_path / "run", quiet)


@pytest.mark.parametrize(
    ("sharing", "expected"),
    [("shared", "shared: one network in all 2 seats"), ("per_seat", "per_seat: 2 networks for 2 seats, taking turns")],
)
def test_header_says_what_is_trained(sharing, expected, small):
    trainer = Trainer(small(f"sharing={sharing}", "learner.batch_size=16"), 0)
    said = trainer.header()
    assert expected in said
    assert "no critic" in said
    actor = (2 * 8 + 8) + (8 + 1) + 1  # hidden layer, head, the exploration
    assert f"{actor + 2 + 1} parameters each" in said  # a line for the critic that SB3 asks for
    with_critic = Trainer(small(f"sharing={sharing}", "learner.difference_rewards=false"), 0).header()
    assert "actor and critic apart" in with_critic
    assert f"{actor + (2 * 8 + 8) + (8 + 1)} parameters each" in with_critic


def test_roles_learn_apart_in_turns(small):
    trainer = Trainer(small("sharing=per_seat", "learner.batch_size=16"), 0)
    before = [learner.learner_state()["policy"]["action_net.weight"].clone() for learner in trainer.learners.values()]
    assert not np.array_equal(*before)
    scalars = trainer.iterate()
    after = [learner.learner_state()["policy"]["action_net.weight"] for learner in trainer.learners.values()]
    assert all((a != b).any() for a, b in zip(before, after, strict=True))
    assert {"train/loss/bidder_0", "train/loss/bidder_1", "rollout/step_reward_mean/bidder_1"} <= scalars.keys()
    assert trainer.timesteps == 64


def test_warm_start_takes_the_networks_over(small, quiet, tmp_path):
    start_run(small(), tmp_path / "first", quiet)
    warm = Trainer(small(f"warm_start={tmp_path / 'first'}"), 5)
    observations = np.random.default_rng(0).random((5, 2, 2)).astype(np.float32)
    learned = make_policy(tmp_path / "first", warm.config.scenario).act(observations, np.ones((5, 2), bool))
    assert np.array_equal(warm.policy().act(observations, np.ones((5, 2), bool)), learned)
    with_critic = Trainer(small(f"warm_start={tmp_path / 'first'}", "learner.difference_rewards=false"), 5)
    assert np.array_equal(with_critic.policy().act(observations, np.ones((5, 2), bool)), learned)
    with pytest.raises(ValueError, match="networks of another shape"):
        Trainer(small(f"warm_start={tmp_path / 'first'}", "learner.net_arch=[4]"), 5)
    with pytest.raises(ValueError, match="networks of another shape: train anew"):
        with_critic.restore(warm.state())
    with pytest.raises(ValueError, match="holds no checkpoint"):
        Trainer(small(f"warm_start={tmp_path}"), 5)


def test_networks_named_before_roles_were_go_on(small, tmp_path):
    settings = ("sharing=per_seat", "learner.batch_size=16")
    fields = {"id": "procurement_first_price", "num_agents": 2}
    trainer = Trainer(small(*settings, scenario=fields), 0)
    trainer.iterate()
    kept = trainer.state()
    assert list(kept["learners"]) == ["supplier_0", "supplier_1"]
    old = {**kept, "learners": dict(zip(("bidder_0", "bidder_1"), kept["learners"].values(), strict=True))}
    again = Trainer(small(*settings, scenario=fields), 3)
    again.restore(old)
    write_checkpoint(checkpoint_path(tmp_path / "old/checkpoints", trainer.timesteps), old)
    warm = Trainer(small(*settings, f"warm_start={tmp_path / 'old'}", scenario=fields), 5)
    for later in (again, warm):
        for role, learner in later.learners.items():
            ours, theirs = learner.policy.state_dict(), kept["learners"][role]["policy"]
            assert all((ours[name] == theirs[name]).all() for name in theirs)
    assert again.timesteps == trainer.timesteps
    assert steps_done(again.config, tmp_path / "old", tmp_path) == trainer.steps()
    with pytest.raises(ValueError, match=r"has networks \['shared'\], not \['supplier_0', 'supplier_1'\]: train anew"):
        again.restore({**kept, "learners": {"shared": {}}})


def run_command(monkeypatch, capsys, *words):
    """The command line in this process: status, standard output and error."""
    monkeypatch.setattr(sys, "argv", ["econo-env", *words])
    with pytest.raises(SystemExit) as stop:
        main()
    return stop.value.code or 0, *capsys.readouterr()


def test_command_line_trains_and_resumes(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(SMALL))
    words = ("train", "c.yaml", "scenario.num_agents=4", "--seed", "3", "--json", "r.json")
    status, out, err = run_command(monkeypatch, capsys, *words)
    assert status == 0, err
    assert out.strip() == "runs/c"
    assert "512 of 512 agent-steps" in err
    assert "s left" in err
    [summary] = json.loads((tmp_path / "r.json").read_text())["runs"]
    assert (summary["seed"], summary["timesteps"]) == (3, 512)
    assert run_command(monkeypatch, capsys, *words)[1].strip() == "runs/c-2"
    words = ("resume", "runs/c", "total_timesteps=1024", "--json", "s.json")
    status, out, err = run_command(monkeypatch, capsys, *words)
    assert status == 0, err
    assert json.loads((tmp_path / "s.json").read_text())["runs"][0]["timesteps"] == 1024
    assert len(json.loads((tmp_path / "runs/c/provenance.json").read_text())["resumed"]) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("train", "nothing"), "there is no training file or scenario 'nothing'"),
        (("train", "first_price", "learner.epochs=3"), "unknown key 'learner.epochs', did you mean 'n_epochs'"),
        (("resume", "nowhere"), "holds no training run"),
    ],
)
def test_mistakes_on_the_command_line_end_in_one_sentence(words, message, monkeypatch, capsys):
    status, out, err = run_command(monkeypatch, capsys, *words)
    assert (status, out) == (2, "")
    assert message in err
    assert len(err.splitlines()) == 1


def test_resume_of_one_seed(small, quiet, tmp_path):
    start_run(small("seeds=[0, 1]"), tmp_path / "run", quiet)
    with pytest.raises(ValueError, match=r"for one seed of several.*change the whole run"):
        resume_run(tmp_path / "run/seed_1", ["total_timesteps=640"], quiet)
    with pytest.raises(ValueError, match="has had all its 512 agent-steps"):
        resume_run(tmp_path / "run/seed_1", console=quiet)
    (tmp_path / "run/seed_1/summary.json").unlink()
    (tmp_path / "run/seed_1/checkpoints/step_000000000512.ckpt").unlink()
    [summary] = resume_run(tmp_path / "run/seed_1", console=quiet)
    assert (summary["seed"], summary["timesteps"], summary["timesteps_now"]) == (1, 512, 128)
    first, second = resume_run(tmp_path / "run", ["total_timesteps=640"], quiet)
    assert (first["timesteps"], second["timesteps"]) == (640, 640)
    for name in ("run", "run/seed_0", "run/seed_1"):
        assert yaml.safe_load((tmp_path / name / "config.yaml").read_text())["total_timesteps"] == 640
