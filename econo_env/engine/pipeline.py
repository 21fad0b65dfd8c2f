"""How Numba compiles the rules within a loop: lowered one by one, optimised once, all together.

Numba brings every function it compiles to machine code of its own, which nobody calls where loops take rules in whole.
Here a rule stops as a module of LLVM's language. The loop, which nothing takes in, links all rules within reach,
optimises them as one module, and emits machine code once: a first compilation takes less than half the time.
"""

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from types import CodeType
from typing import Any

from numba import _dynfunc
from numba.core import errors, llvm_bindings
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import PassManager, register_pass
from numba.core.itanium_mangler import mangle_identifier
from numba.core.typed_passes import DumpParforDiagnostics, IRLegalization, NativeLowering, NopythonRewrites
from numba.core.untyped_passes import InlineClosureLikes, MakeFunctionToJitFunction, WithLifting

from econo_env.engine.lowering import ShortLower
from econo_env.engine.records import near

_OF_LOOPS = ('"no-builtin-memset"',)
"""Attributes of loops: no call to clear the few entries of one market."""
_OF_BLOCKS = (*_OF_LOOPS, '"prefer-vector-width"="512"')
"""Of loops over blocks: vectors as wide as the processor has, which the few agents of one market do not fill."""

_NOT_OF_PLAIN = (
    WithLifting,
    InlineClosureLikes,
    MakeFunctionToJitFunction,
    NopythonRewrites,
    IRLegalization,
    DumpParforDiagnostics,
)
"""Passes about inner functions, arrays that expressions make, counting of references, and parallel loops."""

_HAS_PASS_BUILDERS = "create_pass_builder" in vars(llvm_bindings)
"""Whether Numba can be asked for the passes over one module; before 0.62 it optimises a loop in its own way."""


class RuleLibrary(JITCodeLibrary):  # type: ignore[misc]  # numba ships no types
    """The module of one rule: neither optimised nor emitted, for those that take it in do both."""

    def _optimize_functions(self, ll_module: Any) -> None:
        ll_module.data_layout = self._codegen._data_layout

    def finalize(self) -> None:
        """Nothing is left to do but for those that link it."""
        self._finalized = True

    def module(self) -> Any:
        """The rule's own module, fit to be linked into several others."""
        return super()._get_module_for_linking()

    def _get_module_for_linking(self) -> Any:
        # a function that Numba compiles in its own way links this one library: what the rule calls goes with it
        whole = self.module().clone()
        _link_all(whole, self)
        return whole


class LoopLibrary(JITCodeLibrary):  # type: ignore[misc]  # numba ships no types
    """The module of a loop and of all rules that it calls, as machine code."""

    def _optimize_functions(self, ll_module: Any) -> None:
        ll_module.data_layout = self._codegen._data_layout

    def finalize(self) -> None:
        """Links, optimises and emits."""
        self._codegen._check_llvm_bugs()
        _link_all(self._final_module, self)
        if _HAS_PASS_BUILDERS:
            passes, builder = self._codegen._module_pass_manager()
            passes.run(self._final_module, builder)
        else:
            self._optimize_final_module()
        self._final_module.verify()
        self._finalize_final_module()


def _link_all(module: Any, library: Any) -> None:
    # what calls comes before what is called: a function that may be dropped is linked only where it is asked for
    for other in reversed(list(_within_reach(library._linking_libraries, {id(library)}))):
        own = other.module() if isinstance(other, RuleLibrary) else other._get_module_for_linking()
        module.link_in(own, preserve=True)


def _within_reach(libraries: Iterable[Any], seen: set[int]) -> Iterator[Any]:
    """Libraries and all that they link, each once, what is called before what calls it."""
    for library in libraries:
        if id(library) not in seen:
            seen.add(id(library))
            if isinstance(library, RuleLibrary):
                yield from _within_reach(library._linking_libraries, seen)
            yield library


def _short_name(name: str, argument_types: Any, *, abi_tags: Any = (), uid: Any = None) -> str:
    """A symbol of one length: Numba's spells out every member of every argument."""
    full = "|".join((name, *map(str, argument_types), *abi_tags, str(uid)))
    return f"_Z{mangle_identifier(name)}{blake2b(full.encode(), digest_size=12).hexdigest()}"


class _Rule(ShortLower):
    """Keeps rules apart that are not to be taken in."""

    def setup_function(self, described: Any) -> None:
        """Declares the function."""
        super().setup_function(described)
        if not described.inline:
            self.function.attributes.add("noinline")


