"""Figures of training."""


def ppo():
    """Placeholder until merge."""
    return iter(())
