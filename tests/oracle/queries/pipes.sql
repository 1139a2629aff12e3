-- where and select
FROM acme.lab.users |> WHERE country = 'DE' |> SELECT id, name;

-- table alone
FROM acme.lab.plans;

-- aggregate
FROM acme.lab.sales |> WHERE year > 2020 |> AGGREGATE SUM(amount) AS total GROUP BY product;

-- aggregate, then a column of it
FROM acme.lab.sales |> AGGREGATE SUM(amount) AS total, MAX(year) AS latest GROUP BY product |> SELECT total;

-- extend
FROM acme.lab.wide |> EXTEND q1 + q2 AS half |> WHERE half > 3 |> SELECT id;

-- extend that nothing uses
FROM acme.lab.wide |> EXTEND q1 + q2 AS half |> SELECT id;

-- set and drop
FROM acme.lab.wide |> SET q1 = q2 * 2 |> DROP q2, q3, note;

-- rename
FROM acme.lab.plans |> RENAME price AS cost |> SELECT cost;

-- join
FROM acme.lab.users AS u |> JOIN acme.lab.plans AS p ON u.plan = p.plan |> SELECT u.name, p.price;

-- left join with USING
FROM acme.lab.users |> LEFT JOIN acme.lab.plans USING (plan) |> AGGREGATE COUNT(*) AS n GROUP BY currency;

-- order and limit
FROM acme.lab.users |> ORDER BY created DESC |> LIMIT 3 |> SELECT name;

-- order at the end
FROM acme.lab.users |> SELECT name, id |> ORDER BY id;

-- order that is lost
FROM acme.lab.users |> ORDER BY created |> AGGREGATE COUNT(*) AS n GROUP BY country;

-- distinct
FROM acme.lab.users |> SELECT country, plan |> DISTINCT |> SELECT country;

-- union
FROM acme.lab.users |> SELECT id, name |> UNION ALL (SELECT users, plan FROM acme.lab.plans) |> SELECT name;

-- after a select
SELECT id, name, country FROM acme.lab.users |> WHERE country = 'FR' |> SELECT id;

-- with a CTE
WITH q AS (FROM acme.lab.users |> SELECT id, plan, country) FROM q |> WHERE plan = 'x' |> AGGREGATE COUNT(*) AS n;

-- alias
FROM acme.lab.users |> AS u |> WHERE u.country = 'DE' |> SELECT u.name;

-- unnest
FROM acme.lab.sessions |> CROSS JOIN UNNEST(hits) AS h |> SELECT h.page.path;

-- window
FROM acme.lab.users |> EXTEND ROW_NUMBER() OVER (PARTITION BY country ORDER BY created) AS n |> WHERE n = 1 |> SELECT id;

-- pivot
FROM acme.lab.sales |> SELECT product, quarter, amount |> PIVOT (SUM(amount) FOR quarter IN ('Q1', 'Q2'));

-- unpivot
FROM acme.lab.wide |> UNPIVOT (v FOR n IN (q1, q2)) |> SELECT v;

-- tablesample
FROM acme.lab.users |> TABLESAMPLE SYSTEM (10 PERCENT) |> SELECT name;
