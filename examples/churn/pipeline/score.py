"""Scores the current customers, segment by segment, and appends the probabilities to ml.churn_scores."""

import datetime

import joblib
import pandas as pd
from google.cloud import bigquery

from train import FEATURES

SEGMENTS = ["trial", "student", "family", "premium", "business", "lapsed"]


def current_features(client: bigquery.Client, segment: str) -> pd.DataFrame:
    query = f"""
        SELECT *
        FROM `kestrel-prod.ml.churn_features`
        WHERE segment = '{segment}'
          AND snapshot_date = (SELECT MAX(snapshot_date) FROM `kestrel-prod.ml.churn_features`)
    """
    return client.query(query).to_dataframe()


def last_seen(client: bigquery.Client) -> pd.DataFrame:
    """Customers with any event in the current month, and when."""
    seen = []
    for segment in SEGMENTS:
        sql = f"""
            SELECT event.customer_id, MAX(event.event_timestamp) AS last_event
            FROM `kestrel-prod.shop.events` AS event
            JOIN `kestrel-prod.shop.customers` AS customer ON customer.customer_id = event.customer_id
            WHERE customer.segment = '{segment}'
              AND EXTRACT(MONTH FROM event.event_date) = EXTRACT(MONTH FROM CURRENT_DATE())
            GROUP BY event.customer_id
        """
        seen.append(client.query(sql).to_dataframe())
    return pd.concat(seen)


def main() -> None:
    client = bigquery.Client(project="kestrel-prod")
    seen = last_seen(client)
    for segment in SEGMENTS:
        frame = current_features(client, segment)
        frame = frame[frame["customer_id"].isin(seen["customer_id"])]
        model = joblib.load(f"models/{segment}.joblib")["model"]
        scores = pd.DataFrame(
            {
                "customer_id": frame["customer_id"],
                "scored_on": datetime.date.today(),
                "segment": segment,
                "probability": model.predict_proba(frame[FEATURES])[:, 1],
            }
        )
        client.load_table_from_dataframe(scores, "kestrel-prod.ml.churn_scores").result()


if __name__ == "__main__":
    main()
