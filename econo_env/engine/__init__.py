"""The compiled core: state, random numbers, kernels, and the engine that runs them over many markets."""
