"""The two sides of a diff: where their files lie, and with which settings each is scanned.

Each side is scanned with the config and the catalog that its own commit holds, so that a change of these shows. What
does not belong to the code is the head's on both sides: the rules, their severities, the policies, the baseline, and
the price list.
`docs/decisions/013-what-a-diff-compares.md` says why.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from costguard.baseline.place import DEFAULT
from costguard.cli.request import Options, build_request, cache_directory
from costguard.config import Config, find_config, load_config, rule_directories
from costguard.diff.git import Repository
from costguard.diff.model import Revision
from costguard.diff.snapshot import Snapshot, pack_work_tree, snapshot, temporary_folder
from costguard.diff.sources import config_files, discover_tree, lost, needed
from costguard.diff.tree import Tree, below, missing_objects, tree_of_commit, tree_on_disk
from costguard.discover import kind_of, printable
from costguard.errors import UsageProblem
from costguard.packed_files import PackedFiles, read_file
from costguard.request import ScanRequest

NAMED: Final = 3
"""Paths that a remark names."""
_SETTINGS: Final = ("runs", "parameters", "location", "project", "dataset", "dialect", "exclude", "machine")
"""Keys of the config that decide what a query costs."""


@dataclass(frozen=True, slots=True)
class Side:
    """A revision, where its files can be read."""

    revision: Revision
    tree: Tree
    folder: Path
    """The top of the tree, as far as it lies in files."""
    config: Config
    snapshot: Snapshot | None = None
    """None: the work tree itself."""
    packed: PackedFiles | None = None

    @property
    def root(self) -> Path:
        """What the absolute paths of the sources begin with."""
        return self.snapshot.root if self.snapshot is not None else self.folder

    def read(self, path: str) -> bytes:
        """The content of a file of the tree.

        Raises:
            OSError: it cannot be read.
        """
        return read_file(str(self.root / path), self.packed)

    @contextmanager
    def named(self) -> Iterator[None]:
        """Errors about files of a commit name the commit, not the folder that they are written to.

        Raises:
            UsageProblem: what the user must solve.
        """
        from costguard.cli.problems import explain_error

        try:
            yield
        except Exception as error:
            text = str(error) if isinstance(error, UsageProblem) else explain_error(error)
            if text is None:
                raise
            raise UsageProblem(self.shown(text)) from None

    def shown(self, text: str) -> str:
        """A text in which files of this side are named by the revision."""
        if self.snapshot is None:
            return text
        for folder in (self.folder, self.root):
            text = text.replace(f"{folder}/", f"{self.revision.name}:")
        return text


@contextmanager
def both_sides(
    repository: Repository, base: Revision, head: Revision, paths: Sequence[str], options: Options
) -> Iterator[tuple[Side, Side]]:
    """Base and head, their files written out as far as a scan may read them.

    Raises:
        UsageProblem: a path is on neither side, a config cannot be used, or git cannot read what it should.
    """
    before = _tree(repository, base)
    after = _tree(repository, head)
    for path in paths:
        if not any(True for tree in (before, after) for _ in below(tree.files, [path])):
            raise UsageProblem(f"{path}: no such file or directory in {base.name} or {head.name}")
    missing = lost(before, after, paths)
    if missing is not None:
        raise UsageProblem(missing_objects(repository, f"the content of {printable(missing)} is not here"))
    with ExitStack() as stack:
        sides = [
            _side(repository, revision, tree, paths, options, stack)
            for revision, tree in ((base, before), (head, after))
        ]
        yield sides[0], sides[1]


def _tree(repository: Repository, revision: Revision) -> Tree:
    if revision.commit is None:
        return tree_on_disk(repository)
    return tree_of_commit(repository, revision.commit)


def _side(
    repository: Repository,
    revision: Revision,
    tree: Tree,
    paths: Sequence[str],
    options: Options,
    stack: ExitStack,
) -> Side:
    if revision.commit is None:
        config = load_config(options.config or find_config(repository.top / paths[0]))
        pack = stack.enter_context(temporary_folder(repository)) / "pack"
        packed = pack_work_tree(repository.top, tree, needed(tree, paths), pack)
        return Side(revision, tree, repository.top, config, packed=packed)
    written = stack.enter_context(snapshot(repository, tree))
    written.write(config_files(tree, paths[0]))
    config_path = find_config(written.folder / paths[0])
    if options.config is not None:
        config_path = _own_version(repository, written, options.config) or options.config
    side = Side(revision, tree, written.folder, Config(), written)
    with side.named():
        config = load_config(config_path)
    folder = _inside(config.folder, written.folder) if config.found else None
    if folder is not None:
        named = [*config.catalog, *((config.prices,) if config.prices is not None else ())]
        written.write(path for name in named if (path := _joined(folder, name)) is not None)
        rules = [path for name in config.rules.directories if (path := _joined(folder, name)) is not None]
        written.write(below(tree.files, rules))
    baseline = _joined(folder or "", config.baseline or DEFAULT)
    if baseline is not None:
        written.write([baseline])
    return replace(side, config=config, packed=written.pack(needed(tree, paths)))


def _own_version(repository: Repository, written: Snapshot, config: Path) -> Path | None:
    """A config file that was named, as the commit has it; None when it has none."""
    path = _inside(config, repository.top)
    if path is None or path not in written.tree.files:
        return None
    written.write([path])
    return written.folder / path


def _inside(path: Path, folder: Path) -> str | None:
    """A path as counted from a folder; None when it lies elsewhere."""
    resolved = path.resolve()
    if not resolved.is_relative_to(folder):
        return None
    inside = resolved.relative_to(folder).as_posix()
    return "" if inside == "." else inside


def _joined(folder: str, name: Path) -> str | None:
    """A path of the config as counted from the top; None when it leads out of the tree."""
    parts: list[str] = []
    for part in (*Path(folder).parts, *name.parts):
        if part == ".." and not parts:
            return None
        parts = parts[:-1] if part == ".." else [*parts, part]
    return None if name.is_absolute() else "/".join(parts)


@dataclass(frozen=True, slots=True)
class Requests:
    """What to scan, and what a reader has to know about it."""

    before: ScanRequest
    after: ScanRequest
    remarks: tuple[str, ...]


def scan_requests(
    repository: Repository,
    base: Side,
    head: Side,
    paths: Sequence[str],
    options: Options,
    *,
    same_settings: bool,
) -> Requests:
    """The scans of both sides. `same_settings`: the base is scanned with the config and the catalog of the head.

    Raises:
        UsageProblem: a config, a catalog, prices or a rule folder cannot be used.
    """
    remarks: list[str] = []
    with head.named():
        rules = rule_directories(head.config)
        prices = options.prices or config_place(repository, head, head.config.prices)
        cache = cache_directory(options, _at_home(repository, head))
        catalogs_after = tuple(options.catalog) or _catalogs(repository, head, remarks)
        options = replace(options, prices=prices)
        after = _request(head, head.config, paths, replace(options, catalog=catalogs_after))
    settings = head.config if same_settings else base.config
    with base.named():
        if same_settings or options.catalog:
            catalogs_before = catalogs_after
        else:
            catalogs_before = _catalogs(repository, base, remarks)
            if not catalogs_before and catalogs_after:
                catalogs_before = catalogs_after
                remarks.append(f"{base.revision.name} names no catalog: that of {head.revision.name} is used")
        before = _request(base, settings, paths, replace(options, catalog=catalogs_before))
    before = replace(
        before,
        rules=after.rules,
        ignored_rules=after.ignored_rules,
        severities=after.severities,
        policies=after.policies,
        require_reason=after.require_reason,
    )
    if not same_settings:
        remarks.extend(_differences(base, head, before, after, options))
    remarks.extend(_left_out(base, head, paths))
    with head.named():
        return Requests(
            replace(before, rule_directories=rules, cache_directory=cache),
            replace(after, rule_directories=rules, cache_directory=cache),
            tuple(remarks),
        )


def _request(side: Side, config: Config, paths: Sequence[str], options: Options) -> ScanRequest:
    # The rule folders are the head's, and are put in later.
    plain = config.model_copy(update={"rules": config.rules.model_copy(update={"directories": ()})})
    files = discover_tree(side.tree, side.root, paths, config.exclude)
    return replace(build_request(options, plain, files), packed=side.packed)


def _at_home(repository: Repository, side: Side) -> Config:
    """The config with its folder in the work tree: what it writes outlives the diff."""
    folder = _inside(side.config.folder, side.folder)
    if side.snapshot is None or folder is None:
        return side.config
    return side.config.model_copy(update={"folder": repository.top / folder})


def config_place(repository: Repository, side: Side, name: Path | None) -> Path | None:
    """Where a file that the config names lies: in the commit, or, when it is not checked in, in the work tree."""
    if name is None:
        return None
    place = side.config.folder / name
    if side.snapshot is None or place.exists():
        return place
    folder = _inside(side.config.folder, side.folder)
    own = repository.top / folder / name if folder is not None else place
    return own if own.exists() else place


def _catalogs(repository: Repository, side: Side, remarks: list[str]) -> tuple[Path, ...]:
    found: list[Path] = []
    for name in side.config.catalog:
        place = config_place(repository, side, name)
        assert place is not None
        if side.snapshot is not None and not place.is_relative_to(side.folder) and not name.is_absolute():
            remarks.append(
                f"{printable(name.as_posix())} is not in {side.revision.name}: that of the work tree is used"
            )
        found.append(place)
    return tuple(found)


def _differences(
    base: Side, head: Side, before: ScanRequest, after: ScanRequest, options: Options
) -> Iterator[str]:
    """What differs between the settings of the sides, beside the code."""
    given = {
        "location": options.location,
        "project": options.project,
        "dataset": options.dataset,
        "dialect": options.dialect,
    }
    keys = [
        key
        for key in _SETTINGS
        if given.get(key) is None and getattr(base.config, key) != getattr(head.config, key)
    ]
    if keys:
        yield (
            f"the config differs in {', '.join(keys)}: each side is scanned with its own (--same-settings takes "
            f"that of {head.revision.name} for both)"
        )
    if before.catalogs != after.catalogs and _contents(before.catalogs) != _contents(after.catalogs):
        yield (
            "the catalog differs: part of the change may be that of the tables (--same-settings takes that of "
            f"{head.revision.name} for both)"
        )


def _contents(paths: Sequence[Path]) -> list[bytes | None]:
    return [path.read_bytes() if path.is_file() else None for path in paths]


def _left_out(base: Side, head: Side, paths: Sequence[str]) -> Iterator[str]:
    """Files that are not read, of either side."""
    links = {path for side in (base, head) for path in below(side.tree.links, paths) if kind_of(path)}
    if links:
        yield f"{_counted(links, 'symbolic link is', 'symbolic links are')} not followed: {_some(links)}"
    modules = {path for side in (base, head) for path in below(side.tree.submodules, paths)}
    if modules:
        yield f"{_counted(modules, 'submodule is', 'submodules are')} not read: {_some(modules)}"
    refused = dict(item for side in (base, head) for item in side.tree.refused)
    for side in (base, head):
        if side.snapshot is not None:
            refused.update(side.snapshot.refused)
    if refused:
        why = "; ".join(sorted(set(refused.values())))
        yield f"{_counted(refused, 'path is', 'paths are')} not read ({why}): {_some(refused)}"


def _counted(things: Sequence[str] | set[str] | dict[str, str], singular: str, plural: str) -> str:
    return f"{len(things):,} {singular if len(things) == 1 else plural}"


def _some(paths: set[str] | dict[str, str]) -> str:
    ranked = sorted(map(printable, paths))
    return ", ".join(ranked[:NAMED]) + (" and others" if len(ranked) > NAMED else "")
