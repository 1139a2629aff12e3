"""Follows SQL through the module's own functions: a parameter that reaches a query makes each call a site."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace

from costguard.extract.python_alternatives import picked
from costguard.extract.python_calls import STATEMENT, LocalCall, SinkUse, leading_text
from costguard.extract.python_flow import ModuleFlow
from costguard.extract.python_scopes import FunctionInfo
from costguard.extract.python_values import (
    ChoiceValue,
    ScalarValue,
    StringValue,
    UnknownValue,
    Value,
    choose,
    each,
    known_text,
    same_value,
    substitute,
)

_MAXIMUM_DEPTH = 5
_MAXIMUM_SITES = 500
"""Sites that one call of a wrapper's sink may grow into (a guard)."""


@dataclass(frozen=True, slots=True)
class Site:
    """A place where one SQL text runs."""

    use: SinkUse
    value: Value
    call: ast.Call
    """The outermost call that is known: of the wrapper, or of the sink itself."""
    calls: tuple[ast.Call, ...]
    """The chain of calls from the outermost one to the sink."""
    in_branch: bool
    variant: str | None = None
    every: int = 0
    """Number of texts that a loop goes through, of which this is one; 0 when there is just one."""
    loops: frozenset[int] = frozenset()
    """Loops (by where what they run over ends) whose turns have texts of their own, of which this is one."""
    times: int = 1
    """Turns of these loops that have this text."""
    turn: tuple[int, ...] = ()
    """Which turns these are: the texts of one turn that conditions decide between exclude each other."""
    arm: tuple[int, ...] = ()
    """Which of these texts it is; empty where there is just one."""


