"""Bidding strategies behind one `Policy` protocol."""
