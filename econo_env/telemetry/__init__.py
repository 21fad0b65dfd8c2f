"""What people see of a market: text, pictures."""
