"""Daily check, run before anybody looks at a dashboard: did yesterday's events arrive, did the scores shift?"""

import sys

from google.cloud import bigquery

YESTERDAY_QUERY = """
SELECT
  COUNT(*) AS events,
  COUNT(DISTINCT customer_id) AS customers
FROM `kestrel-prod.shop.events`
WHERE event_date = DATE_SUB(CURRENT_DATE(), INTERVAL 1 DAY)
"""

SHIFT_QUERY = """
SELECT
  scored_on,
  APPROX_QUANTILES(probability, 10) AS deciles
FROM `kestrel-prod.ml.churn_scores`
WHERE scored_on IN UNNEST(@days)
GROUP BY scored_on
"""


def capped(gibibytes: int, **settings: object) -> bigquery.QueryJobConfig:
    """A job that fails rather than scan more than expected."""
    return bigquery.QueryJobConfig(
        maximum_bytes_billed=gibibytes * 1024**3, labels={"team": "churn", "step": "monitor"}, **settings
    )


def main(days: list[str]) -> int:
    client = bigquery.Client(project="kestrel-prod")
    yesterday = next(iter(client.query(YESTERDAY_QUERY, job_config=capped(1)).result()))
    if yesterday.events < 3_000_000:
        print(f"only {yesterday.events} events yesterday", file=sys.stderr)
        return 1

    parameters = [bigquery.ArrayQueryParameter("days", "DATE", days)]
    shift = client.query(SHIFT_QUERY, job_config=capped(5, query_parameters=parameters)).to_dataframe()
    medians = shift["deciles"].str[5]
    drift = medians.max() - medians.min()
    print(f"median probability moved by {drift:.3f}")
    return 1 if drift > 0.1 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
