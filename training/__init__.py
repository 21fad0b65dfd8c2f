"""What makes policies and judges them: training, evaluation, and the `econo-env` command."""

from econo_env.second_name import give_second_name

give_second_name(__name__, "econo_env.training")
