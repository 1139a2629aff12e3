"""The way data takes. Read this file first.

    discover -> extract -> facts -> catalog -> estimate -> judge -> gate | render

Each stage takes values and returns values. Files are found by `costguard.discover`; `costguard.collect` turns
each into fact rows (in processes, from a cache); here the rows of all files become frames, the catalog gives them
sizes, prices give dollars, and rules, which are queries over the frames, give findings. Given a job history, what the
jobs of a query took replaces what was estimated (`with_history`). Policies are queries over facts and findings.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic_core import from_json

from costguard.cache import Cache, code_version, digest
from costguard.collect import (
    CollectSettings,
    Content,
    FileTask,
    collect,
    content_of,
    crew_for,
    processes_for,
    reads_hold,
    reads_of,
)
from costguard.discover import printable
from costguard.extract.dbt_files import DirectoryFiles, PackedTree
from costguard.json_text import json_text
from costguard.model import Span
from costguard.request import ScanOutcome, ScanRequest
from costguard.result import QueryReport, ScanResult, Summary, UnreadReport
from costguard.shipped import shipped
from costguard.source_text import SourceTexts
from costguard.template_project import below, find_template_root, template_state

if TYPE_CHECKING:
    import polars as pl

    from costguard.catalog.model import Catalog
    from costguard.crew import Crew
    from costguard.extract.dbt import TemplateProject
    from costguard.facts.merge import SourceColumns
    from costguard.guards.evidence import Evidence
    from costguard.history.charges import Charges
    from costguard.history.jobs import Jobs
    from costguard.history.prices import BillPrices, PricedJobs
    from costguard.history.rollup import Period
    from costguard.history.spend import History
    from costguard.judge.policies import Policy
    from costguard.judge.rulebook import Rulebook
    from costguard.measured import MeasuredScan

Frames = dict[str, "pl.DataFrame"]
Progress = Callable[[str, int, int], None]
"""Called with (stage, done, total)."""


def scan(
    request: ScanRequest, report_progress: Progress | None = None, started: Crew | None = None
) -> ScanOutcome:
    """Find, price and judge everything in the files of a request.

    `started`: processes that were given a head start; they are taken if there are as many as the files need.

    Raises:
        costguard.catalog.model.CatalogError: a catalog cannot be used.
        costguard.judge.rulebook.RulebookError: a rule page is broken, or a rule is not known.
    """
    with Cache(request.cache_directory) as cache, _crew(request, started) as crew:
        run = _Run(request, cache, report_progress, crew)
        result = None
        if cache.empty:
            crew.start()  # every file is to be read: what that takes is loaded while they are looked at here
            if crew.workers == 1:
                run.note_inputs()
        else:
            result = run.remembered()
        if result is None:
            frames = run.frames()
            result = run.judged(frames)
            if request.jobs:
                (found,) = with_history(request, frames, run.source_texts, result, read_exports(request))
                result = found.result
            if run.policies:
                result = _with_policies(run.policies, frames, result)
            run.remember(result, frames)
        notes = (cache.note,) if cache.note else ()
    return ScanOutcome(result, run.source_texts.text, notes)


def _crew(request: ScanRequest, started: Crew | None = None) -> Crew:
    files = request.files
    processes = processes_for(len(files.files), files.total_bytes, request.processes)
    if started is not None and started.workers == processes:
        return started
    return crew_for(processes)


@dataclass
class _Run:
    """One scan: what was read of the files, and the keys of the cache."""

    request: ScanRequest
    cache: Cache
    progress: Progress | None
    crew: Crew
    reads: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """The files that the code of each file names, with their digests."""

    @cached_property
    def version(self) -> str:
        return code_version()

    @cached_property
    def tasks(self) -> tuple[FileTask, ...]:
        return tuple(
            FileTask(file.path, file.absolute, file.kind, file.is_test) for file in self.request.files.files
        )

    @cached_property
    def contents(self) -> dict[str, Content]:
        return {task.path: content_of(task, self.request.packed) for task in self.tasks}

    @cached_property
    def source_texts(self) -> SourceTexts:
        return SourceTexts({task.path: task.absolute for task in self.tasks}, self.request.packed)

    @cached_property
    def marked(self) -> list[str]:
        return [path for path, content in self.contents.items() if content.marked]

    @cached_property
    def settings(self) -> CollectSettings:
        roots, packed = tuple(str(root) for root in self.request.files.roots), self.request.packed
        if not any(content.templated for content in self.contents.values()):
            return CollectSettings(self.request.dialect, roots, packed=packed)
        root = str(find_template_root(self.request.files.roots, packed))
        files = DirectoryFiles(root) if packed is None else PackedTree(packed, root)
        state = template_state(files.root, files.paths(), packed)
        return CollectSettings(self.request.dialect, roots, None, files, state, packed)

    @cached_property
    def project(self) -> TemplateProject | None:
        """What rendering needs to know of the tree; None when there are no templates."""
        files = self.settings.project_files
        if files is None:
            return None
        from costguard.extract.dbt import build_template_project

        without_macros = frozenset(
            below(task.absolute, files.root).replace(os.sep, "/")
            for task in self.tasks
            if not self.contents[task.path].macros
        )
        return build_template_project(files, without_macros)

    @property
    def project_problems(self) -> list[UnreadReport]:
        """Files of the template project that could not be read, so that its templates were rendered without them."""
        files = self.settings.project_files
        if files is None or self.project is None:
            return []
        as_given = all(os.path.isabs(task.path) for task in self.tasks)
        folder = (
            files.root if as_given else os.path.relpath(files.root, self.request.files.folder or os.curdir)
        )
        return [
            UnreadReport(
                printable(Path(folder, path).as_posix()),
                Span(line, 1, line, 1),
                "project file not read",
                why,
            )
            for path, why, line in self.project.problems
        ]

    # -- the cache of whole results ----------------------------------------------------------------

    @cached_property
    def result_key(self) -> str:
        """Everything that the result depends on, but the clock and the files that code names."""
        request, settings = self.request, self.request.settings
        parts = [self.version, "result", request.dialect, self.settings.project_digest]
        for task in self.tasks:
            parts.extend((task.path, task.kind, str(task.is_test), self.contents[task.path].digest))
        for item in request.files.unread:
            parts.extend((item.path, item.reason))
        for catalog in request.catalogs:
            parts.append(_file_digest(catalog))
        parts.extend(_file_mark(page) for page in sorted(shipped("rules").rglob("*.md")))
        for directory in request.rule_directories:
            for page in sorted(directory.rglob("*.md")):  # few: and the same in a work tree and in a commit
                parts.extend((page.relative_to(directory).as_posix(), _file_digest(page)))
        parts.append(repr((request.rules, request.ignored_rules, sorted(request.severities.items()))))
        parts.append(
            repr((settings.project, settings.dataset, settings.location, settings.runs, settings.parameters))
        )
        parts.append(repr(settings.machine))
        parts.append(repr((request.policies, request.require_reason, request.paths.mark())))
        if request.prices is not None:
            parts.extend(("prices", _file_digest(request.prices)))
        if request.jobs:
            config = request.config
            parts.append(
                repr((config.iteration_labels, config.iteration_gap_hours, config.iteration_max_hours))
            )
            parts.append(repr(config.phases.rules))
        for kind, exports in (("jobs", request.jobs), ("bills", request.bills)):
            parts.extend(f"{kind} {_file_mark(path)}" for path in exports)
        return digest(*parts)

    def remembered(self) -> ScanResult | None:
        """The result of an earlier scan of the same things, when it still holds."""
        text = self.cache.get([self.result_key]).get(self.result_key)
        if text is None:
            return None
        from costguard.result_store import decode

        try:
            stored = from_json(text)
            if stored["hour"] is not None and stored["hour"] != self._hour():
                return None
            absolute = {task.path: task.absolute for task in self.tasks}
            for path, reads in stored["reads"].items():
                if not reads_hold(absolute[path], self.settings, reads, path):
                    return None
            return decode(stored["result"])
        except (ValueError, KeyError, TypeError, IndexError, AttributeError):
            return None  # written by something else: work it out again

    def remember(self, result: ScanResult, frames: Frames) -> None:
        """Keep the result. If a query reads the clock, it holds for this hour only (partitions are no finer)."""
        if not self.cache.open:
            return
        from costguard.result_store import encode

        document = {
            "hour": self._hour() if _reads_the_clock(frames, self.catalog) or self._dated_ignores() else None,
            "reads": self.reads,
            "result": encode(result),
        }
        self.cache.put({self.result_key: json_text(document)})

    def _dated_ignores(self) -> bool:
        """An ignore comment may end: `until=`."""
        from costguard.judge.suppress import ignores_of

        texts = self.source_texts
        return any(
            ignore.until is not None
            for path in self.marked
            for ignore in ignores_of(texts, path, texts.cells(path))
        )

    def _hour(self) -> str:
        return self.request.settings.now.strftime("%Y-%m-%dT%H%z")

    # -- the work ----------------------------------------------------------------------------------

    @cached_property
    def rulebook(self) -> Rulebook:
        from costguard.judge.rulebook import load_rulebook

        return load_rulebook(shipped("rules"), self.request.rule_directories)

    @cached_property
    def policies(self) -> tuple[Policy, ...]:
        """Those of the request, checked."""
        if self.request.policies:
            from costguard.judge.policies import check_policies

            check_policies(self.request.policies)
        return self.request.policies

    @cached_property
    def catalog(self) -> Catalog:
        from costguard.catalog.load import load_catalog

        return load_catalog(self.request.catalogs)

    def note_inputs(self) -> None:
        """Work out under which key the result is kept: of what the inputs were before they were read."""
        if self.cache.open:
            _ = self.result_key

    def prepare(self) -> None:
        """Load what the later stages need, while other processes read files."""
        import costguard.estimate.run
        import costguard.facts.merge
        import costguard.judge.findings
        import costguard.query_reports
        import costguard.view_plan  # noqa: F401

        self.note_inputs()
        _ = self.catalog, self.rulebook, self.policies

    def frames(self) -> Frames:
        """The fact tables of all files, with bytes and dollars."""
        from costguard.facts.merge import merge_columns

        facts = merge_columns(self._columns())
        # Heavy, and not to be loaded before other processes are started.
        from costguard.estimate.run import estimate
        from costguard.view_plan import expand_view

        return estimate(facts, self.catalog, self.request.settings, expand_view)

    def judged(self, frames: Frames) -> ScanResult:
        """What the rules find in them.

        Raises: as `judge_frames`.
        """
        return judge_frames(
            self.request,
            frames,
            self.source_texts,
            self.rulebook,
            self.marked,
            self.project_problems,
            self.catalog.as_of,
        )

    def _columns(self) -> Iterator[SourceColumns]:
        """The facts of each file, in order."""
        progress = self.progress
        for item in collect(
            self.tasks,
            replace(self.settings, project=self.project),
            self.cache,
            self.version,
            self.request.processes,
            (lambda done, total: progress("reading", done, total)) if progress is not None else None,
            self.contents,
            meanwhile=self.prepare,
            crew=self.crew,
        ):
            if named := reads_of(item.payload):
                self.reads[item.path] = named
            yield item.columns()


def judge_frames(
    request: ScanRequest,
    frames: Frames,
    texts: SourceTexts,
    rulebook: Rulebook,
    marked: Sequence[str] = (),
    problems: Sequence[UnreadReport] = (),
    as_of: str | None = None,
) -> ScanResult:
    """Run the rules and put the result together.

    `marked`: paths of files that may hold ignore comments. `problems`: what could not be read of other files.
    `as_of`: the time of the catalog, as it writes it.

    Raises:
        costguard.judge.rulebook.RulebookError: a rule is not known, or does not run.
    """
    from concurrent.futures import ThreadPoolExecutor

    from costguard.estimate.compute import machine_price
    from costguard.estimate.since import days_since, since_queries
    from costguard.facts.places import Places
    from costguard.iteration_cost import iteration_cost
    from costguard.judge.findings import choose, judged
    from costguard.judge.rule_rows import rule_rows
    from costguard.judge.suppress import IgnoreTerms
    from costguard.query_reports import (
        price_remarks,
        query_ids,
        query_reports,
        unread_files,
        unread_reports,
    )

    places = Places(frames)
    ids = query_ids(frames)
    rules = choose(rulebook, request.rules, request.ignored_rules)
    # Polars works without Python, which makes the reports meanwhile.
    with ThreadPoolExecutor(1) as beside:
        rows = beside.submit(rule_rows, frames, rules)
        queries = query_reports(frames, places, ids, request.settings.prices)
    machine = machine_price(request.settings.machine, request.settings.machines)
    findings = judged(
        frames,
        rulebook,
        rules,
        rows.result(),
        request.ignored_rules,
        request.severities,
        ids,
        queries,
        texts,
        [(path, texts.cells(path)) for path in marked],
        machine,
        IgnoreTerms(request.settings.now.date(), request.require_reason, request.paths.name),
    )
    unread = tuple(
        sorted(
            (*unread_reports(frames, places), *request.files.unread, *problems),
            key=lambda item: (item.path, item.span.cell or 0, item.span.start_line, item.reason),
        )
    )
    counted = [query for query in queries if query.counted_with is None]
    summary = Summary(
        files=len(request.files.files) + len(request.files.unread) + len(problems),
        files_unread=unread_files(frames) + len(request.files.unread) + len(problems),
        queries=len(queries),
        findings=sum(finding.suppressed is None for finding in findings),
        suppressed=sum(finding.suppressed is not None for finding in findings),
        unread=len(unread),
        usd_per_iteration=iteration_cost(queries),
        unknown_queries=sum(query.usd is None for query in counted),
        assumed_runs=sum(query.usd is not None and query.runs_basis == "assumed" for query in counted),
        counted_elsewhere=len(queries) - len(counted),
        since_queries=since_queries(frames),
        catalog_days=days_since(as_of, request.settings.now),
        price_remarks=price_remarks(frames, request.settings, findings, machine),
    )
    return ScanResult(summary, queries, findings, unread)


def _with_policies(policies: Sequence[Policy], frames: Frames, result: ScanResult) -> ScanResult:
    from costguard.judge.policies import hold_policies
    from costguard.query_reports import query_ids

    return replace(result, policies=hold_policies(policies, frames, result, query_ids(frames)))


@dataclass(frozen=True, slots=True)
class ScanWithHistory:
    """A scan, held against the job history."""

    result: ScanResult
    history: History
    queries: Mapping[int, QueryReport]
    """By the key of the statement."""
    never_run: tuple[int, ...]
    """Statements of the code that the history does not know, the dearest first."""


@dataclass(frozen=True, slots=True)
class Exports:
    """The bill, if there is one, and the job history."""

    charges: Charges | None
    jobs: Jobs
    priced: PricedJobs | None = None
    """The jobs with what they cost, where somebody has worked that out already."""


def read_exports(request: ScanRequest) -> Exports:
    """Read what a request names, and find the iterations in it.

    Raises:
        costguard.errors.UsageProblem: the history or the bill cannot be read, or holds something else.
    """
    from costguard.history.charges import check_charges, load_charges
    from costguard.history.iterations import iteration_settings
    from costguard.history.jobs import load_jobs
    from costguard.history.runs import with_iterations

    charges = load_charges([str(path) for path in request.bills]) if request.bills else None
    if charges is not None:
        check_charges(charges)  # refuses what would be added up wrongly
    jobs = load_jobs([str(path) for path in request.jobs])
    settings = iteration_settings(request.config)
    return Exports(charges, replace(jobs, frame=with_iterations(jobs.frame, charges, settings)))


def with_history(
    request: ScanRequest,
    frames: Frames,
    texts: SourceTexts,
    result: ScanResult,
    exports: Exports,
    periods: Sequence[Period | None] = (None,),
) -> tuple[ScanWithHistory, ...]:
    """Find the jobs of each query, and put what they took in the place of estimates: once for each period, of the jobs
    that were created in it; None stands for all.

    Raises:
        costguard.errors.UsageProblem: the history or the bill cannot be read, or holds something else.
    """
    from costguard.code_statements import code_statements, never_run
    from costguard.estimate.price import price_book
    from costguard.history.match import match_jobs
    from costguard.history.rollup import within
    from costguard.history.spend import add_up
    from costguard.measured import measure
    from costguard.query_reports import query_ids

    book = request.settings.prices or price_book()
    priced = exports.priced or _priced(request, exports.jobs, exports.charges)
    ids = query_ids(frames)
    statements = code_statements(frames, ids, texts)
    matched = match_jobs(priced.frame, statements)
    bill_prices = _bill_prices(request, frames, priced.bill)
    by_id = {query.id: query for query in result.queries}
    queries = {key: by_id[identity] for key, identity in enumerate(ids)}

    def held_against(period: Period | None) -> ScanWithHistory:
        if period is None:
            history = add_up(priced, matched)
        else:
            jobs = within(matched.frame.lazy(), period, "created").collect()
            # Slots are shared out by the day, whatever the period: what was left over is of the whole history.
            history = add_up(replace(priced, slots_unused=Decimal(0)), replace(matched, frame=jobs))
        unknown = never_run(frames, statements, history.statements.keys(), queries)
        measured = measure(
            result.queries,
            result.findings,
            history,
            ids,
            len(unknown),
            lambda place: f"{place}, {book.note(place)}",
            bill_prices,
        )
        return _measured_scan(result, measured, history, ids, unknown)

    return tuple(map(held_against, periods))


def _measured_scan(
    result: ScanResult, measured: MeasuredScan, history: History, ids: Sequence[str], unknown: tuple[int, ...]
) -> ScanWithHistory:
    """The scan's result with measured figures, and its summary anew."""
    from costguard.iteration_cost import iteration_cost

    counted = [query for query in measured.queries if query.counted_with is None]
    summary = replace(
        result.summary,
        usd_per_iteration=iteration_cost(measured.queries),
        unknown_queries=sum(query.usd is None for query in counted),
        assumed_runs=sum(query.usd is not None and query.runs_basis == "assumed" for query in counted),
    )
    by_id = {query.id: query for query in measured.queries}
    return ScanWithHistory(
        ScanResult(summary, measured.queries, measured.findings, result.unread, measured.totals),
        history,
        {key: by_id[identity] for key, identity in enumerate(ids)},
        unknown,
    )


