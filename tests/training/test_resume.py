import json
import signal

import pytest
import yaml

from econo_env.policies.networks import read_networks
from econo_env.training.checkpoints import (
    checkpoint_path,
    checkpoints_in,
    read_checkpoint,
    remove_old,
    steps_of_checkpoint,
    write_checkpoint,
)
from econo_env.training.logs import read_metrics
from econo_env.training.run import read_run_config, resume_run, start_run, train_seed
from econo_env.training.trainer import Trainer
from tests.training.conftest import SMALL, assert_same_bits, command, contents, final_state

KILLED_AT_ITERATION_7 = """
import os, signal
from econo_env.training.cli import main
from econo_env.training.trainer import Trainer

iterate = Trainer.iterate

def killed(self):
    result = iterate(self)
    if self.iteration == 7:  # checkpoints stand at iterations 2, 4, 6
        os.kill(os.getpid(), signal.SIGKILL)
    return result

Trainer.iterate = killed
main()
"""


class TrainingInterruptedError(RuntimeError):
    pass


def interrupt_at(monkeypatch, iteration):
    """Lets a training fall over in the middle of an iteration, after it has moved every generator and environment."""
    iterate = Trainer.iterate

    def falling(self):
        result = iterate(self)
        if self.iteration == iteration:
            raise TrainingInterruptedError
        return result

    monkeypatch.setattr(Trainer, "iterate", falling)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("one shot", []),
        ("several rounds", ["scenario.max_cycles=5"]),
        ("truncated in mid-rollout", ["scenario.max_cycles=3", "scenario.end_of_episode=truncation"]),
        ("a network for each seat", ["sharing=per_seat", "learner.batch_size=16"]),
        (
            "a pool of opponents",
            ["opponents={fixed: [zero_intelligence], past_every: 64, past_keep: 2}", "checkpoints.every=64"],
        ),
        ("forecasts", ["scenario.max_cycles=5", "scenario.feedback=all_bids", "sharing=shared", "forecasts={lags: 2}"]),
        (
            "network",
            ["scenario.max_cycles=5", "scenario.feedback=all_bids", "sharing=shared", "forecasts={by: network}"],
        ),
        ("sac", ["algorithm=sac", "sharing=shared"]),
        ("td3", ["algorithm=td3", "sharing=shared", "scenario.max_cycles=3"]),
        ("learned exploration", ["learner.std.final=null", "learner.activation=tanh"]),
    ],
)
def test_resumed_equals_uninterrupted_bit_for_bit(name, changes, small, quiet, tmp_path, monkeypatch):
    config = small(*changes)
    start_run(config, tmp_path / "whole", quiet)
    with monkeypatch.context() as patch:
        interrupt_at(patch, 5)  # checkpoints stand at iterations 2, 4, ...
        with pytest.raises(TrainingInterruptedError):
            start_run(config, tmp_path / "cut", quiet)
    assert len(checkpoints_in(tmp_path / "cut/checkpoints")) == 2
    resume_run(tmp_path / "cut", console=quiet)
    assert_same_bits(final_state(tmp_path / "whole"), final_state(tmp_path / "cut"))


def test_resumed_metrics_hold_each_step_once_and_agree(small, quiet, tmp_path, monkeypatch):
    config = small()
    start_run(config, tmp_path / "whole", quiet)
    with monkeypatch.context() as patch:
        interrupt_at(patch, 6)
        with pytest.raises(TrainingInterruptedError):
            start_run(config, tmp_path / "cut", quiet)
    resume_run(tmp_path / "cut", console=quiet)

    def without_clock(folder):
        return [
            {name: value for name, value in row.items() if not name.startswith("time/")} for row in read_metrics(folder)
        ]

    assert without_clock(tmp_path / "cut") == without_clock(tmp_path / "whole")


