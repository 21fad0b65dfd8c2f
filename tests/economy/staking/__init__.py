"""Stake that moves, and evidence."""
