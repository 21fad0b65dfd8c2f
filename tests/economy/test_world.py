"""An economy of all parts has a name that file systems take."""

from econo_env.economy.part import PARTS
from econo_env.economy.world import file_name


def test_names_of_loops_stay_short_and_tell_economies_apart():
    few = ["task_market", "ledger", "staking", "contracts", "conduct"]
    assert file_name(few) == "task_market-ledger-staking-contracts-conduct"
    every = ["task_market", *PARTS.rows(), "conduct"]
    names = {file_name(every[:at] + every[at + 1 :]) for at in range(1, len(every))}
    assert len(names) == len(every) - 1
    assert max(map(len, [file_name(every), *names])) <= 200, "the cache on disk adds some fifty letters"