def _priced(request: ScanRequest, jobs: Jobs, charges: Charges | None) -> PricedJobs:
    """Jobs with what they cost."""
    from costguard.estimate.price import list_price_of, price_book
    from costguard.history.prices import price_jobs

    book = request.settings.prices or price_book()
    return price_jobs(jobs.frame, list_price_of(book), request.settings.location, charges)


def _bill_prices(request: ScanRequest, frames: Frames, bill: BillPrices | None) -> dict[int, Decimal]:
    """What a TiB costs by the bill, by the key of the query. Training a model has SKUs of its own."""
    if bill is None:
        return {}
    found: dict[int, Decimal] = {}
    for key, statement, location in frames["queries"].select("query", "statement", "location").rows():
        price = bill.price(request.settings.project, location) if location is not None else None
        if price is not None and statement != "CREATE MODEL":
            found[key] = price
    return found


def scan_with_history(request: ScanRequest, report_progress: Progress | None = None) -> ScanWithHistory:
    """A scan with everything that the history says, for `costguard match` and `costguard calibrate`.

    Raises: as `scan`, and as `with_history`.
    """
    (found,) = scan_with_histories(request, (None,), report_progress)
    return found


def scan_with_histories(
    request: ScanRequest,
    periods: Sequence[Period | None],
    report_progress: Progress | None = None,
    exports: Exports | None = None,
) -> tuple[ScanWithHistory, ...]:
    """One scan, held against the jobs of each period; None stands for all jobs. `exports`: the bill and the history,
    when somebody has read them already.

    Raises: as `scan`, and as `with_history`.
    """
    with Cache(request.cache_directory) as cache, _crew(request) as crew:
        run = _Run(request, cache, report_progress, crew)
        frames = run.frames()
        result = run.judged(frames)
        return with_history(
            request, frames, run.source_texts, result, exports or read_exports(request), periods
        )


