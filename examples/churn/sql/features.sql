-- One row per active customer as of today.
CREATE OR REPLACE TABLE `kestrel-prod.ml.churn_features_today` AS
WITH activity AS (
  SELECT
    customer_id,
    COUNTIF(event_date >= DATE_SUB(CURRENT_DATE(), INTERVAL 7 DAY)) AS events_7d,
    COUNTIF(event_date >= DATE_SUB(CURRENT_DATE(), INTERVAL 30 DAY)) AS events_30d,
    COUNT(*) AS events_90d,
    COUNTIF(event_name = 'purchase') AS purchases_90d,
    SUM(revenue) AS revenue_90d,
    MAX(event_date) AS last_event,
    APPROX_TOP_COUNT(referrer, 1)[SAFE_OFFSET(0)].value AS top_referrer
  FROM `kestrel-prod.shop.events`
  WHERE FORMAT_DATE('%Y-%m', event_date) >= FORMAT_DATE('%Y-%m', DATE_SUB(CURRENT_DATE(), INTERVAL 3 MONTH))
    AND customer_id IS NOT NULL
  GROUP BY customer_id
),

baskets AS (
  SELECT
    customer_id,
    COUNT(DISTINCT item.sku) AS distinct_skus_90d,
    APPROX_TOP_COUNT(item.category, 1)[SAFE_OFFSET(0)].value AS favourite_category
  FROM `kestrel-prod.shop.events`, UNNEST(items) AS item
  WHERE event_date >= DATE_SUB(CURRENT_DATE(), INTERVAL 90 DAY)
  GROUP BY customer_id
),

sessions AS (
  SELECT
    customer_id,
    COUNT(*) AS sessions_90d,
    COUNTIF(bounced) AS bounced_90d
  FROM `kestrel-prod.shop.web_sessions`
  WHERE started_at >= TIMESTAMP_SUB(TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), DAY), INTERVAL 90 DAY)
  GROUP BY customer_id
),

payments AS (
  SELECT
    customer_id,
    SUM(failed_attempts) AS failed_payments_90d
  FROM `kestrel-prod.shop.invoices`
  WHERE issued_on >= DATE_SUB(CURRENT_DATE(), INTERVAL 90 DAY)
    OR failed_attempts > 3
  GROUP BY customer_id
)

SELECT
  customer.customer_id,
  CURRENT_DATE() AS snapshot_date,
  customer.segment,
  subscription.plan,
  DATE_DIFF(CURRENT_DATE(), subscription.started_on, DAY) AS tenure_days,
  activity.events_7d,
  activity.events_30d,
  activity.events_90d,
  activity.purchases_90d,
  activity.revenue_90d,
  DATE_DIFF(CURRENT_DATE(), activity.last_event, DAY) AS days_since_last_event,
  activity.top_referrer,
  baskets.distinct_skus_90d,
  baskets.favourite_category,
  sessions.sessions_90d,
  sessions.bounced_90d,
  payments.failed_payments_90d
FROM `kestrel-prod.shop.customers` AS customer
JOIN `kestrel-prod.shop.subscriptions` AS subscription
  ON subscription.customer_id = customer.customer_id AND subscription.cancelled_on IS NULL
LEFT JOIN activity ON activity.customer_id = customer.customer_id
LEFT JOIN baskets ON baskets.customer_id = customer.customer_id
LEFT JOIN sessions ON sessions.customer_id = customer.customer_id
LEFT JOIN payments ON payments.customer_id = customer.customer_id
ORDER BY customer.customer_id;

MERGE `kestrel-prod.ml.churn_features` AS target
USING `kestrel-prod.ml.churn_features_today` AS source
  ON target.customer_id = source.customer_id AND target.snapshot_date = source.snapshot_date
WHEN MATCHED THEN
  UPDATE SET
    segment = source.segment,
    plan = source.plan,
    tenure_days = source.tenure_days,
    events_7d = source.events_7d,
    events_30d = source.events_30d,
    events_90d = source.events_90d,
    purchases_90d = source.purchases_90d,
    revenue_90d = source.revenue_90d,
    days_since_last_event = source.days_since_last_event,
    sessions_90d = source.sessions_90d
WHEN NOT MATCHED THEN
  INSERT ROW;
