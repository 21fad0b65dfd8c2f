import pytest
from rich.console import Console

from econo_env.training.config import config_from
from econo_env.training.report.contents import Effort
from econo_env.training.run import start_run

SMALL = {
    "num_markets": 64,
    "n_steps": 4,
    "batch_size": 128,
    "net_arch": [8],
}
EFFORT = Effort(
    seeds=3,
    markets=64,
    search={"types": 16, "bids": 64, "actions": 32, "selection": 512, "evaluation": 512, "luck": 16},
    moments=4,
)


def train(folder, scenario, seeds=(0,), steps=3000):
    config = config_from(
        {
            "scenario": scenario,
            "total_timesteps": steps,
            "seeds": list(seeds),
            "learner": SMALL,
            "evaluation": {"every": 500, "num_markets": 16},
            "checkpoints": {"every": 500, "keep": 5},
        }
    )
    start_run(config, folder, Console(quiet=True))
    return folder


@pytest.fixture(scope="session")
def auction_run(tmp_path_factory):
    return train(tmp_path_factory.mktemp("runs") / "auction", "first_price_v0", seeds=(3, 5))


@pytest.fixture(scope="session")
def task_run(tmp_path_factory):
    return train(tmp_path_factory.mktemp("runs") / "tasks", {"id": "task_market_v0", "max_cycles": 8}, steps=4000)
