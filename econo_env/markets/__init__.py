"""Kinds of market: what one round looks like, its state and its phases; one package each."""
