"""What agents know and want: priors of private values, and how the engine draws from them."""
