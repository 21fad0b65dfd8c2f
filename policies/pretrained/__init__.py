"""Policies that come with the package: what PPO learned in the built-in scenarios, each with its card.

make_policy("pretrained:first_price_v0").act(observations, mask)
"""

from econo_env.policies.pretrained.card import Card, Figure
from econo_env.policies.pretrained.store import pretrained_ids, read_card, read_pretrained, write_pretrained

__all__ = ["Card", "Figure", "pretrained_ids", "read_card", "read_pretrained", "write_pretrained"]
