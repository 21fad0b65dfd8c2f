"""What a game is to those who judge or solve it: welfare, outcomes of bids. Below equilibrium and markets."""