def guard_evidence(
    request: ScanRequest, label_keys: Sequence[str], report_progress: Progress | None = None
) -> Evidence:
    """What suggestions of guards rest on, for `costguard guard`: of code, history, catalog and bill whatever is there.

    Raises: as `scan`, and as `read_exports`.
    """
    from costguard.catalog.load import load_catalog
    from costguard.code_statements import code_statements
    from costguard.estimate.price import price_book
    from costguard.facts.places import Places
    from costguard.guards.evidence import Code, Evidence
    from costguard.history.charges import load_charges, summarise
    from costguard.history.jobs import load_jobs
    from costguard.history.match import match_jobs
    from costguard.query_reports import query_ids, query_reports
    from costguard.view_plan import expand_view

    settings = request.settings
    book = settings.prices or price_book()
    jobs = load_jobs([str(path) for path in request.jobs]).frame if request.jobs else None
    charges = load_charges([str(path) for path in request.bills]) if request.bills else None
    code = None
    if request.files.files or request.files.unread:
        with Cache(request.cache_directory) as cache, _crew(request) as crew:
            run = _Run(request, cache, report_progress, crew)
            frames, texts = run.frames(), run.source_texts
        ids, places = query_ids(frames), Places(frames)
        queries = query_reports(frames, places, ids, settings.prices)
        by_id = {query.id: query for query in queries}
        matched = match_jobs(jobs, code_statements(frames, ids, texts)) if jobs is not None else None
        code = Code(frames, places, {key: by_id[identity] for key, identity in enumerate(ids)}, matched)
    return Evidence(
        catalog=load_catalog(request.catalogs),
        settings=settings,
        expand_view=expand_view,
        usd_per_tib=book.price(settings.location),
        price_note=f"{settings.location}, {book.note(settings.location)}",
        label_keys=tuple(label_keys),
        jobs=jobs,
        code=code,
        charges=charges.frame if charges is not None else None,
        currency=summarise(charges).currency if charges is not None else None,
    )