def test_killed_process_resumes_to_the_same_weights(tmp_path):
    settings = {**SMALL, "total_timesteps": 1280}
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(settings))
    whole = command("train", "c.yaml", "--out", "whole", cwd=tmp_path)
    cut = command("train", "c.yaml", "--out", "cut", cwd=tmp_path, code=KILLED_AT_ITERATION_7)
    assert cut.wait() == -signal.SIGKILL
    assert read_checkpoint(checkpoints_in(tmp_path / "cut/checkpoints")[-1])["iteration"] == 6
    again = command("resume", "cut", cwd=tmp_path)
    assert again.communicate()[1].count("goes on from") == 1
    assert whole.wait() == again.wait() == 0
    assert_same_bits(final_state(tmp_path / "whole"), final_state(tmp_path / "cut"))


def test_killed_before_the_first_checkpoint_starts_over(small, quiet, tmp_path, monkeypatch):
    config = small()
    start_run(config, tmp_path / "whole", quiet)
    with monkeypatch.context() as patch:
        interrupt_at(patch, 1)
        with pytest.raises(TrainingInterruptedError):
            start_run(config, tmp_path / "cut", quiet)
    resume_run(tmp_path / "cut", console=quiet)
    assert_same_bits(final_state(tmp_path / "whole"), final_state(tmp_path / "cut"))


@pytest.mark.parametrize("damage", ["cut short", "one bit", "empty"])
def test_damaged_checkpoint_falls_back_to_the_one_before(damage, small, quiet, tmp_path):
    config = small()
    start_run(config, tmp_path / "run", quiet)
    expected = final_state(tmp_path / "run")
    newest = checkpoints_in(tmp_path / "run/checkpoints")[-1]
    content = bytearray(newest.read_bytes())
    if damage == "one bit":
        content[len(content) // 2] ^= 1
    newest.write_bytes({"cut short": content[:-100], "one bit": content, "empty": b""}[damage])
    resume_run(tmp_path / "run", console=quiet)
    said = quiet.file.getvalue()
    assert f"{newest.name}' is damaged" in said
    assert "going back to the one before" in said
    assert_same_bits(expected, final_state(tmp_path / "run"))


def test_all_checkpoints_damaged_is_a_clear_error(small, quiet, tmp_path):
    start_run(small(), tmp_path / "run", quiet)
    for path in checkpoints_in(tmp_path / "run/checkpoints"):
        path.write_bytes(b"gone")
    with pytest.raises(ValueError, match=r"all 4 checkpoints in .* are damaged"):
        resume_run(tmp_path / "run", console=quiet)


def test_resume_with_a_larger_total_goes_on(small, quiet, tmp_path):
    start_run(small(), tmp_path / "run", quiet)
    [summary] = resume_run(tmp_path / "run", ["total_timesteps=1024"], quiet)
    assert summary["timesteps"] == 1024
    assert summary["timesteps_now"] == 512
    assert [row["timesteps"] for row in read_metrics(tmp_path / "run")] == list(range(0, 1025, 64))


def test_resume_of_a_finished_run_changes_nothing(small, quiet, tmp_path):
    start_run(small(), tmp_path / "run", quiet)
    before = contents(tmp_path / "run")
    for changes in ([], ["evaluation.every=64"], ["total_timesteps=512"]):
        with pytest.raises(ValueError, match=r"has had all its 512 agent-steps, and nothing is changed: .*=1024"):
            resume_run(tmp_path / "run", changes, quiet)
    with pytest.raises(ValueError, match=r"total_timesteps=511: .* has had 512 agent-steps already"):
        resume_run(tmp_path / "run", ["total_timesteps=511"], quiet)
    assert contents(tmp_path / "run") == before


def test_a_finished_run_without_its_summary_is_summed_up(small, quiet, tmp_path):
    [before] = start_run(small(), tmp_path / "run", quiet)
    (tmp_path / "run/summary.json").unlink()
    [summary] = resume_run(tmp_path / "run", console=quiet)
    assert summary["timesteps_now"] == 0
    assert summary["metrics"] == before["metrics"]
    assert json.loads((tmp_path / "run/summary.json").read_text()) == summary


def test_a_longer_total_is_noted_where_it_begins(small, quiet, tmp_path):
    start_run(small(), tmp_path / "run", quiet)
    resume_run(tmp_path / "run", ["total_timesteps=640", "evaluation.every=64"], quiet)
    [noted] = json.loads((tmp_path / "run/provenance.json").read_text())["resumed"]
    assert noted["timesteps"] == {"0": 512}
    assert noted["changes"] == ["total_timesteps=640", "evaluation.every=64"]
    config = read_run_config(tmp_path / "run")
    assert (config.total_timesteps, config.evaluation.every) == (640, 64)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("learner", {**SMALL["learner"], "n_epochs": 3}, "learner.n_epochs is 3, but the run was trained with 2"),
        ("scenario", "second_price_v0", "scenario.id is 'second_price_v0', but"),
        ("torch_threads", 2, "torch_threads is 2"),
    ],
)
def test_a_config_changed_by_hand_is_refused(key, value, said, small, quiet, tmp_path):
    start_run(small(), tmp_path / "run", quiet)
    path = tmp_path / "run/config.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), key: value}))
    before = contents(tmp_path / "run")
    with pytest.raises(ValueError, match=f"{said}.*put it back"):
        resume_run(tmp_path / "run", ["total_timesteps=640"], quiet)
    assert contents(tmp_path / "run") == before


