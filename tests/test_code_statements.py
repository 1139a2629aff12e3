"""What jobs can tell of the statements of a scan."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from costguard.code_statements import code_statements
from costguard.discover import discover
from costguard.estimate.settings import EstimateSettings
from costguard.history.match import Statement
from costguard.pipeline import frames_of
from costguard.query_reports import query_ids
from costguard.request import ScanRequest
from costguard.source_text import SourceTexts

DAG = """
from airflow import DAG
from airflow.providers.google.cloud.operators.bigquery import BigQueryInsertJobOperator
with DAG("shop_daily"):
    BigQueryInsertJobOperator(
        task_id="load.orders", configuration={"query": {"query": "SELECT a FROM `p.d.t`"}}
    )
"""
RUN = """
from google.cloud import bigquery
client = bigquery.Client()
def load(project, day):
    client.query(f"SELECT a FROM {project}.d.t WHERE day = '{day}'", job_id_prefix="load_")
    client.query("SELECT b FROM d.u", job_config=bigquery.QueryJobConfig(dry_run=True))
    client.query(open("q.sql").read())
"""


def found(root: Path) -> dict[str, Statement]:
    files = discover([root])
    request = ScanRequest(files, EstimateSettings(datetime(2026, 11, 1, tzinfo=UTC)))
    frames = frames_of(request)
    texts = SourceTexts({file.path: file.absolute for file in files.files})
    paths = frames["sources"]["path"].to_list()
    sources = frames["queries"]["source"].to_list()
    return {
        Path(paths[sources[item.key]]).name: item
        for item in code_statements(frames, query_ids(frames), texts)
    }


def test_what_is_told(tmp_path: Path) -> None:
    (tmp_path / "dag.py").write_text(DAG)
    (tmp_path / "run.py").write_text(RUN)
    (tmp_path / "q.sql").write_text("SELECT c FROM p.D.v JOIN e.w USING (k)")
    (tmp_path / "no.sql").write_text("SELECT c FROM v")
    told = found(tmp_path)
    assert set(told) == {
        "dag.py",
        "run.py",
        "q.sql",
        "no.sql",
    }  # not what is counted with q.sql, and no dry run
    assert (told["dag.py"].task, "shop_daily" in told["dag.py"].dags) == ("load.orders", True)
    assert (told["run.py"].job_id, told["run.py"].task, told["run.py"].tables) == ("load_", None, None)
    assert told["run.py"].pattern == "SELECT A FROM \x01.D.T WHERE DAY=?"
    assert (told["q.sql"].pattern, told["q.sql"].tables) == (None, frozenset({"d.v", "e.w"}))
    assert told["no.sql"].tables is None
