-- group by ordinal
SELECT country, COUNT(*) FROM acme.lab.users GROUP BY 1;

-- group by alias of an expression
SELECT CONCAT(country, plan) AS k, COUNT(*) FROM acme.lab.users GROUP BY k;

-- group by all
SELECT country, plan, SUM(manager_id) FROM acme.lab.users GROUP BY ALL;

-- keys that the result does not show
SELECT COUNT(*) FROM acme.lab.users GROUP BY country, plan;

-- rollup
SELECT year, quarter, SUM(amount) FROM acme.lab.sales GROUP BY ROLLUP (year, quarter);

-- grouping sets
SELECT year, quarter, COUNT(*) FROM acme.lab.sales GROUP BY GROUPING SETS ((year), (year, quarter), product, ());

-- cube with GROUPING
SELECT GROUPING(year) AS g, SUM(amount) FROM acme.lab.sales GROUP BY CUBE (year, product);

-- having
SELECT country FROM acme.lab.users GROUP BY country HAVING MAX(created) > TIMESTAMP '2026-01-01';

-- having with an alias
SELECT country, MIN(id) AS first FROM acme.lab.users GROUP BY country HAVING first > 3 AND ANY_VALUE(plan) = 'x';

-- order by an alias
SELECT name AS n FROM acme.lab.users ORDER BY n;

-- order by a column that is not shown
SELECT name FROM acme.lab.users ORDER BY created DESC, id;

-- order by an ordinal
SELECT name, country FROM acme.lab.users ORDER BY 2;

-- order by an aggregate
SELECT country FROM acme.lab.users GROUP BY country ORDER BY SUM(manager_id);

-- aggregate of a CTE that nothing uses
WITH q AS (SELECT country, SUM(id) AS a, MAX(created) AS b, COUNT(DISTINCT plan) AS c FROM acme.lab.users GROUP BY country) SELECT a FROM q;

-- count of a column, and of distinct values
SELECT COUNT(name), COUNT(DISTINCT plan), COUNTIF(country = 'DE') FROM acme.lab.users;

-- distinct
SELECT DISTINCT country FROM acme.lab.users;

-- distinct in a subquery
SELECT country FROM (SELECT DISTINCT country, plan FROM acme.lab.users);

-- distinct star
SELECT COUNT(*) FROM (SELECT DISTINCT * FROM acme.lab.plans);

-- any value with HAVING MAX
SELECT country, ANY_VALUE(name HAVING MAX created) FROM acme.lab.users GROUP BY country;

-- aggregate over a struct's field with its own order
SELECT STRING_AGG(profile.email, ',' ORDER BY profile.age LIMIT 3) FROM acme.lab.users;

-- approximate functions
SELECT APPROX_TOP_COUNT(country, 3), APPROX_QUANTILES(id, 4)[OFFSET(2)] FROM acme.lab.users;

-- window
SELECT name, ROW_NUMBER() OVER (PARTITION BY country ORDER BY created DESC) AS n FROM acme.lab.users;

-- window that nothing uses
SELECT name FROM (SELECT name, ROW_NUMBER() OVER (PARTITION BY country ORDER BY created) AS n FROM acme.lab.users);

-- window that filters
SELECT name FROM (SELECT name, plan, ROW_NUMBER() OVER (PARTITION BY country ORDER BY created) AS n FROM acme.lab.users) WHERE n = 1;

-- newest row per key, all columns
SELECT * EXCEPT (n) FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY q4) AS n FROM acme.lab.wide) WHERE n = 1;

-- qualify
SELECT name FROM acme.lab.users WHERE TRUE QUALIFY ROW_NUMBER() OVER (PARTITION BY country ORDER BY created) = 1;

-- qualify with an alias
SELECT name, RANK() OVER (ORDER BY id) AS r FROM acme.lab.users QUALIFY r < 3;

-- named window
SELECT SUM(amount) OVER w, LAG(year) OVER w FROM acme.lab.sales WINDOW w AS (PARTITION BY product ORDER BY quarter);

-- named window that extends another
SELECT SUM(amount) OVER (a ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM acme.lab.sales WINDOW b AS (PARTITION BY product), a AS (b ORDER BY year);

-- named window that nothing uses
SELECT product FROM acme.lab.sales WINDOW w AS (PARTITION BY quarter);

-- window over an aggregate
SELECT country, SUM(COUNT(*)) OVER (ORDER BY MIN(created)) FROM acme.lab.users GROUP BY country;

-- pivot
SELECT * FROM (SELECT product, quarter, amount FROM acme.lab.sales) PIVOT (SUM(amount) FOR quarter IN ('Q1', 'Q2'));

-- pivot of a table reads every column
SELECT product FROM acme.lab.sales PIVOT (SUM(amount) AS total FOR quarter IN ('Q1' AS one));

-- pivot, one of its columns
SELECT total_one FROM (SELECT product, quarter, amount, year FROM acme.lab.sales) PIVOT (SUM(amount) AS total, MAX(year) AS latest FOR quarter IN ('Q1' AS one, 'Q2' AS two));

-- pivot in a CTE
WITH p AS (SELECT * FROM (SELECT quarter, amount, year FROM acme.lab.sales) PIVOT (AVG(amount) FOR quarter IN ('Q1', 'Q2'))) SELECT Q1 FROM p;

-- unpivot
SELECT id, v, n FROM acme.lab.wide UNPIVOT (v FOR n IN (q1, q2));

-- unpivot without its values in the result
SELECT id FROM acme.lab.wide UNPIVOT (v FOR n IN (q1, q2));

-- unpivot with nulls, without its values in the result
SELECT id, n FROM acme.lab.wide UNPIVOT INCLUDE NULLS (v FOR n IN (q1, q2));

-- star of an unpivot
SELECT * FROM acme.lab.wide UNPIVOT (v FOR n IN (q1, q3));

-- unpivot of several columns
SELECT id, a FROM acme.lab.wide UNPIVOT ((a, b) FOR n IN ((q1, q2), (q3, q4)));

-- unpivot of a subquery
SELECT v FROM (SELECT id, q1, q2, note FROM acme.lab.wide WHERE q4 = 1) UNPIVOT (v FOR n IN (q1, q2));
