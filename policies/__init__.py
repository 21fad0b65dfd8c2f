"""Bidding strategies behind one `Policy` protocol.

make_policy("shading", scenario, factor=0.7).act(observations, mask)
"""

from econo_env.policies.base import make_policy, policy_names
from econo_env.policy import Policy, Row, register_policy
from econo_env.second_name import give_second_name

__all__ = ["Policy", "Row", "make_policy", "policy_names", "register_policy"]

give_second_name(__name__, "econo_env.policies")
