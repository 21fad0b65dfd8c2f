"""What people are told of one round: documents of `econo-env clear`, why who pays what, pictures; above the markets."""
