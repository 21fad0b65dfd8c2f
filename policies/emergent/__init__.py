"""Populations: what becomes of many strategies that are copied, bred and replied to."""
