"""Faces of the engine: thin adapters to PettingZoo, Gymnasium, Stable-Baselines3 and plain arrays."""