def frames_of(
    request: ScanRequest, report_progress: Progress | None = None, *, judged: bool = False
) -> dict[str, pl.DataFrame | pl.LazyFrame]:
    """The fact tables of a request, for `costguard query`; with a history its own, too. `judged`: with the table
    `findings`.

    Raises:
        costguard.judge.rulebook.RulebookError: a rule page is broken.
        costguard.errors.UsageProblem: the history or the bill cannot be read, or holds something else.
    """
    with Cache(request.cache_directory) as cache, _crew(request) as crew:
        run = _Run(request, cache, report_progress, crew)
        frames = run.frames()
        found: dict[str, pl.DataFrame | pl.LazyFrame] = dict(frames)
        if judged:
            from costguard.judge.findings_table import judged_frames
            from costguard.query_reports import query_ids

            result = run.judged(frames)
            found.update(judged_frames(frames, result, query_ids(frames)))
        if request.jobs or request.bills:
            found.update(_history_frames(request, frames, run.source_texts))
        return found


def _history_frames(
    request: ScanRequest, frames: Frames, texts: SourceTexts
) -> dict[str, pl.DataFrame | pl.LazyFrame]:
    """The fact tables of a history."""
    from costguard.code_statements import code_statements
    from costguard.history.charges import load_charges
    from costguard.history.iterations import iteration_settings
    from costguard.history.jobs import load_jobs
    from costguard.history.match import match_jobs
    from costguard.history.query_tables import history_tables
    from costguard.query_reports import query_ids

    charges = load_charges([str(path) for path in request.bills]) if request.bills else None
    jobs = None
    if request.jobs:
        priced = _priced(request, load_jobs([str(path) for path in request.jobs]), charges)
        jobs = priced, match_jobs(priced.frame, code_statements(frames, query_ids(frames), texts))
    tables = history_tables(charges, jobs, iteration_settings(request.config))
    found: dict[str, pl.DataFrame | pl.LazyFrame] = {"iterations": tables.iterations}
    if jobs is not None:
        found["jobs"] = tables.jobs
    if charges is not None:
        found["charges"] = tables.charges
    return found