class Wrappers:
    """The calls of the module's functions, by function."""

    def __init__(self, flow: ModuleFlow) -> None:
        self._calls: dict[int, list[LocalCall]] = {}
        for call in flow.notes.calls:
            self._calls.setdefault(call.function.number, []).append(call)
        self._callers: dict[ast.Call, FunctionInfo | None] = {
            call.call: call.caller for call in flow.notes.calls
        }
        self._functions: dict[int, FunctionInfo] = {function.number: function for function in flow.functions}

    def only_calls(self, site: Site) -> Iterator[ast.Call]:
        """The call of the function that a site is in, the call of the function that this one is in, and so on: as long
        as the module has just one."""
        for calls in self._calls_around(site):
            if len(calls) != 1:
                return
            yield calls[0]

    def runs_of(self, site: Site) -> list[ast.Call] | None:
        """The calls that lead to a site, one each; None when there are several ways, so that it may run repeatedly."""
        found = list(site.calls)
        for calls in self._calls_around(site):
            if not calls:
                return found
            if len(calls) > 1:
                return None
            found.insert(0, calls[0])
        return None

    def _calls_around(self, site: Site) -> Iterator[list[ast.Call]]:
        """The calls of the function that a site is in, of the one that the first of these is in, and so on."""
        function = self._callers.get(site.call, site.use.function)
        for _ in range(_MAXIMUM_DEPTH):
            calls = self._calls.get(function.number, []) if function is not None else []
            yield list(dict.fromkeys(call.call for call in calls))
            function = calls[0].caller if calls else None

    def sites(self, use: SinkUse) -> list[Site]:
        """Every place that a use of a sink stands for."""
        found: list[Site] = []
        for site in self._expand(use, use.value, (use.call,), use.in_branch, 0):
            found.append(site)
            if len(found) >= _MAXIMUM_SITES:
                break
        return found

    def _expand(
        self, use: SinkUse, value: Value, calls: tuple[ast.Call, ...], in_branch: bool, depth: int
    ) -> Iterator[Site]:
        if isinstance(value, ChoiceValue) and value.loop is not None:
            yield from self._turns(use, value, value.loop, calls, in_branch, depth)
            return
        if isinstance(value, ChoiceValue) and (depth >= _MAXIMUM_DEPTH or not self._is_decided(value)):
            members = [member for member in value.values if _useful(member)] or list(value.values[:1])
            for number, member in enumerate(members, start=1):
                for site in self._expand(use, member, calls, in_branch or not value.every, depth):
                    variant = site.variant
                    if len(members) > 1 and not value.every:
                        variant = f"choice {number}"
                    if value.every and len(members) > 1:
                        yield replace(site, every=len(members), turn=(number, *site.turn))
                    elif len(members) > 1:
                        yield replace(site, variant=variant, arm=(number, *site.arm))
                    else:
                        yield site
            return
        parameter = leading_parameter(value)
        if parameter is None or depth >= _MAXIMUM_DEPTH:
            yield Site(use, self.settled(value), calls[0], calls, in_branch)
            return
        function = self._functions.get(parameter[0])
        callers = self._calls.get(parameter[0], [])
        passed = False
        for caller in callers:
            if any(caller.call is call for call in calls):
                continue
            arguments = self._arguments(caller)
            if parameter not in arguments:
                continue
            passed = True
            yield from self._expand(
                use,
                substitute(value, arguments),
                (caller.call, *calls),
                in_branch or caller.in_branch,
                depth + 1,
            )
        if not passed:
            default = function.defaults.get(parameter[1]) if function else None
            if default is not None and isinstance(default, StringValue):
                value = substitute(value, {parameter: default})
            yield Site(use, self.settled(value), calls[0], calls, in_branch)

    def _is_decided(self, choice: ChoiceValue) -> bool:
        """True when calls of the function go through keys. A single key leaves the other texts to whoever asks for
        them, so that they stay choices."""
        if choice.lookup is None:
            return False
        parameter = choice.lookup.parameter
        passed = [self._arguments(call).get(parameter) for call in self._calls.get(parameter[0], ())]
        return any(isinstance(value, ChoiceValue) and value.loop is not None for value in passed)

    def _turns(
        self,
        use: SinkUse,
        choice: ChoiceValue,
        loop: int,
        calls: tuple[ast.Call, ...],
        in_branch: bool,
        depth: int,
    ) -> Iterator[Site]:
        """The sites of a loop that goes through the texts: each of them, with its number of turns."""
        turns: list[tuple[Value, int]] = []
        for number, member in enumerate(choice.values):
            if isinstance(member, ScalarValue):
                continue
            value: Value = picked(member, choice, number) if isinstance(member, StringValue) else member
            for position, (other, count) in enumerate(turns):
                if same_value(value, other):
                    turns[position] = (other, count + 1)
                    break
            else:
                turns.append((value, 1))
        for number, (value, count) in enumerate(turns):
            for site in self._expand(use, value, calls, in_branch, depth):
                yield replace(
                    site, loops=site.loops | {loop}, times=site.times * count, turn=(number, *site.turn)
                )

    def _arguments(self, caller: LocalCall) -> dict[tuple[int, str], Value]:
        function = self._functions.get(caller.function.number, caller.function)
        defaults = {(function.number, name): value for name, value in function.defaults.items()}
        return {**defaults, **caller.arguments}

    def settled(self, value: Value) -> Value:
        """The value with parameters filled, as far as all calls of the function say what they are."""
        if not isinstance(value, StringValue):
            return value
        arguments: dict[tuple[int, str], Value] = {}
        for piece in value.pieces:
            if piece.parameter is not None and piece.parameter not in arguments:
                agreed = self._agreed(piece.parameter)
                if agreed is not None:
                    arguments[piece.parameter] = agreed
        return substitute(value, arguments)

    def _agreed(self, parameter: tuple[int, str]) -> Value | None:
        """What the calls pass for a parameter: one constant, or each of several."""
        function = self._functions.get(parameter[0])
        values = [self._arguments(call).get(parameter) for call in self._calls.get(parameter[0], [])]
        if not values and function is not None:
            values = [function.defaults.get(parameter[1])]
        constants = [value for value in values if value is not None and _is_constant(value)]
        if not constants:
            only = values[0] if len(values) == 1 else None
            return only if isinstance(only, ChoiceValue) and all(map(_is_constant, only.values)) else None
        if len(constants) == len(values):
            # Several parameters of a function change together: from call to call.
            return each(constants, -2 * parameter[0] - 1)
        agreed = choose(constants)
        return None if agreed is None else ChoiceValue((agreed,))


def _is_constant(value: Value) -> bool:
    return isinstance(value, ScalarValue) or known_text(value) is not None


def leading_parameter(value: Value) -> tuple[int, str] | None:
    """The parameter that a text begins with, when what follows is no statement in itself, or that decides which."""
    if isinstance(value, ChoiceValue):
        return value.lookup.parameter if value.lookup is not None else None
    if isinstance(value, UnknownValue):
        return value.parameter
    if not isinstance(value, StringValue):
        return None
    for number, piece in enumerate(value.pieces):
        if piece.expression:
            rest = leading_text(StringValue(value.pieces[number + 1 :])) or ""
            return None if STATEMENT.match(rest) else piece.parameter
        if piece.text.strip():
            return None
    return None


def _useful(value: Value) -> bool:
    if isinstance(value, ScalarValue):
        return False
    return not isinstance(value, UnknownValue) or value.parameter is not None
