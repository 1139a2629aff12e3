"""The statements that BigQuery gets: read from the project's own code, its holes filled as the code fills them, and a
few that stand nowhere in it."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
SEGMENTS = ("trial", "student", "family", "premium", "business", "lapsed")
"""Of pipeline/score.py."""

CUSTOMERS, EVENTS, INVOICES = "shop.customers", "shop.events", "shop.invoices"
SUBSCRIPTIONS, SESSIONS, TICKETS = "shop.subscriptions", "shop.web_sessions", "shop.support_tickets"
DAYS, FEATURES, LABELS = "ml.customer_days", "ml.churn_features", "ml.churn_labels"
SCORES, TODAY, VISITS = "ml.churn_scores", "ml.churn_features_today", "web.ga_sessions_*"


@dataclass(frozen=True)
class Statement:
    """A statement as BigQuery runs it."""

    text: str
    kind: str
    """`statement_type` of its job."""
    size: int
    """Bytes that it reads with the tables of catalog.json: what `costguard scan` estimates, where it is in the code."""
    tables: tuple[str, ...]
    writes: str | None = None


# -- reading the code ------------------------------------------------------------------------------------


def _tree(path: str) -> ast.Module:
    return ast.parse((PROJECT / path).read_text(encoding="utf-8"))


def constant(path: str, name: str) -> str:
    """The text that a module gives a name."""
    for node in _tree(path).body:
        if isinstance(node, ast.Assign) and any(isinstance(to, ast.Name) and to.id == name for to in node.targets):
            return str(ast.literal_eval(node.value))
    raise LookupError(f"{path} has no {name}")


def argument(path: str, function: str) -> str:
    """The text that is passed first to a function, where it is written there."""
    for node in ast.walk(_tree(path)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr == function and isinstance(node.args[0], ast.Constant):
            return str(node.args[0].value)
    raise LookupError(f"{path} passes no text to {function}")


def filled(path: str, name: str, values: Mapping[str, str]) -> str:
    """The f-string that a module assigns to a name, its holes filled."""
    for node in ast.walk(_tree(path)):
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.JoinedStr):
            continue
        if any(isinstance(to, ast.Name) and to.id == name for to in node.targets):
            return "".join(
                str(part.value) if isinstance(part, ast.Constant) else values[ast.unparse(part.value)]
                for part in node.value.values
                if isinstance(part, (ast.Constant, ast.FormattedValue))
            )
    raise LookupError(f"{path} assigns no f-string to {name}")


def script(path: str) -> str:
    """A file of SQL, as `bq query < FILE` sends it."""
    return (PROJECT / path).read_text(encoding="utf-8")


def statements(path: str) -> list[str]:
    """The statements of a script that run as jobs of their own: without comments before them, the head of a loop, and
    what only sets variables. (No text or comment of these files holds a semicolon.)"""
    found = []
    for piece in script(path).split(";"):
        lines = piece.strip().splitlines()
        while lines and (not lines[0].strip() or lines[0].startswith(("--", "WHILE "))):
            del lines[0]
        text = "\n".join(lines).strip()
        if text and not text.startswith(("DECLARE ", "SET ", "END WHILE")):
            found.append(text)
    return found


def cell(number: int) -> str:
    """The query of a notebook's cell, without its magic."""
    notebook = json.loads((PROJECT / "notebooks" / "explore.ipynb").read_text(encoding="utf-8"))
    magic, _, text = "".join(notebook["cells"][number - 1]["source"]).partition("\n")
    assert magic.startswith("%%bigquery")
    return text


# -- what it sends ---------------------------------------------------------------------------------------

_delete_day, _insert_day, _delete_internal = statements("sql/ingest_events.sql")
DELETE_DAY = Statement(_delete_day, "DELETE", 58_919_840, (DAYS,), DAYS)
INSERT_DAY = Statement(_insert_day, "INSERT", 179_170_806_362, (EVENTS,), DAYS)
DELETE_INTERNAL = Statement(_delete_internal, "DELETE", 7_898_960_133, (DAYS, CUSTOMERS), DAYS)
INGEST = script("sql/ingest_events.sql")

_create_features, _merge_features = statements("sql/features.sql")
CREATE_FEATURES = Statement(
    _create_features,
    "CREATE_TABLE_AS_SELECT",
    295_694_632_803,
    (EVENTS, SESSIONS, INVOICES, CUSTOMERS, SUBSCRIPTIONS),
    TODAY,
)
MERGE_FEATURES = Statement(_merge_features, "MERGE", 6_202_911_397, (FEATURES, TODAY), FEATURES)
CREATE_LABELS = Statement(script("sql/labels.sql"), "CREATE_TABLE_AS_SELECT", 220_634_616, (SUBSCRIPTIONS,), LABELS)

