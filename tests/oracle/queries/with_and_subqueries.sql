-- column of a CTE that nothing uses
WITH q AS (SELECT id, name, country FROM acme.lab.users) SELECT id FROM q;

-- CTE that nothing uses
WITH q AS (SELECT name FROM acme.lab.users), unused AS (SELECT * FROM acme.lab.plans) SELECT name FROM q;

-- star narrowed through two CTEs
WITH q AS (SELECT * FROM acme.lab.users), r AS (SELECT * EXCEPT (scores) FROM q) SELECT country FROM r;

-- CTE that hides a table of its own name
WITH users AS (SELECT id, plan FROM acme.lab.users) SELECT users.plan FROM users;

-- nested WITH shadows the outer one
WITH q AS (SELECT name AS v FROM acme.lab.users)
SELECT v FROM (WITH q AS (SELECT plan AS v FROM acme.lab.plans) SELECT v FROM q)
UNION ALL SELECT v FROM q;

-- inner WITH sees the outer one before it shadows it
WITH q AS (SELECT id, name FROM acme.lab.users)
SELECT * FROM (WITH q AS (SELECT id FROM q) SELECT id FROM q);

-- CTE used twice with different columns
WITH q AS (SELECT id, name, manager_id, country FROM acme.lab.users)
SELECT a.name, b.name FROM q AS a JOIN q AS b ON a.manager_id = b.id;

-- WITH in a subquery of the FROM
SELECT x.total FROM (WITH s AS (SELECT product, SUM(amount) AS total, MAX(year) AS latest FROM acme.lab.sales GROUP BY product) SELECT * FROM s) AS x;

-- chain of computed columns
WITH a AS (SELECT id, q1 + q2 AS half, q3 AS third, note FROM acme.lab.wide),
  b AS (SELECT id, half + third AS most, note FROM a)
SELECT id, most FROM b;

-- filter on a column that is not in the result
SELECT name FROM (SELECT name, country, plan FROM acme.lab.users WHERE created > TIMESTAMP '2026-01-01') WHERE plan = 'x';

-- correlated scalar subquery
SELECT name, (SELECT MAX(price) FROM acme.lab.plans AS p WHERE p.plan = u.plan) AS price FROM acme.lab.users AS u;

-- scalar subquery in a column that nothing uses
SELECT name FROM (SELECT name, (SELECT MAX(price) FROM acme.lab.plans) AS price FROM acme.lab.users);

-- EXISTS
SELECT id FROM acme.lab.users AS u WHERE EXISTS (SELECT * FROM acme.lab.plans AS p WHERE p.plan = u.plan);

-- NOT EXISTS without correlation
SELECT id FROM acme.lab.users WHERE NOT EXISTS (SELECT price, currency FROM acme.lab.plans WHERE users > 3);

-- IN with a subquery
SELECT id FROM acme.lab.users WHERE plan IN (SELECT plan FROM acme.lab.plans WHERE price > 5);

-- NOT IN of a CTE
WITH bad AS (SELECT plan, price, currency FROM acme.lab.plans) SELECT name FROM acme.lab.users WHERE plan NOT IN (SELECT plan FROM bad);

-- column of the outer query, not named with its table
SELECT name FROM acme.lab.users WHERE EXISTS (SELECT 1 FROM acme.lab.sales WHERE quarter = country);

-- inner name wins over the outer one
SELECT id FROM acme.lab.users AS u WHERE 3 < (SELECT COUNT(users) FROM acme.lab.plans WHERE plan = 'x');

-- two levels of correlation
SELECT id FROM acme.lab.users AS u
WHERE EXISTS (SELECT 1 FROM acme.lab.plans AS p WHERE p.plan = u.plan
  AND EXISTS (SELECT 1 FROM acme.lab.sales AS s WHERE s.product = u.name AND s.amount > p.price));

-- ARRAY subquery
SELECT ARRAY(SELECT plan FROM acme.lab.plans WHERE price > 1) AS names FROM acme.lab.wide;

-- ARRAY subquery with ORDER BY
SELECT id, ARRAY(SELECT p.plan FROM acme.lab.plans AS p WHERE p.users = w.q1 ORDER BY p.price DESC) AS names FROM acme.lab.wide AS w;

-- ARRAY subquery of structs
SELECT ARRAY(SELECT AS STRUCT source, target FROM acme.lab.edges WHERE weight > 0) AS edges;

-- ORDER BY in a subquery does nothing
SELECT name FROM (SELECT name FROM acme.lab.users ORDER BY created);

-- ORDER BY with LIMIT in a subquery
SELECT name FROM (SELECT name, country FROM acme.lab.users ORDER BY created LIMIT 10);

-- ORDER BY with LIMIT in a CTE
WITH q AS (SELECT id, plan FROM acme.lab.users ORDER BY country, 1 LIMIT 5) SELECT plan FROM q;

-- ORDER BY in a subquery under a LIMIT
SELECT name FROM (SELECT name FROM acme.lab.users ORDER BY created) LIMIT 10;

-- recursive CTE
WITH RECURSIVE boss AS (
  SELECT id, manager_id, name FROM acme.lab.users WHERE country = 'DE'
  UNION ALL
  SELECT u.id, u.manager_id, b.name FROM acme.lab.users AS u JOIN boss AS b ON u.manager_id = b.id)
SELECT id FROM boss;

-- recursive CTE over the edges of a graph
WITH RECURSIVE paths AS (
  SELECT source, target, 1 AS depth, label FROM acme.lab.edges
  UNION ALL
  SELECT p.source, e.target, p.depth + 1, e.label FROM paths AS p JOIN acme.lab.edges AS e ON p.target = e.source WHERE p.depth < 5)
SELECT source, target, depth FROM paths;

-- recursive WITH whose entries come in the wrong order
WITH RECURSIVE a AS (SELECT name FROM b), b AS (SELECT name, plan FROM acme.lab.users) SELECT name FROM a;

-- column list of a CTE through UNION
WITH q AS (SELECT id AS k, name AS v FROM acme.lab.users UNION ALL SELECT users, plan FROM acme.lab.plans) SELECT v FROM q;

-- LIMIT in a subquery is no filter on columns
SELECT COUNT(*) FROM (SELECT * FROM acme.lab.users LIMIT 10);

-- count of a distinct subquery
SELECT COUNT(*) FROM (SELECT DISTINCT country, plan FROM acme.lab.users);

-- view
SELECT name FROM acme.lab.paying_users WHERE country = 'DE';

-- star of a view
SELECT * FROM acme.lab.paying_users;

-- field of a column of a view
SELECT user.address.city, day FROM acme.lab.latest_sessions;

-- count of a view
SELECT COUNT(*) FROM acme.lab.latest_sessions;
