-- import, rename, final
WITH source AS (SELECT * FROM acme.lab.users),
  renamed AS (SELECT id AS user_id, name AS user_name, country, profile.age AS age FROM source),
  final AS (SELECT *, UPPER(country) AS country_code FROM renamed WHERE age > 18)
SELECT * FROM final;

-- union of CTEs through stars, by position
WITH a AS (SELECT id AS k, name AS v, note AS w FROM acme.lab.users CROSS JOIN (SELECT note FROM acme.lab.wide LIMIT 1)),
  b AS (SELECT users AS other, plan AS names, currency FROM acme.lab.plans),
  both_of_them AS (SELECT * FROM a UNION ALL SELECT * FROM b)
SELECT v FROM both_of_them;

-- union of stars with EXCEPT over CTEs
WITH a AS (SELECT id, name, country FROM acme.lab.users), b AS (SELECT users, plan, currency FROM acme.lab.plans)
SELECT name FROM (SELECT * EXCEPT (id) FROM a UNION ALL SELECT * EXCEPT (users) FROM b);

-- union of stars of joins over CTEs
WITH a AS (SELECT id, name FROM acme.lab.users), b AS (SELECT users, plan FROM acme.lab.plans)
SELECT plan FROM (SELECT a.*, b.plan FROM a CROSS JOIN b UNION ALL SELECT b.*, a.name FROM a CROSS JOIN b);

-- star REPLACE over a CTE in a union
WITH a AS (SELECT id, name FROM acme.lab.users)
SELECT id FROM (SELECT * REPLACE (q1 AS id) FROM a CROSS JOIN (SELECT q1 FROM acme.lab.wide) UNION ALL SELECT *, 3 FROM a);

-- CTE with a column list is not GoogleSQL: renamed by a subquery
WITH q AS (SELECT x AS renamed FROM (SELECT id AS x, plan AS y FROM acme.lab.users)) SELECT renamed FROM q;

-- sessions from events
WITH ordered AS (
  SELECT session_id, user.id AS user_id, h.time AS moment, LAG(h.time) OVER (PARTITION BY user.id ORDER BY h.time) AS before, device
  FROM acme.lab.sessions, UNNEST(hits) AS h),
flagged AS (SELECT *, IF(TIMESTAMP_DIFF(moment, before, MINUTE) > 30, 1, 0) AS is_new FROM ordered)
SELECT user_id, SUM(is_new) FROM flagged GROUP BY user_id;

-- last value per key by a join on the maximum
SELECT w.id, w.note FROM acme.lab.wide AS w JOIN (SELECT id, MAX(q1) AS top FROM acme.lab.wide GROUP BY id) AS m ON w.id = m.id AND w.q1 = m.top;

-- parameters of an event as columns
SELECT session_id,
  (SELECT value.int_value FROM UNNEST(params) WHERE key = 'a') AS a,
  (SELECT COALESCE(p.value.string_value, CAST(p.value.int_value AS STRING)) FROM UNNEST(params) AS p WHERE p.key = 'b') AS b
FROM acme.lab.sessions WHERE day = '2026-01-01';

-- parameters of an event as columns, one of them used
SELECT a FROM (SELECT (SELECT value.int_value FROM UNNEST(params) WHERE key = 'a') AS a, (SELECT value.string_value FROM UNNEST(params) WHERE key = 'b') AS b FROM acme.lab.sessions);

-- calendar joined with counts
WITH days AS (SELECT day FROM UNNEST(GENERATE_DATE_ARRAY('2026-01-01', '2026-01-31')) AS day),
  counts AS (SELECT day, COUNT(DISTINCT session_id) AS n, SUM(revenue) AS revenue FROM acme.lab.sessions GROUP BY day)
SELECT day, COALESCE(n, 0) FROM days LEFT JOIN counts USING (day) ORDER BY day;

-- IF of two structs, a field of it
SELECT IF(q1 > 3, STRUCT(q2 AS x, note AS y), STRUCT(q3 AS x, note AS y)).x FROM acme.lab.wide;

-- ANY_VALUE of a struct, a field of it
SELECT ANY_VALUE(user).address.city FROM acme.lab.sessions GROUP BY session_id;

-- COALESCE of structs through a subquery
SELECT a.city FROM (SELECT COALESCE(user.address, STRUCT('x', 'y')) AS a FROM acme.lab.sessions);

-- scalar subquery that gives a struct, a field of it
SELECT (SELECT AS STRUCT plan, price FROM acme.lab.plans LIMIT 1).price;

-- array subquery that gives structs, a field of the first
SELECT ARRAY(SELECT AS STRUCT plan, price FROM acme.lab.plans)[OFFSET(0)].price;

-- ARRAY_AGG unnested later
SELECT e.name FROM (SELECT country, ARRAY_AGG(STRUCT(id, name, plan)) AS everyone FROM acme.lab.users GROUP BY country), UNNEST(everyone) AS e;

-- array of rows through a CTE, unnested, one field
WITH grouped AS (SELECT country, ARRAY_AGG(u) AS everyone FROM acme.lab.users AS u GROUP BY country)
SELECT e.plan FROM grouped, UNNEST(grouped.everyone) AS e;

-- arrays put together
SELECT x FROM acme.lab.users, UNNEST(ARRAY_CONCAT(scores, [manager_id])) AS x;

-- JSON array
SELECT JSON_VALUE(x, '$.a') FROM acme.lab.sessions, UNNEST(JSON_QUERY_ARRAY(payload, '$.list')) AS x;

