"""Splits GoogleSQL files and multi-statement scripts into the statements that read data.

A parser of single statements loses the first one after BEGIN, THEN, DO or LOOP. Here every statement inside a
block becomes a `Leaf` of its own, with the loops and branches around it. The splitter reads any text: what it
does not know it leaves whole, for the parser to judge.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final

from costguard.extract.script_counters import LEAVING, Counters
from costguard.extract.script_dynamic import dynamic_text, pieces_of
from costguard.extract.script_leaves import Arm, Block, Leaf, LeafKind, Leaves, Script
from costguard.extract.script_lexer import (
    BLANK,
    Scan,
    scan,
    skip_blank,
    statement_end,
    tokens,
)
from costguard.extract.script_loops import written_turns
from costguard.extract.script_variables import Variable, Variables, parameters
from costguard.model import Unread

__all__ = ["Leaf", "LeafKind", "Script", "Variable", "split_script"]

_HEAD: Final = re.compile(r"[A-Za-z_]\w*+")
_LABEL: Final = re.compile(
    rf"(?:{BLANK.pattern}):(?!:)(?:{BLANK.pattern})(?=(?:BEGIN|LOOP|WHILE|REPEAT|FOR)\b)", re.S | re.I
)
_PROCEDURE: Final = re.compile(
    rf"CREATE(?:{BLANK.pattern})(?:OR(?:{BLANK.pattern})REPLACE(?:{BLANK.pattern}))?PROCEDURE\b", re.S | re.I
)
_TEMPORARY_FUNCTION: Final = re.compile(
    r"CREATE\s+(?:OR\s+REPLACE\s+)?TEMP(?:ORARY)?\s+(?:AGGREGATE\s+)?FUNCTION\b", re.IGNORECASE
)
_DEEPEST_BLOCK: Final = 100
"""Blocks in blocks; BigQuery allows 50. Deeper ones are read as part of the one they stand in."""
_BLOCK_ENDS: Final = frozenset({"IF", "LOOP", "WHILE", "REPEAT", "FOR", "CASE"})
_STOPS: Final = {
    "IF": frozenset({"END", "ELSE", "ELSEIF"}),
    "CASE": frozenset({"END", "ELSE", "WHEN"}),
    "REPEAT": frozenset({"END", "UNTIL"}),
}
_BLOCK_STOPS: Final = frozenset({"END"})
_MERGE_STOPS: Final = frozenset({"END", "ELSE"})
_NO_DATA: Final = LEAVING | {"RAISE", "COMMIT", "ROLLBACK"}
_PROCEDURAL: Final = _NO_DATA | {
    *("BEGIN", "IF", "LOOP", "WHILE", "REPEAT", "FOR", "CASE", "DECLARE", "SET", "EXECUTE", "CALL", "CREATE"),
    *("END", "ELSE", "ELSEIF", "EXCEPTION", "UNTIL", "WHEN"),
}
_CONSTANT_ARMS: Final = {"TRUE": "always", "FALSE": "never"}
_READS_NOTHING: Final = re.compile(
    r"BQ\.(?:REFRESH_\w+|ABORT_SESSION|JOBS\.CANCEL|CANCEL_\w+)\Z", re.IGNORECASE
)


def split_script(text: str, dialect: str = "bigquery") -> Script:
    """Splits a SQL text. Never raises.

    In dialects other than bigquery only semicolons, strings and comments count.

    >>> [leaf.text for leaf in split_script("IF x THEN SELECT 1; ELSE SELECT 2; END IF; SELECT 3").leaves]
    ['SELECT 1', 'SELECT 2', 'SELECT 3']
    """
    return _Splitter(text, dialect).split()


@dataclass(slots=True)
class _Splitter:
    text: str
    dialect: str
    unread: list[Unread] = field(default_factory=list)
    calls: list[tuple[str, Scan, int]] = field(default_factory=list)
    procedures: set[str] = field(default_factory=set)
    statements: int = 0
    procedural: bool = False
    variables: Variables = field(init=False)
    leaves: Leaves = field(init=False)
    counters: Counters = field(default_factory=Counters)

    def __post_init__(self) -> None:
        self.variables = Variables(self.text)
        self.leaves = Leaves(self.text)

    def split(self) -> Script:
        position = 0
        while (position := skip_blank(self.text, position, self.dialect)) < len(self.text):
            position = self._statement(position)
        for name, call, start in self.calls:
            if name not in self.procedures and not _READS_NOTHING.match(name):
                self.unread.append(Unread("procedure call", name, start, call.end))
        is_script = self.procedural or self.statements > 1
        found = self.leaves.finished()
        leaves = tuple(found) if is_script else tuple(replace(leaf, script=None) for leaf in found)
        unread = tuple(sorted(self.unread, key=lambda one: one.start))
        return Script(leaves, is_script, self.variables.folded(), unread)

    # --- one statement -------------------------------------------------------------------------------------

    def _statement(self, start: int) -> int:
        """Reads what begins at `start` (not blank); returns where to go on."""
        head = _HEAD.match(self.text, start) if self.dialect == "bigquery" else None
        if head is None:
            return self._plain(start)
        word = head.group().upper()
        if word in _PROCEDURAL:
            position = self._procedural(word, start, head.end(), "")
        else:
            label = _LABEL.match(self.text, head.end())
            position = None
            if label is not None:
                inner = _HEAD.match(self.text, label.end())
                if inner is not None:
                    kind = inner.group().upper()
                    position = self._procedural(kind, label.end(), inner.end(), head.group())
        return self._plain(start) if position is None else position

    def _plain(self, start: int) -> int:
        """A statement that is not part of the procedural language."""
        if self.leaves.blocks:
            kind = self.leaves.blocks[-1].kind
            merge = kind == "CASE" and self.text[start : start + 5].upper() == "MERGE"
            head = _HEAD.match(self.text, start)
            # The first word is never where the statement ends, not even an ELSE that has lost its IF.
            inside = start if head is None else head.end()
            end, position = self._until(inside, _MERGE_STOPS if merge else _STOPS.get(kind, _BLOCK_STOPS))
        else:
            end, position = statement_end(self.text, start, self.dialect)
        if end > start:
            self.leaves.add("statement", start, end)
            if not _TEMPORARY_FUNCTION.match(self.text, start):
                self.statements += 1
        return max(position, start + 1)

    def _until(self, start: int, stops: frozenset[str]) -> tuple[int, int]:
        """The end of a statement in a block, which a missing semicolon may leave to the next keyword."""
        reached = scan(self.text, start, stops)
        return reached.end, reached.stop_end if reached.stop == ";" else reached.stop_start

    def _procedural(self, word: str, start: int, after: int, label: str) -> int | None:
        """Reads a procedural statement; None when it turns out to be a plain one."""
        position = self._block_part(word, after, label)
        if position is None:
            position = self._simple(word, start, after)
        if position is not None:
            self.procedural = True
        return position

    def _block_part(self, word: str, after: int, label: str) -> int | None:
        """Whatever opens, divides or closes a block."""
        inner = self.leaves.blocks[-1] if self.leaves.blocks else None
        match word:
            case "BEGIN":
                return self._begin(after, label)
            case "LOOP" | "REPEAT":
                counter = self.counters.opened_without(self.leaves.blocks)
                return self._open(Block(word, label, counter=counter), after)
            case "IF":
                return self._guarded(Block("IF", in_branch=True), after, "THEN")
            case "WHILE":
                return self._guarded(Block("WHILE", label), after, "DO")
            case "FOR":
                return self._for(after, label)
            case "CASE":
                return self._case(after)
            case "END":
                return self._end(after)
            case "ELSE" if inner is not None and inner.kind in ("IF", "CASE"):
                inner.turn_over()
                return after
            case "ELSEIF" if inner is not None and inner.kind == "IF":
                return self._next_arm(inner, after)
            case "WHEN" if inner is not None and inner.kind == "CASE":
                return self._next_arm(inner, after)
            case "UNTIL" if inner is not None and inner.kind == "REPEAT":
                return self._until_condition(inner, after)
            case "EXCEPTION" if inner is not None and inner.kind == "BEGIN":
                handler = scan(self.text, after, frozenset({"THEN"}))
                if handler.stop != "THEN":
                    return None
                inner.in_branch = True
                inner.arms.append(self.leaves.arm("handler"))
                return handler.stop_end
        return None

    def _simple(self, word: str, start: int, after: int) -> int | None:
        """A procedural statement without a body."""
        if word in _NO_DATA:
            if word in LEAVING:
                self._leave(word, after)
            return self._skip(after)
        match word:
            case "DECLARE":
                return self._declare(after)
            case "SET":
                return self._set(start, after)
            case "EXECUTE":
                return self._execute(start, after)
            case "CALL":
                return self._call(start, after)
            case "CREATE":
                return self._procedure(start)
        return None

    # --- blocks --------------------------------------------------------------------------------------------

    def _open(self, block: Block, position: int) -> int:
        if len(self.leaves.blocks) < _DEEPEST_BLOCK:
            self.leaves.blocks.append(block)
        return position

    def _begin(self, after: int, label: str) -> int:
        first = next(tokens(self.text, after), None)
        if first is not None and first.text in (";", "TRANSACTION"):
            return self._skip(after)
        return self._open(Block("BEGIN", label), after)

    def _guarded(self, block: Block, after: int, stop: str) -> int | None:
        """IF ... THEN, WHILE ... DO."""
        reached = scan(self.text, after, self._condition_stops(stop))
        if reached.stop != stop:
            return None
        if block.is_loop:
            block.counter = self.counters.opened(self.text, after, reached.end, self.leaves.blocks)
            # Its condition is computed in every turn; that of IF runs wherever the IF stands.
            self._open(block, after)
        self.leaves.add_expression("condition", after, reached)
        if block.is_loop:
            return reached.stop_end
        block.guard = (after, reached.end)
        block.arms.append(self._arm(after, reached.end))
        return self._open(block, reached.stop_end)

    def _condition_stops(self, stop: str) -> frozenset[str]:
        """A condition ends at `stop`, and surely before the words that divide or close a block."""
        return self._stops() | {stop, "END", "ELSE"}

    def _arm(self, start: int, end: int) -> Arm:
        """The first arm of a choice with the condition `text[start:end]`."""
        words = [token.text for token in islice(tokens(self.text, start, end), 2)]
        return self.leaves.arm(_CONSTANT_ARMS.get(words[0], "then") if len(words) == 1 else "then")

    def _next_arm(self, block: Block, after: int) -> int | None:
        """ELSEIF, or WHEN: its condition is looked at if those before it did not hold."""
        reached = scan(self.text, after, self._condition_stops("THEN"))
        if reached.stop != "THEN":
            return None
        block.turn_over()
        self.leaves.add_expression("condition", after, reached)
        arm = self.leaves.arm("then") if block.operand else self._arm(after, reached.end)
        block.arms.append(arm)
        return reached.stop_end

    def _until_condition(self, block: Block, after: int) -> int | None:
        reached = scan(self.text, after, self._condition_stops("END"))
        if reached.stop != "END":
            return None
        self.leaves.add_expression("condition", after, reached)
        if block.counter is not None:
            self.counters.leaves_if(block.counter, self.text, after, reached.end)
        return reached.stop_start

    def _leave(self, word: str, after: int) -> None:
        """BREAK and the like. `IF x THEN BREAK` may be what counts the turns of a LOOP."""
        if word in ("BREAK", "LEAVE") and self._is_way_out(after):
            return
        if word == "RETURN":
            self.leaves.cut()
        self.counters.leave(self.leaves.blocks)
        for block in self.leaves.blocks:
            block.left = block.left or block.is_loop

    def _is_way_out(self, after: int) -> bool:
        if len(self.leaves.blocks) < 2:
            return False
        loop, condition = self.leaves.blocks[-2:]
        if loop.kind != "LOOP" or loop.counter is None or condition.kind != "IF" or condition.guard is None:
            return False
        label = _HEAD.match(self.text, skip_blank(self.text, after))
        if (
            label is not None
            and label.group().upper() != "END"
            and label.group().lower() != loop.label.lower()
        ):
            return False
        return self.counters.leaves_if(loop.counter, self.text, *condition.guard)

    def _case(self, after: int) -> int | None:
        """CASE as a statement; its branches begin at each WHEN."""
        reached = scan(self.text, after, self._condition_stops("WHEN"))
        if reached.stop != "WHEN":
            return None
        self.leaves.add_expression("condition", after, reached)
        operand = next(tokens(self.text, after, reached.end), None) is not None
        return self._open(Block("CASE", in_branch=True, operand=operand), reached.stop_start)

    def _for(self, after: int, label: str) -> int | None:
        """FOR name IN (query) DO: the query runs once, before the first turn."""
        opening = scan(self.text, after, frozenset({"IN"}))
        first = next(tokens(self.text, opening.stop_end), None) if opening.stop == "IN" else None
        if first is None or first.text != "(":
            return None
        query = scan(self.text, first.end, frozenset({")"}))
        reached = scan(self.text, query.stop_end, frozenset({"DO"})) if query.stop == ")" else query
        if reached.stop != "DO":
            return None
        start = skip_blank(self.text, first.end)
        turns = rows_of = None
        if query.end > start:
            rows_of = len(self.leaves.found)
            self.leaves.add("statement", start, query.end)
            turns = written_turns(self.text, start, query.end, self.variables.value_span)
        name = _HEAD.match(self.text, skip_blank(self.text, after))
        if name is not None:
            self.variables.parameter(name.group(), "STRUCT")  # a row of the query, another in each turn
            self.counters.declare(name.group(), None, None, self.leaves.blocks)
        return self._open(Block("FOR", label, turns, rows_of=rows_of), reached.stop_end)

    def _end(self, after: int) -> int:
        """END [IF | LOOP | ...] [label] [;] closes the innermost block of its kind."""
        position, kind = after, "BEGIN"
        word = _HEAD.match(self.text, skip_blank(self.text, position))
        if word is not None and word.group().upper() in _BLOCK_ENDS:
            kind, position = word.group().upper(), word.end()
        depth = next(
            (i for i in range(len(self.leaves.blocks) - 1, -1, -1) if self.leaves.blocks[i].kind == kind),
            None,
        )
        if depth is not None:
            label = self.leaves.blocks[depth].label
            del self.leaves.blocks[depth:]
            word = _HEAD.match(self.text, skip_blank(self.text, position))
            if word is not None and label and word.group().lower() == label.lower():
                position = word.end()
        position = skip_blank(self.text, position)
        return position + 1 if self.text.startswith(";", position) else position

    def _procedure(self, start: int) -> int | None:
        """CREATE PROCEDURE name(parameters) [OPTIONS (...)] BEGIN; the body follows as a block."""
        head = _PROCEDURE.match(self.text, start)
        if head is None:
            return None
        reached = scan(self.text, head.end(), frozenset({"BEGIN"}))
        opening = next(
            (one for one in tokens(self.text, head.end(), reached.stop_start) if one.text == "("), None
        )
        name_end = reached.end if opening is None else opening.start
        self.procedures.add(_procedure_name(self.text[head.end() : name_end]))
        if opening is not None:
            closing = scan(self.text, opening.end, frozenset({")"}))
            for name, kind in parameters(self.text, opening.end, closing.end):
                self.variables.parameter(name, kind)
                self.counters.declare(name, kind, None, self.leaves.blocks)
        if reached.stop != "BEGIN":
            self.unread.append(Unread("procedure without a SQL body", "", start, reached.end))
            return reached.stop_end
        return self._open(Block("BEGIN", procedure=True), reached.stop_end)

    # --- statements without a body --------------------------------------------------------------------------

    def _skip(self, after: int) -> int:
        return self._until(after, self._stops())[1]

    def _stops(self) -> frozenset[str]:
        return _STOPS.get(self.leaves.blocks[-1].kind, _BLOCK_STOPS) if self.leaves.blocks else frozenset()

    def _declare(self, after: int) -> int:
        end, position = self._until(after, self._stops())
        names, kind, default = self.variables.declare(after, end)
        for name in names:
            value = None if default is None else self.text[default[0] : default[1]]
            self.counters.declare(name, kind, value, self.leaves.blocks)
        if default is not None:
            self.leaves.add_expression("declare", default[0], scan(self.text, default[0], limit=end))
        return position

    def _set(self, start: int, after: int) -> int:
        end, position = self._until(after, self._stops())
        written = list(tokens(self.text, after, end))
        equals = next((i for i, token in enumerate(written) if token.text == "="), None)
        if equals is None or equals + 1 >= len(written):
            return position
        first = written[equals + 1].start
        names = [
            self._name(token.start, token.end)
            for token in written[:equals]
            if token.kind in ("word", "string")
        ]
        if written[0].text == "(":
            for name in names:
                self._forget(name)
        elif names:
            certain = self.leaves.runs_once
            self.variables.assign(names[0], start, first, end, certain=certain)
            self.counters.assign(names[0], self.text[first:end], self.leaves.blocks)
        self.leaves.add_expression("set", first, scan(self.text, first, limit=end))
        return position

    def _execute(self, start: int, after: int) -> int | None:
        """EXECUTE IMMEDIATE expression [INTO names] [USING values]."""
        immediate = next(tokens(self.text, after), None)
        if immediate is None or immediate.text != "IMMEDIATE":
            return None
        first = skip_blank(self.text, immediate.end)
        expression = scan(self.text, first, self._stops() | {"INTO", "USING"})
        end, position = self._until(expression.end, self._stops())
        if expression.stop == "INTO":
            for token in tokens(self.text, expression.stop_end, end):
                if token.text == "USING":
                    break
                self._forget(self._name(token.start, token.end))
        pieces = pieces_of(self.text, first, expression.end, self.variables.known_text)
        if pieces is None:
            bare = self.text[first : expression.end].strip()
            pieces = self.variables.known_text(bare)
        built = None if pieces is None else dynamic_text(self.text, pieces)
        if built is None:
            self.unread.append(Unread("dynamic SQL", "", start, end))
        else:
            self.leaves.add_built("dynamic", first, expression.end, built.text, built.segments, built.holes)
        return position

    def _call(self, start: int, after: int) -> int:
        end, position = self._until(after, self._stops())
        written = list(tokens(self.text, after, end))
        opening = next((i for i, token in enumerate(written) if token.text == "("), len(written))
        name_end = written[opening].start if opening < len(written) else end
        call = Scan(end, "", end, end, has_query=False)
        self.calls.append((_procedure_name(self.text[after:name_end]), call, start))
        for before, token, behind in zip(
            written[opening:], written[opening + 1 :], written[opening + 2 :], strict=False
        ):
            if token.kind == "word" and before.text in ("(", ",") and behind.text in (")", ","):
                self._forget(self._name(token.start, token.end))
        if opening + 1 < len(written):
            argument_scan = scan(self.text, written[opening].start, limit=end)
            self.leaves.add_expression("set", written[opening].start, argument_scan)
        return position

    def _forget(self, name: str) -> None:
        """Something else than SET gives the variable a value."""
        self.variables.forget(name)
        self.counters.assign(name, None, self.leaves.blocks)

    def _name(self, start: int, end: int) -> str:
        return self.text[start:end].strip("`")


def _procedure_name(written: str) -> str:
    """`project.dataset.name` in lower case, without quotes and without IF NOT EXISTS."""
    bare = re.sub(r"(?i)\bIF\s+NOT\s+EXISTS\b", "", written)
    return "".join(bare.replace("`", "").split()).lower()
