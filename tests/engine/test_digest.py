"""Compiled code is renewed by what it is made of, and by nothing else."""

import importlib.util
import sys

import pytest

from econo_env.engine.digest import digest_of

HELPERS = '''
"""Helpers."""
from typing import NamedTuple
import numpy as np
from econo_env.engine.compiled import compiled

FACTOR = 3
TABLE = np.array([1, 2, 3])
UNUSED = 1

class Params(NamedTuple):
    """What a rule is told."""
    low: int
    high: int

@compiled
def helper(x):
    """Words."""
    # a comment
    return x * FACTOR + TABLE[0]

def unused(x):
    return x + 1
'''

RULE = '''
"""A rule."""
import {helpers} as helpers
from {helpers} import Params
from econo_env.engine.compiled import compiled

@compiled
def rule(x, params):
    """Words."""
    return helpers.helper(x) + params.low
'''


@pytest.fixture
def digest(tmp_path):
    """The digest of `rule` with edited helpers, each time in fresh modules of the same name."""

    def of(old="", new=""):
        assert old in HELPERS
        for name, text in (("digest_helpers", HELPERS.replace(old, new)), ("digest_rule", RULE)):
            path = tmp_path / f"{name}.py"
            path.write_text(text.format(helpers="digest_helpers") if name == "digest_rule" else text)
            spec = importlib.util.spec_from_file_location(name, path)
            module = importlib.util.module_from_spec(spec)
            sys.modules[name] = module
            spec.loader.exec_module(module)
        return digest_of([module.rule], "text")

    yield of
    for name in ("digest_helpers", "digest_rule"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("FACTOR = 3", "FACTOR = 4"),
        ("x * FACTOR + TABLE[0]", "x + FACTOR * TABLE[0]"),
        ("np.array([1, 2, 3])", "np.array([1, 2, 4])"),
        ("np.array([1, 2, 3])", "np.array([1, 2, 3], dtype=np.int32)"),
        ("low: int\n    high: int", "high: int\n    low: int"),
    ],
)
def test_what_a_rule_uses_renews_it(digest, old, new):
    assert digest(old, new) != digest()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Words.", "Other words,\n    more of them."),
        ("# a comment", "#\n\n    # another"),
        ("UNUSED = 1", "UNUSED = 2"),
        ("return x + 1", "return x + 2"),
        ("What a rule is told.", "What it knows."),
    ],
)
def test_words_and_what_it_does_not_use_leave_it_as_it_is(digest, old, new):
    assert digest(old, new) == digest()


def test_the_text_of_the_loop_counts():
    assert digest_of([], "one") != digest_of([], "two")
