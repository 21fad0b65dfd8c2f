"""Kinds of market: what one round looks like, its state and its kernels; one file or package each."""
