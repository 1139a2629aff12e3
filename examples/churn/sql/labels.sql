-- A customer has churned when every subscription was cancelled within 30 days after the snapshot.
CREATE OR REPLACE TABLE `kestrel-prod.ml.churn_labels`
PARTITION BY snapshot_date AS
WITH snapshots AS (
  SELECT snapshot_date
  FROM UNNEST(GENERATE_DATE_ARRAY('2026-09-01', '2026-10-01', INTERVAL 1 MONTH)) AS snapshot_date
)

SELECT
  subscription.customer_id,
  snapshots.snapshot_date,
  LOGICAL_AND(
    IFNULL(subscription.cancelled_on < DATE_ADD(snapshots.snapshot_date, INTERVAL 30 DAY), FALSE)
  ) AS churned
FROM `kestrel-prod.shop.subscriptions` AS subscription
CROSS JOIN snapshots
WHERE subscription.started_on < snapshots.snapshot_date
  AND (subscription.cancelled_on IS NULL OR subscription.cancelled_on >= snapshots.snapshot_date)
GROUP BY customer_id, snapshot_date;
