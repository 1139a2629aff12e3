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

-- extend after a select in standard syntax
SELECT id, name FROM acme.lab.users |> EXTEND UPPER(name) AS upper_name |> WHERE id > 3;

-- set a filtered column
FROM acme.lab.sessions |> SET day = DATE_TRUNC(day, MONTH) |> WHERE day = '2026-01-01' |> AGGREGATE SUM(revenue);

-- set to a constant
FROM acme.lab.plans |> SET price = 0 |> DROP users;

-- set, then the table's own column
FROM acme.lab.wide AS w |> SET q1 = q2 |> SELECT q1, w.q4;

-- drop, then the table's own column
FROM acme.lab.wide AS w |> DROP q1, q2 |> SELECT w.q1, q3;

-- rename, then the table's own column
FROM acme.lab.wide AS w |> RENAME q1 AS first |> SELECT first, w.q2;

-- rename over a dropped column
FROM acme.lab.plans |> DROP currency |> RENAME price AS currency |> SELECT currency;

-- distinct on all
FROM acme.lab.plans |> DISTINCT |> AGGREGATE COUNT(*);

-- select distinct
FROM acme.lab.users |> SELECT DISTINCT country, plan |> AGGREGATE COUNT(*) AS n;

-- distinct keeps the alias
FROM acme.lab.plans AS p |> DROP users |> DISTINCT |> SELECT p.price;

-- order, then columns
FROM acme.lab.users |> ORDER BY created |> EXTEND id + 1 AS j |> SELECT name;

-- order, then where
FROM acme.lab.users |> ORDER BY created |> WHERE id > 3 |> SELECT name;

-- order, then alias
FROM acme.lab.users |> ORDER BY created |> AS u |> SELECT u.name;

-- order, then join
FROM acme.lab.users |> ORDER BY created |> JOIN acme.lab.plans AS p ON users.plan = p.plan |> SELECT name;

-- order, then distinct
FROM acme.lab.users |> SELECT name, id |> ORDER BY id |> DISTINCT;

-- order twice
FROM acme.lab.users |> ORDER BY created |> ORDER BY id |> SELECT name;

-- order, limit and order
FROM acme.lab.users |> ORDER BY created |> LIMIT 5 |> ORDER BY id |> SELECT name;

-- order of what was set
FROM acme.lab.wide |> SET q1 = 1 |> DROP q2, q3, q4 |> ORDER BY q1;

-- order of what was renamed
FROM acme.lab.wide |> RENAME q1 AS first |> ORDER BY first |> SELECT note;

-- aggregate without aggregates
FROM acme.lab.users |> AGGREGATE GROUP BY country, plan |> SELECT plan;

-- group and order by
FROM acme.lab.sales |> AGGREGATE SUM(amount) AS total DESC GROUP AND ORDER BY product DESC, quarter;

-- aggregate with rollup
FROM acme.lab.sales |> AGGREGATE SUM(amount) AS total GROUP BY ROLLUP(product, quarter) |> SELECT total;

-- aggregate with an expression as key
FROM acme.lab.users |> AGGREGATE COUNT(*) AS n GROUP BY EXTRACT(YEAR FROM created) AS y |> WHERE y > 2000 |> SELECT n;

-- window in where
FROM acme.lab.users |> WHERE ROW_NUMBER() OVER (PARTITION BY country ORDER BY created) = 1 |> SELECT id;

-- named window
FROM acme.lab.users |> SELECT id, RANK() OVER w AS r WINDOW w AS (PARTITION BY country ORDER BY created);

-- named window of extend
FROM acme.lab.users |> EXTEND RANK() OVER w AS r WINDOW w AS (PARTITION BY country ORDER BY created) |> SELECT r;

-- join after where
FROM acme.lab.users |> WHERE users.country = 'DE' |> JOIN acme.lab.plans ON users.plan = plans.plan |> SELECT users.name;

-- join after limit
FROM acme.lab.users AS u |> LIMIT 5 |> LEFT JOIN acme.lab.plans AS p ON u.plan = p.plan |> SELECT u.name, p.price;

-- join after an alias
FROM acme.lab.users |> SELECT id, plan AS which |> AS u |> JOIN acme.lab.plans AS p ON u.which = p.plan |> SELECT u.id;

-- full join
FROM acme.lab.users |> FULL JOIN acme.lab.plans ON users.plan = plans.plan |> WHERE price > 3 |> SELECT name;

-- two joins
FROM acme.lab.users AS u |> JOIN acme.lab.plans AS p ON u.plan = p.plan |> WHERE p.price > 1 |> JOIN acme.lab.wide AS w ON w.id = u.id |> SELECT w.note;

-- unnest after where
FROM acme.lab.sessions AS s |> WHERE revenue > 3 |> CROSS JOIN UNNEST(s.hits) AS h |> SELECT h.page.path, s.day;

-- union of several
FROM acme.lab.users |> SELECT id, name |> UNION ALL (SELECT users, plan FROM acme.lab.plans), (FROM acme.lab.wide |> SELECT id, note) |> SELECT name;

-- union by name
FROM acme.lab.users |> SELECT id, name |> UNION ALL BY NAME (SELECT note AS name, id FROM acme.lab.wide) |> SELECT name;

-- union distinct
FROM acme.lab.users |> SELECT id, name |> UNION DISTINCT (SELECT id, note FROM acme.lab.wide) |> SELECT id;

-- except
FROM acme.lab.users |> SELECT plan |> EXCEPT DISTINCT (SELECT plan FROM acme.lab.plans) |> ORDER BY plan |> LIMIT 2;

-- intersect after limit
FROM acme.lab.users |> LIMIT 5 |> SELECT plan, id |> INTERSECT DISTINCT (SELECT plan, users FROM acme.lab.plans) |> SELECT plan;

-- with as an operator
FROM acme.lab.users |> WITH p AS (SELECT plan, price FROM acme.lab.plans) |> JOIN p USING (plan) |> SELECT name;

-- pivot of a table
FROM acme.lab.sales |> PIVOT (SUM(amount) FOR quarter IN ('Q1', 'Q2')) |> SELECT product;

-- unpivot after a drop
FROM acme.lab.wide |> DROP note |> UNPIVOT (v FOR n IN (q1, q2)) AS u |> SELECT u.v, id;

-- sample after where
FROM acme.lab.users |> WHERE id > 3 |> TABLESAMPLE SYSTEM (10 PERCENT) |> SELECT name;

-- assert
FROM acme.lab.users |> ASSERT id > 0, 'no id', country |> SELECT name;

-- a select as struct
FROM acme.lab.users |> SELECT AS STRUCT id, name |> WHERE id > 3;

-- whole row of the table after a set
FROM acme.lab.plans AS p |> SET price = 1 |> SELECT TO_JSON_STRING(p);

-- pipes in a subquery
SELECT id FROM acme.lab.users WHERE plan IN (FROM acme.lab.plans |> WHERE price > 3 |> SET plan = LOWER(plan) |> SELECT plan);

-- pipes after a union
SELECT id, name FROM acme.lab.users UNION ALL SELECT id, note FROM acme.lab.wide |> WHERE id > 3 |> SELECT name;

-- pipes after parentheses
(SELECT id, name, plan FROM acme.lab.users) |> EXTEND id + 1 AS j |> DROP name |> WHERE plan = 'x';

-- from a subquery
FROM (SELECT id, name, plan FROM acme.lab.users) AS u |> WHERE u.plan = 'x' |> SELECT name;