-- filter on a computed column of a recursive CTE
WITH RECURSIVE walk AS (
  SELECT source, target, weight AS far, label FROM acme.lab.edges
  UNION ALL
  SELECT w.source, e.target, w.far + e.weight, w.label FROM walk AS w JOIN acme.lab.edges AS e ON w.target = e.source WHERE w.far < 100)
SELECT source FROM walk;

-- recursive CTE, its counter only in its own condition
WITH RECURSIVE walk AS (
  SELECT id, q1 AS steps, note FROM acme.lab.wide
  UNION ALL
  SELECT id, steps - 1, note FROM walk WHERE steps > 0)
SELECT id FROM walk;

-- ORDER BY of a union in a subquery
SELECT k FROM (SELECT id AS k, name AS v FROM acme.lab.users UNION ALL SELECT users, plan FROM acme.lab.plans ORDER BY v);

-- ORDER BY an ordinal of a union, with LIMIT, in a subquery
SELECT k FROM (SELECT id AS k, name AS v FROM acme.lab.users UNION ALL SELECT users, plan FROM acme.lab.plans ORDER BY 2 LIMIT 5);

-- EXISTS over a CTE
WITH paying AS (SELECT plan, price, currency FROM acme.lab.plans WHERE price > 0)
SELECT id FROM acme.lab.users AS u WHERE EXISTS (SELECT * FROM paying AS p WHERE p.plan = u.plan);

-- anti join
SELECT u.id FROM acme.lab.users AS u LEFT JOIN acme.lab.plans AS p ON u.plan = p.plan WHERE p.plan IS NULL;

-- columns of an expression in a join condition
SELECT a.name FROM acme.lab.users AS a JOIN acme.lab.sessions AS s ON CAST(s.user.id AS STRING) = a.profile.email AND DATE(a.created) = s.day;

-- CASE over fields
SELECT CASE WHEN device.os = 'x' THEN device.browser.name ELSE user.address.city END FROM acme.lab.sessions;

-- counting distinct rows of a struct's fields
SELECT COUNT(DISTINCT FORMAT('%s-%s', device.os, device.browser.version)) FROM acme.lab.sessions;

-- group by a field
SELECT device.os, COUNT(*) FROM acme.lab.sessions GROUP BY device.os HAVING COUNT(DISTINCT user.id) > 3;

-- group by an alias with the name of another column
SELECT UPPER(plan) AS country, COUNT(*) FROM acme.lab.users GROUP BY country;

-- select distinct as struct
SELECT COUNT(*) FROM (SELECT DISTINCT device.os, device.browser.name FROM acme.lab.sessions);

-- two wildcard scans
SELECT a.level FROM `acme.lab.log_202601*` AS a JOIN `acme.lab.log_202602*` AS b ON a.context.trace = b.context.trace;

-- window over a struct's field, filtered outside
SELECT session_id FROM (SELECT session_id, revenue, RANK() OVER (PARTITION BY user.address.city ORDER BY revenue DESC) AS r FROM acme.lab.sessions) WHERE r <= 3;

-- first value of a window that ignores nulls
SELECT FIRST_VALUE(name IGNORE NULLS) OVER (PARTITION BY country ORDER BY created ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM acme.lab.users;

-- constant subquery in the select list
SELECT name, (SELECT 1) FROM acme.lab.users;

-- parameter
SELECT name FROM acme.lab.users WHERE created > @since AND plan IN UNNEST(@plans);

-- everything from a subquery with a join inside
SELECT * FROM (SELECT u.id, p.price, p.currency FROM acme.lab.users AS u JOIN acme.lab.plans AS p USING (plan) WHERE u.country = 'DE') WHERE price > 3;

-- a star that a later SELECT narrows, over a join
SELECT name, price FROM (SELECT * FROM acme.lab.users JOIN acme.lab.plans USING (plan));

-- a star over a join of subqueries
SELECT n FROM (SELECT * FROM (SELECT id, name AS n FROM acme.lab.users) JOIN (SELECT id, note FROM acme.lab.wide) USING (id));

-- values of a list of structs
SELECT u.name, l.label FROM acme.lab.users AS u JOIN UNNEST([STRUCT('DE' AS code, 'Germany' AS label), ('FR', 'France')]) AS l ON u.country = l.code;

-- script variable
DECLARE since TIMESTAMP DEFAULT TIMESTAMP '2026-01-01';
DECLARE country STRING DEFAULT 'DE';
SELECT name FROM acme.lab.users WHERE created > since;

-- function of the script
CREATE TEMP FUNCTION label(a STRING, b INT64) AS (CONCAT(a, CAST(b AS STRING)));
SELECT label(name, id) FROM acme.lab.users WHERE country = 'DE';

-- loop over a query
FOR row_of_users IN (SELECT id, name FROM acme.lab.users WHERE plan = 'x') DO
  SELECT note FROM acme.lab.wide;
END FOR;

-- group by the name of a field that is shown under it
SELECT device.os AS os, profile.age AS age, COUNT(*) FROM acme.lab.sessions AS s JOIN acme.lab.users AS u ON s.user.id = u.id GROUP BY os, age ORDER BY age;

-- group by the name of one side's column that is shown under it
SELECT w.id, COUNT(*) AS n FROM acme.lab.wide AS w JOIN acme.lab.users AS u ON w.q1 = u.manager_id GROUP BY id ORDER BY id;

-- order by the field of an element that is shown under its name
SELECT i.sku AS sku FROM acme.lab.sessions, UNNEST(hits) AS h, UNNEST(h.items) AS i GROUP BY sku ORDER BY sku;
