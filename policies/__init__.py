"""Bidding strategies behind one `Policy` protocol.

make_policy("shading", scenario, factor=0.7).act(observations, mask)
"""

from policies.base import Policy, make_policy, policy_names

__all__ = ["Policy", "make_policy", "policy_names"]
