"""Checkpoints on disk: the newest by steps stay, and a changed byte is seen."""

import numpy as np
import pytest

from econo_env.training.checkpoints import (
    checkpoint_path,
    checkpoints_in,
    read_checkpoint,
    remove_old,
    write_checkpoint,
)


@pytest.mark.parametrize("keep", [1, 2, 5])
def test_the_newest_stay_and_no_more(keep, tmp_path):
    steps = [64, 128, 1024, 2 * 10**11, 10**12]  # 13 digits that begin with 1 sort before 12 by name
    for step in reversed(steps):
        write_checkpoint(checkpoint_path(tmp_path, step), {"steps": step})
    remove_old(tmp_path, keep)
    assert [read_checkpoint(path)["steps"] for path in checkpoints_in(tmp_path)] == steps[-keep:]


def test_a_changed_byte_is_seen(tmp_path):
    path = checkpoint_path(tmp_path, 1)
    write_checkpoint(path, {"number": 1.5})
    whole = path.read_bytes()
    for place in np.random.default_rng(0).integers(0, len(whole), 20):
        changed = bytearray(whole)
        changed[place] ^= 4
        path.write_bytes(changed)
        with pytest.raises(ValueError, match="is damaged"):
            read_checkpoint(path)
