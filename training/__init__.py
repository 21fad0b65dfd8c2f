"""What makes policies and judges them: training, evaluation, and the `econo-env` command."""