@register_pass(mutates_CFG=True, analysis_only=False)
class _RuleLowering(NativeLowering):  # type: ignore[misc]  # numba ships no types
    _name = "econo_env_rule_lowering"

    @property
    def lowering_class(self) -> type[ShortLower]:
        return _Rule

    def run_pass(self, state: Any) -> bool:
        state.library = RuleLibrary(state.targetctx.codegen(), state.func_id.func_qualname)
        state.targetctx.mangler = _short_name
        state.flags.no_compile = True
        super().run_pass(state)
        lowered = state["cr"]
        described = lowered.fndesc
        # nobody calls it from Python: a name to look the rule up by, without an address
        entry = _dynfunc.make_function(
            described.lookup_module(), described.qualname, "", 0, lowered.env, (state.library,)
        )
        state.targetctx.insert_user_function(entry, described, [state.library])
        state["cr"] = lowered._replace(cfunc=entry)
        return True


class _Loop(ShortLower):
    """Copies records into the loop's own frame before anything else."""

    attributes: tuple[str, ...] = _OF_LOOPS

    def setup_function(self, described: Any) -> None:
        """Declares the function."""
        super().setup_function(described)
        for attribute in self.attributes:
            set.add(self.function.attributes, attribute)  # llvmlite knows only attributes without a value

    def extract_function_arguments(self) -> list[Any]:
        given = super().extract_function_arguments()
        kinds = self.fndesc.argtypes
        self.fnargs = [near(self.builder, kind, one) for kind, one in zip(kinds, given, strict=True)]
        return self.fnargs


class _Blocks(_Loop):
    """The same for a loop over blocks of markets."""

    attributes = _OF_BLOCKS


@register_pass(mutates_CFG=True, analysis_only=False)
class _LoopLowering(NativeLowering):  # type: ignore[misc]  # numba ships no types
    _name = "econo_env_loop_lowering"

    @property
    def lowering_class(self) -> type[ShortLower]:
        return _Loop

    def run_pass(self, state: Any) -> bool:
        state.library = LoopLibrary(state.targetctx.codegen(), state.func_id.func_qualname)
        state.library.enable_object_caching()
        return bool(super().run_pass(state))


@register_pass(mutates_CFG=True, analysis_only=False)
class _BlocksLowering(_LoopLowering):
    _name = "econo_env_blocks_lowering"

    @property
    def lowering_class(self) -> type[ShortLower]:
        return _Blocks


class _Passes(PassManager):  # type: ignore[misc]  # numba ships no types
    """Runs passes without what Numba does between any two: events, timers, and how long each variable lives."""

    def _runPass(self, index: int, one: Any, state: Any) -> None:  # noqa: N802  # Numba's name
        one.analysis = self._analysis
        with errors.new_error_context("Pass {name}", name=one.name()):  # type: ignore[attr-defined]  # of `numba.core.errors`
            one.run_initialization(state)
            one.run_pass(state)
            one.run_finalizer(state)


def _passes(state: Any, lowering: type[NativeLowering]) -> list[PassManager]:
    """Numba's passes with another last but one, without those of which a function as it is makes no use.

    Nobody counts references here, no array comes into being, and most rules hold no function and no `yield`.
    """
    code = state.func_id.code
    is_plain = not (state.func_id.is_generator or any(isinstance(one, CodeType) for one in code.co_consts))
    passes = _Passes("econo_env") if is_plain else PassManager("econo_env")
    for one, words in DefaultPassBuilder.define_nopython_pipeline(state).passes:
        if one is NativeLowering:
            passes.add_pass(lowering, words)
        elif not (is_plain and one in _NOT_OF_PLAIN):
            passes.add_pass(one, words)
    passes.finalize()
    return [passes]


class RuleCompiler(CompilerBase):  # type: ignore[misc]  # numba ships no types
    """For functions that compiled loops take in."""

    def define_pipelines(self) -> list[PassManager]:
        """The passes that a rule goes through."""
        return _passes(self.state, _RuleLowering)


class LoopCompiler(CompilerBase):  # type: ignore[misc]  # numba ships no types
    """For functions that Python calls."""

    def define_pipelines(self) -> list[PassManager]:
        """The passes that a loop goes through."""
        return _passes(self.state, _LoopLowering)


class BlocksCompiler(CompilerBase):  # type: ignore[misc]  # numba ships no types
    """For loops over blocks of markets."""

    def define_pipelines(self) -> list[PassManager]:
        """The passes that such a loop goes through."""
        return _passes(self.state, _BlocksLowering)
