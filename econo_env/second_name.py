"""A second name for a package: a checkout's `policies` is `econo_env.policies`, its `training` `econo_env.training`.

Both packages stand at the top of the repository, and inside `econo_env` as links; wheels hold them inside `econo_env`
only, so that they leave the names `policies` and `training` to others. Whoever imports the short name gets the module
of the long name, never a second copy, whose classes would be others.
"""

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import InspectLoader, Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import CodeType, ModuleType


def give_second_name(name: str, package: str) -> None:
    """Makes a package known by a second name, and its modules too; does nothing where both names are the same.

    Args:
        name: The second name: `__name__` of a package that may have been imported by it.
        package: The package's own name.
    """
    if name == package:
        return
    module = importlib.import_module(package)
    sys.modules[name] = module
    sys.meta_path.insert(0, _Finder(name, module))


class _Finder(MetaPathFinder):
    """Finds the modules of a package by its second name, for as long as that name is this package's."""

    def __init__(self, name: str, package: ModuleType) -> None:
        self._name, self._package = name, package

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not fullname.startswith(f"{self._name}.") or sys.modules.get(self._name) is not self._package:
            return None
        own = importlib.util.find_spec(self._package.__name__ + fullname.removeprefix(self._name))
        if own is None:
            return None
        spec = ModuleSpec(fullname, _Loader(own), origin=own.origin)
        spec.submodule_search_locations = own.submodule_search_locations
        return spec


class _Loader(Loader):
    """Loads a module by its own name."""

    def __init__(self, own: ModuleSpec) -> None:
        self._own = own

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return importlib.import_module(self._own.name)

    def exec_module(self, module: ModuleType) -> None:
        """The module has run by its own name; what the import changed in it is put back."""
        module.__spec__ = self._own

    def get_code(self, fullname: str) -> CodeType | None:
        """The code for `python -m`."""
        return self._own.loader.get_code(self._own.name) if isinstance(self._own.loader, InspectLoader) else None
