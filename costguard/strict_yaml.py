"""Plain YAML data, and nothing that could surprise: no key twice, no depth that a parser cannot bear."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

DEEPEST: Final = 100
"""Levels of lists and mappings. Libyaml builds them on the C stack: past its end the process is gone."""


class YamlProblem(ValueError):  # noqa: N818 - the text's problem, not ours
    """A text is not YAML, or not of the kind that is read."""

    def __init__(self, problem: str, line: int | None = None) -> None:
        super().__init__(problem)
        self.line = line
        """0-based."""


def load(text: str) -> Any:
    """The data of a YAML document.

    Raises:
        YamlProblem: it is not YAML, is nested too deep, or a key occurs twice or is no scalar.
    """
    import yaml

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc]
        """Refuses a key that occurs twice: the later one would silently win."""

    def mapping(loader: Any, node: Any) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = loader.construct_object(key_node, deep=True)
            if not isinstance(key, (str, int, float, bool, type(None))):
                raise YamlProblem("a key that is no scalar", key_node.start_mark.line)
            if key in seen:
                raise YamlProblem(f"the key {key!r} occurs twice", key_node.start_mark.line)
            seen.add(key)
        loader.flatten_mapping(node)  # merged keys first, so that those that are written here win
        result: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            result[loader.construct_object(key_node, deep=True)] = loader.construct_object(
                value_node, deep=True
            )
        return result

    Loader.add_constructor("tag:yaml.org,2002:map", mapping)
    try:
        _check_depth(yaml.parse(text, Loader=base))
        return yaml.load(text, Loader=Loader)  # noqa: S506
    except YamlProblem:
        raise
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise YamlProblem(problem, mark.line if mark is not None else None) from error
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        # A date that is none, a tag that does not fit (`!!bool maybe`): what PyYAML's own code makes of it.
        raise YamlProblem(str(error) or type(error).__name__) from error


def _check_depth(events: Iterable[Any]) -> None:
    from yaml import CollectionEndEvent, CollectionStartEvent

    depth = 0
    for event in events:
        if isinstance(event, CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                raise YamlProblem(f"nested more than {DEEPEST} levels deep")
        elif isinstance(event, CollectionEndEvent):
            depth -= 1
