"""What payments can be, a file for each kind of bids: the row of a rule lists those that are its own."""
