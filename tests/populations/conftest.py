from tests.training.conftest import quiet

__all__ = ["quiet"]