@pytest.mark.parametrize("keep", [2, 3])
def test_as_many_checkpoints_are_kept_as_asked_for(keep, small, quiet, tmp_path):
    start_run(small(f"checkpoints.keep={keep}"), tmp_path / "run", quiet)
    steps = [steps_of_checkpoint(path) for path in checkpoints_in(tmp_path / "run/checkpoints")]
    assert steps == [128, 256, 384, 512][-keep:]


def test_checkpoints_are_in_order_of_their_steps(tmp_path):
    steps = [1, 999_999_999_999, 1_000_000_000_000, 20_000_000_000_000]
    for number in reversed(steps):
        write_checkpoint(checkpoint_path(tmp_path, number), {"steps": number})
    assert [read_checkpoint(path)["steps"] for path in checkpoints_in(tmp_path)] == steps
    remove_old(tmp_path, 2)
    assert [steps_of_checkpoint(path) for path in checkpoints_in(tmp_path)] == steps[-2:]


def test_resume_refuses_what_would_make_it_another_run(small, quiet, tmp_path):
    start_run(small(), tmp_path / "run", quiet)
    with pytest.raises(ValueError, match=r"may change only total_timesteps, evaluation, checkpoints"):
        resume_run(tmp_path / "run", ["learner.gamma=0.5"], quiet)
    with pytest.raises(ValueError, match="holds no training run"):
        resume_run(tmp_path, console=quiet)


def test_same_seed_same_weights_other_seed_others(small, quiet, tmp_path):
    folders = [tmp_path / name for name in ("a", "b", "c")]
    for folder, seed in zip(folders, (3, 3, 4), strict=True):
        folder.mkdir()
        train_seed(small(), folder, seed, quiet)
    one, same, other = map(final_state, folders)
    assert_same_bits(one, same)
    key = "/learners/shared/policy/action_net.weight"
    assert one[key].tobytes() != other[key].tobytes()


def test_interrupted_seeds_all_go_on(small, quiet, tmp_path, monkeypatch):
    config = small("seeds=[1, 2]")
    start_run(config, tmp_path / "whole", quiet)
    with monkeypatch.context() as patch:
        interrupt_at(patch, 5)
        with pytest.raises(TrainingInterruptedError):
            start_run(config, tmp_path / "cut", quiet)
    assert not (tmp_path / "cut/seed_2").exists()
    summaries = resume_run(tmp_path / "cut", console=quiet)
    assert [summary["seed"] for summary in summaries] == [1, 2]
    for seed in (1, 2):
        whole, cut = (read_networks(tmp_path / name / f"seed_{seed}/policy.npz") for name in ("whole", "cut"))
        assert all((a == b).all() for a, b in zip(whole[0].layers[0], cut[0].layers[0], strict=True))