def _reads_the_clock(frames: Frames, catalog: Catalog) -> bool:
    """Some figure may be another one at another time: by the statement's own text, by a script variable that
    its conditions or loops name, by a view, or by what comes to a table after the catalog."""
    texts = (frames["scans"]["predicate"], frames["scans"]["on_predicate"], frames["queries"]["loop_counts"])
    return (
        bool(frames["queries"]["time_dependent"].any())
        or any(bool(text.str.contains("CURRENT_", literal=True).any()) for text in texts)
        or (
            catalog.as_of is not None and bool(frames["scans"]["pruning"].is_in(["pruned", "defeated"]).any())
        )
        or any("current_" in (raw.get("view_query") or "").lower() for raw in catalog.raw().values())
    )


def _file_digest(path: Path) -> str:
    try:
        return digest(path.read_bytes())
    except OSError:
        return "missing"


def _file_mark(path: Path) -> str:
    """The name, size and time of a file: cheaper than its content, for files that only people change."""
    try:
        status = path.stat()
    except OSError:
        return f"{path}:missing"
    return f"{path}:{status.st_mtime_ns}:{status.st_size}"


__all__ = [
    "Frames",
    "ScanWithHistory",
    "frames_of",
    "guard_evidence",
    "judge_frames",
    "scan",
    "scan_with_history",
    "with_history",
]
