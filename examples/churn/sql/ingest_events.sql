-- Rolls the events of the last seven days up to one row per customer and day.
-- Runs day by day, so that a day that failed can be repeated by itself.
DECLARE day DATE DEFAULT DATE_SUB(CURRENT_DATE(), INTERVAL 7 DAY);
DECLARE last_day DATE DEFAULT DATE_SUB(CURRENT_DATE(), INTERVAL 1 DAY);

WHILE day <= last_day DO
  DELETE FROM `kestrel-prod.ml.customer_days` WHERE event_date = day;

  INSERT INTO `kestrel-prod.ml.customer_days` (customer_id, event_date, events, sessions, purchases, revenue)
  SELECT
    customer_id,
    DATE(event_timestamp) AS event_date,
    COUNT(*) AS events,
    COUNT(DISTINCT session_id) AS sessions,
    COUNTIF(event_name = 'purchase') AS purchases,
    SUM(revenue) AS revenue
  FROM `kestrel-prod.shop.events`
  WHERE DATE(event_timestamp) = day
    AND customer_id IS NOT NULL
  GROUP BY customer_id, event_date;

  SET day = DATE_ADD(day, INTERVAL 1 DAY);
END WHILE;

-- Colleagues use the shop too.
DELETE FROM `kestrel-prod.ml.customer_days`
WHERE customer_id IN (SELECT customer_id FROM `kestrel-prod.shop.customers` WHERE segment = 'internal');
