"""Tests of contracts that last."""
