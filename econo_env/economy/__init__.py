"""The economy around an auction: ledger, stake, contracts and grades, reputation, eligibility."""
