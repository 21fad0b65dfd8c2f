"""Adaptive policies: learners that go on learning in every market and agent by itself, as they play."""

from econo_env.policies.adaptive.rows import ROWS

POLICIES = ROWS
