"""Populations of learners: policy-space response oracles, population-based training, evolution, quality-diversity."""
