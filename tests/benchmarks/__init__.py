"""Throughput and latency, measured beside baselines in the same process: `make bench`."""