_sources, _sources_yesterday = statements("sql/web_traffic.sql")
SOURCES = Statement(_sources, "SELECT", 22_402_220_291, (VISITS,))
SOURCES_YESTERDAY = Statement(_sources_yesterday, "SELECT", 40_154_660, (VISITS,))

READ_TICKETS = Statement(argument("pipeline/preprocess.py", "read_gbq"), "SELECT", 148_579_773_966, (TICKETS,))
EVENTS_YESTERDAY = Statement(constant("pipeline/monitor.py", "YESTERDAY_QUERY"), "SELECT", 90_488_112, (EVENTS,))
SCORE_SHIFT = Statement(constant("pipeline/monitor.py", "SHIFT_QUERY"), "SELECT", 1_523_277_056, (SCORES,))

SAMPLE = Statement(cell(3), "SELECT", 2_165_967_492_360, (EVENTS,))
READ_INVOICES = Statement(cell(5), "SELECT", 12_718_733_439, (INVOICES,))
OCTOBER = Statement(cell(8), "SELECT", 3_697_346_224, (EVENTS,))


def read_training(snapshot: str) -> Statement:
    """load_training_frame() of pipeline/preprocess.py."""
    text = constant("pipeline/preprocess.py", "TRAINING_QUERY").format(snapshot=snapshot)
    return Statement(text, "SELECT", 1_736_673_604, (FEATURES, LABELS))


def read_features(segment: str) -> Statement:
    """current_features() of pipeline/score.py."""
    text = filled("pipeline/score.py", "query", {"segment": segment})
    return Statement(text, "SELECT", 4_350_850_046, (FEATURES,))


def last_seen(segment: str) -> Statement:
    """A turn of the loop in last_seen() of pipeline/score.py."""
    text = filled("pipeline/score.py", "sql", {"segment": segment})
    return Statement(text, "SELECT", 60_731_749_317, (EVENTS, CUSTOMERS))


def ingest_from(first: str) -> str:
    """The script with other bounds, as somebody ran it by hand to fill old days again."""
    return INGEST.replace(
        "DECLARE day DATE DEFAULT DATE_SUB(CURRENT_DATE(), INTERVAL 7 DAY);",
        f"DECLARE day DATE DEFAULT DATE '{first}';",
    )


# -- what stands nowhere in the code -----------------------------------------------------------------------

EVENTS_YESTERDAY_BEFORE = Statement(
    EVENTS_YESTERDAY.text.replace("COUNT(*)", "COUNT(DISTINCT event_id)").replace(
        "WHERE event_date =", "WHERE DATE(event_timestamp) ="
    ),
    "SELECT",
    95_979_771_705 + 20_192_165_280 + 20_192_165_280,
    (EVENTS,),
)
"""The monitor's query before it was mended. It read event_id, event_timestamp and customer_id of all days."""
REVENUE_BY_COUNTRY = Statement(
    """SELECT country, DATE_TRUNC(event_date, WEEK) AS week, SUM(revenue) AS revenue
FROM `kestrel-prod.shop.events`
GROUP BY country, week
ORDER BY week, revenue DESC""",
    "SELECT",
    10_097_303_793 + 20_192_165_280 + 20_192_165_280,
    (EVENTS,),
)
"""Of an analyst: country, event_date and revenue of all days."""
COMPLAINTS = Statement(
    """SELECT topic, COUNT(*) AS tickets
FROM `kestrel-prod.shop.support_tickets`
WHERE LOWER(transcript) LIKE '%cancel%'
GROUP BY topic""",
    "SELECT",
    105_378_638_765 + 272_822_877,
    (TICKETS,),
)
"""Of an analyst, who stopped it: transcript and topic."""
MISTYPED = Statement("SELEC topic FROM `kestrel-prod.shop.support_tickets`", "SELECT", 0, (TICKETS,))


def churned(customer: int) -> Statement:
    """One customer's label: a service asks for one after the other."""
    text = (
        "SELECT churned FROM `kestrel-prod.ml.churn_labels` "
        f"WHERE snapshot_date = '2026-10-01' AND customer_id = {customer}"
    )
    return Statement(text, "SELECT", 132_650_218, (LABELS,))
