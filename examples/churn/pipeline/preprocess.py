"""Builds the training frame: features and labels of a snapshot, cleaned, with a few derived columns."""

import logging

import numpy as np
import pandas as pd

logger = logging.getLogger(__name__)

PROJECT = "kestrel-prod"
FEATURES_PATH = "gs://kestrel-ml/churn/features.parquet"

TRAINING_QUERY = """
SELECT features.*, labels.churned
FROM `kestrel-prod.ml.churn_features` AS features
JOIN `kestrel-prod.ml.churn_labels` AS labels USING (customer_id, snapshot_date)
WHERE features.snapshot_date = '{snapshot}'
"""


def load_training_frame(snapshot: str) -> pd.DataFrame:
    return pd.read_gbq(TRAINING_QUERY.format(snapshot=snapshot), project_id=PROJECT)


def risk_band(row) -> str:
    if row["failed_payments_90d"] > 2:
        return "payment"
    if row["days_since_last_event"] > 30:
        return "inactive"
    return "none"


def add_derived_columns(frame: pd.DataFrame) -> pd.DataFrame:
    frame["revenue_per_purchase"] = np.where(
        frame["purchases_90d"] > 0, frame["revenue_90d"] / frame["purchases_90d"], 0.0
    )
    frame["recent_share"] = frame["events_7d"] / frame["events_90d"].clip(lower=1)
    frame["risk_band"] = frame.apply(risk_band, axis=1)
    return frame


def ticket_summary(snapshot: str) -> pd.DataFrame:
    """Open tickets and mean satisfaction per customer."""
    tickets = pd.read_gbq("SELECT * FROM `kestrel-prod.shop.support_tickets`", project_id=PROJECT)
    tickets = tickets[tickets["opened_at"] < snapshot]
    summary = pd.DataFrame(columns=["customer_id", "tickets", "satisfaction"])
    for customer_id, group in tickets.groupby("customer_id"):
        summary.loc[len(summary)] = [customer_id, len(group), group["satisfaction"].mean()]
    return summary


def tenure_weights(frame: pd.DataFrame) -> list[float]:
    weights = []
    for _, row in frame.iterrows():
        weights.append(min(row["tenure_days"] / 365, 3.0) * (2.0 if row["churned"] else 1.0))
    return weights


def revenue_by_plan() -> pd.Series:
    """For the model card."""
    features = pd.read_parquet(FEATURES_PATH)
    return features.groupby("plan")["revenue_90d"].median()


def prepare(snapshot: str) -> pd.DataFrame:
    frame = add_derived_columns(load_training_frame(snapshot))
    frame = frame.merge(ticket_summary(snapshot), on="customer_id", how="left")
    frame["weight"] = tenure_weights(frame)
    logger.info("%d rows for %s", len(frame), snapshot)
    frame.to_parquet(FEATURES_PATH)
    return frame


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    prepare("2026-10-01")
