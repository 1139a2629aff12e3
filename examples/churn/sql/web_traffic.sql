-- Where do paying visitors come from? For Monday's meeting.
SELECT
  traffic_source,
  medium,
  COUNT(DISTINCT visitor_id) AS visitors,
  COUNT(DISTINCT customer_id) AS customers,
  SUM(time_on_site) / 3600 AS hours
FROM `kestrel-prod.web.ga_sessions_*`
WHERE DATE(visit_start) >= DATE_SUB(CURRENT_DATE(), INTERVAL 28 DAY)
GROUP BY traffic_source, medium
ORDER BY customers DESC
LIMIT 50;

-- The same for yesterday, to spot a broken campaign link.
SELECT
  traffic_source,
  COUNT(*) AS visits
FROM `kestrel-prod.web.ga_sessions_*`
WHERE _TABLE_SUFFIX = FORMAT_DATE('%Y%m%d', DATE_SUB(CURRENT_DATE(), INTERVAL 1 DAY))
GROUP BY traffic_source;
