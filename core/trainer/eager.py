"""torch without its compiler until somebody compiles: to import the compiler takes as long as to import torch.

Building the first optimizer imports ``torch._dynamo``, and so does every step, only to tell the compiler what to leave
alone. Where nothing compiles there is nobody to tell: a module stands in its place which does nothing when told so. For
anything else that is asked of it, as `torch.compile` does, it loads the real one: code of users may compile.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import torch

COMPILER = "torch._dynamo"


def make_deterministic() -> None:
    """Deterministic algorithms wherever torch has them, and a warning elsewhere."""
    # What `torch.use_deterministic_algorithms` does, which would import the compiler to tell it, too.
    torch.set_deterministic_debug_mode("warn")


def put_off_compiler() -> None:
    """Let a module stand in for the compiler, unless that has been loaded."""
    spec = importlib.util.find_spec(COMPILER)
    if spec is not None and COMPILER not in sys.modules:
        sys.modules[COMPILER] = _StandIn(spec)
        sys.meta_path.insert(0, _Submodules())


def compiler_is_put_off() -> bool:
    """Whether a module stands in for the compiler now."""
    return isinstance(sys.modules.get(COMPILER), _StandIn)


def load_compiler() -> ModuleType:
    """The real module, from now on in the place that is its own."""
    if not compiler_is_put_off():
        return importlib.import_module(COMPILER)
    del sys.modules[COMPILER]
    module = importlib.import_module(COMPILER)
    if torch.are_deterministic_algorithms_enabled():
        torch.use_deterministic_algorithms(True, warn_only=torch.is_deterministic_algorithms_warn_only_enabled())
    return module


class _StandIn(ModuleType):
    """What torch's optimizers ask of the compiler; whoever asks for more gets the real one."""

    def __init__(self, spec: ModuleSpec) -> None:
        super().__init__(spec.name)
        self.__spec__ = spec
        self.__file__ = spec.origin
        self.__path__ = spec.submodule_search_locations or []

    def __getattr__(self, name: str) -> Any:
        return getattr(load_compiler(), name)

    def graph_break(self, *arguments: Any, **options: Any) -> None:
        """A place where a compiled function is to be cut in two."""
        if not compiler_is_put_off():
            load_compiler().graph_break(*arguments, **options)

    def disable(self, function: Callable[..., Any] | None = None, *arguments: Any, **options: Any) -> Any:
        """Exempt a function from compilation: it is called as it is until there is a compiler."""
        if function is None:
            return load_compiler().disable(function, *arguments, **options)
        exempt: Callable[..., Any] | None = None

        @functools.wraps(function)
        def call(*given: Any, **named: Any) -> Any:
            nonlocal exempt
            if compiler_is_put_off():
                return function(*given, **named)
            if exempt is None:
                exempt = load_compiler().disable(function, *arguments, **options)
            return exempt(*given, **named)

        return call


class _Submodules(MetaPathFinder):
    """Loads the compiler before a part of it, which else would be loaded into the module that stands in its place."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not fullname.startswith(f"{COMPILER}.") or not compiler_is_put_off():
            return None
        load_compiler()
        return ModuleSpec(fullname, _Loaded(importlib.import_module(fullname)))


class _Loaded(Loader):
    """Gives a module that has been loaded already."""

    def __init__(self, module: ModuleType) -> None:
        self._module, self._spec = module, module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._spec
