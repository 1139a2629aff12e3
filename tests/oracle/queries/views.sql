-- column of a view of a union
SELECT level FROM acme.lab.all_logs;

-- constant of a view of a union
SELECT part FROM acme.lab.all_logs;

-- field of a struct of a view of a union
SELECT context.trace FROM acme.lab.all_logs WHERE part = '1';

-- star of a view of a union
SELECT * FROM acme.lab.all_logs;

-- star of a view of a union, with except
SELECT * EXCEPT (context, message) FROM acme.lab.all_logs;

-- count of a view of a union
SELECT COUNT(*) FROM acme.lab.all_logs;

-- field of an array's element through a view
SELECT page.path FROM acme.lab.page_hits WHERE day = '2026-01-01';

-- offset through a view
SELECT position FROM acme.lab.page_hits;

-- array of a view, unnested
SELECT i.sku FROM acme.lab.page_hits, UNNEST(items) AS i;

-- array of a view, its length
SELECT session_id, ARRAY_LENGTH(items) FROM acme.lab.page_hits;

-- view over a view
SELECT name FROM acme.lab.german_payers;

-- view over a view, its computed column
SELECT double_price FROM acme.lab.german_payers WHERE id > 3;

-- star of a view over a view
SELECT * FROM acme.lab.german_payers;

-- row of a view
SELECT TO_JSON_STRING(v) FROM acme.lab.paying_users AS v;

-- row of a view as a column, one field of it
SELECT q.v.name FROM (SELECT v FROM acme.lab.paying_users AS v) AS q;

-- view joined with its table
SELECT v.price, u.name FROM acme.lab.paying_users AS v JOIN acme.lab.users AS u USING (id);

-- view used twice
SELECT a.id FROM acme.lab.paying_users AS a WHERE a.price > (SELECT AVG(price) FROM acme.lab.paying_users WHERE country = 'DE');

-- name settled by the view's columns
SELECT price, note FROM acme.lab.paying_users CROSS JOIN acme.lab.wide;

-- array of scalars of a view
SELECT label FROM acme.lab.latest_sessions, UNNEST(labels) AS label;

-- view in a CTE, narrowed
WITH q AS (SELECT * FROM acme.lab.latest_sessions) SELECT q.user.id FROM q;

-- pivot of a view
SELECT * FROM (SELECT plan, country, price FROM acme.lab.paying_users) PIVOT (SUM(price) FOR country IN ('DE', 'FR'));

-- unpivot beside a view
SELECT v.name, w.v FROM acme.lab.paying_users AS v JOIN (SELECT id, v FROM acme.lab.wide UNPIVOT (v FOR n IN (q1, q2))) AS w USING (id);

-- merge from a view
MERGE acme.lab.plans AS t USING acme.lab.paying_users AS s ON t.plan = s.plan WHEN MATCHED THEN UPDATE SET currency = s.country;
