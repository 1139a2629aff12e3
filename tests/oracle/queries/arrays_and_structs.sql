-- field of a field
SELECT user.address.city FROM acme.lab.sessions;

-- field with the table's name
SELECT sessions.user.address.zip, s.device.os FROM acme.lab.sessions JOIN acme.lab.sessions AS s USING (session_id);

-- whole struct
SELECT user FROM acme.lab.sessions;

-- star of a struct
SELECT user.address.*, device.os FROM acme.lab.sessions;

-- star of a struct with EXCEPT
SELECT s.device.browser.* EXCEPT (version) FROM acme.lab.sessions AS s;

-- field of a struct through a CTE
WITH q AS (SELECT user, device FROM acme.lab.sessions) SELECT user.id, q.device.browser.name FROM q;

-- field of a renamed struct
SELECT a.city FROM (SELECT user.address AS a FROM acme.lab.sessions);

-- struct built and taken apart
SELECT s.x FROM (SELECT STRUCT(name AS x, country AS y) AS s FROM acme.lab.users);

-- struct built without names for its fields
SELECT s.name FROM (SELECT STRUCT(name, country, profile.age) AS s FROM acme.lab.users);

-- typed struct
SELECT s.b FROM (SELECT STRUCT<a INT64, b STRING>(id, name) AS s FROM acme.lab.users);

-- struct in a struct
SELECT s.inner_part.x FROM (SELECT STRUCT(STRUCT(id AS x, plan AS y) AS inner_part, name AS z) AS s FROM acme.lab.users);

-- field of a struct expression
SELECT STRUCT(id AS x, plan AS y).x FROM acme.lab.users;

-- comparison of whole structs
SELECT COUNT(*) FROM acme.lab.sessions AS a JOIN acme.lab.sessions AS b ON a.user.address = b.user.address;

-- unnest with an alias
SELECT h.page.path FROM acme.lab.sessions, UNNEST(hits) AS h;

-- unnest of nested arrays
SELECT session_id, i.sku FROM acme.lab.sessions AS s, UNNEST(s.hits) AS h, UNNEST(h.items) AS i WHERE h.page.title <> '';

-- unnest of a path through arrays that is not named
SELECT sku FROM acme.lab.sessions, UNNEST(hits) AS h, UNNEST(h.items);

-- unnest without an alias
SELECT key, value.int_value FROM acme.lab.sessions, UNNEST(params);

-- unnest of scalars
SELECT label FROM acme.lab.sessions, UNNEST(labels) AS label;

-- unnest for the count alone
SELECT COUNT(*) FROM acme.lab.sessions, UNNEST(hits);

-- unnest with offset alone
SELECT position FROM acme.lab.sessions, UNNEST(hits) AS h WITH OFFSET AS position;

-- unnest with offset and element
SELECT p.key, o FROM acme.lab.sessions, UNNEST(params) AS p WITH OFFSET o WHERE o < 3;

-- left join unnest
SELECT session_id, i.price FROM acme.lab.sessions LEFT JOIN UNNEST(hits) AS h LEFT JOIN UNNEST(h.items) AS i;

-- correlated array without UNNEST
SELECT p.key FROM acme.lab.sessions AS s, s.params AS p;

-- correlated nested array without UNNEST
SELECT i.sku FROM acme.lab.sessions AS s, s.hits AS h, h.items AS i;

-- star over an unnest
SELECT h.* FROM acme.lab.sessions, UNNEST(hits) AS h;

-- star over a table and an unnest
SELECT * FROM acme.lab.users, UNNEST(scores) AS score;

-- star of the table beside an unnest
SELECT s.* EXCEPT (hits, params, payload) FROM acme.lab.sessions AS s, UNNEST(s.hits) AS h WHERE h.time IS NOT NULL;

-- scalar subquery over an array
SELECT (SELECT value.int_value FROM UNNEST(params) WHERE key = 'page') AS page FROM acme.lab.sessions;

-- scalar subquery over an array with an alias
SELECT (SELECT p.value.string_value FROM UNNEST(params) AS p WHERE p.key = 'page') AS page FROM acme.lab.sessions;

-- EXISTS over an array
SELECT session_id FROM acme.lab.sessions WHERE EXISTS (SELECT 1 FROM UNNEST(hits) AS h WHERE h.page.path = '/');

-- EXISTS over an array's rows
SELECT session_id FROM acme.lab.sessions WHERE EXISTS (SELECT * FROM UNNEST(hits));

-- IN UNNEST
SELECT session_id FROM acme.lab.sessions WHERE 'x' IN UNNEST(labels);

-- IN UNNEST of literals
SELECT name FROM acme.lab.users WHERE country IN UNNEST(['DE', 'FR']);

-- element by offset
SELECT hits[OFFSET(0)].page.path FROM acme.lab.sessions;

-- element by safe ordinal of a scalar array
SELECT scores[SAFE_ORDINAL(1)] FROM acme.lab.users;

-- element by an offset from another column
SELECT params[SAFE_OFFSET(CAST(revenue AS INT64))].key FROM acme.lab.sessions;

-- element of a nested array
SELECT hits[OFFSET(0)].items[SAFE_OFFSET(1)].price FROM acme.lab.sessions;

-- plain index
SELECT labels[0] FROM acme.lab.sessions;

-- length of an array of structs
SELECT ARRAY_LENGTH(labels) FROM acme.lab.sessions;

-- ARRAY_AGG of structs, newest first
SELECT ARRAY_AGG(STRUCT(id, name) ORDER BY created DESC LIMIT 1)[OFFSET(0)].name FROM acme.lab.users GROUP BY country;

-- ARRAY_AGG of rows
SELECT ARRAY_AGG(u ORDER BY u.created DESC LIMIT 1)[OFFSET(0)].* FROM acme.lab.users AS u GROUP BY u.country;

-- ARRAY_AGG of rows, a field later
SELECT r.name FROM (SELECT ARRAY_AGG(u ORDER BY u.created LIMIT 1)[OFFSET(0)] AS r FROM acme.lab.users AS u GROUP BY u.country);

-- row kept as a column, a field later
SELECT q.u.name FROM (SELECT u, 1 AS one FROM acme.lab.users AS u) AS q;

-- row kept as a column, nothing of it used
SELECT q.one FROM (SELECT u, 1 AS one FROM acme.lab.users AS u) AS q;

-- row in a struct
SELECT s.u.plan FROM (SELECT STRUCT(u AS u, 1 AS one) AS s FROM acme.lab.users AS u);

-- row as an argument
SELECT FORMAT('%T', u) FROM acme.lab.users AS u;

-- row of an unnested array as JSON
SELECT TO_JSON_STRING(h.page) FROM acme.lab.sessions, UNNEST(hits) AS h;

-- row of a subquery as JSON
SELECT TO_JSON_STRING(q) FROM (SELECT id, name FROM acme.lab.users WHERE plan = 'x') AS q;

-- SELECT AS STRUCT
SELECT q.name FROM (SELECT AS STRUCT id, name, country FROM acme.lab.users) AS q;

-- SELECT AS STRUCT star
SELECT ARRAY(SELECT AS STRUCT * FROM acme.lab.plans);

-- SELECT AS VALUE
SELECT city FROM (SELECT AS VALUE user.address FROM acme.lab.sessions);

-- array built by a subquery, then unnested
SELECT x.sku FROM acme.lab.sessions AS s, UNNEST(ARRAY(SELECT AS STRUCT i.sku, i.price FROM UNNEST(s.hits) AS h, UNNEST(h.items) AS i)) AS x;

-- array literal of columns
SELECT v FROM acme.lab.wide, UNNEST([q1, q2]) AS v WHERE q4 > 0;

-- array of struct literals of columns
SELECT x.v FROM acme.lab.wide, UNNEST([STRUCT(q1 AS v, note AS w), STRUCT(q2 AS v, note AS w)]) AS x;

-- split of a column
SELECT part FROM acme.lab.wide, UNNEST(SPLIT(note, ',')) AS part;

-- generated dates
SELECT day FROM UNNEST(GENERATE_DATE_ARRAY('2026-01-01', '2026-01-31')) AS day LEFT JOIN acme.lab.sessions USING (day);

-- array through a CTE
WITH q AS (SELECT session_id, hits FROM acme.lab.sessions) SELECT h.page.title FROM q, UNNEST(q.hits) AS h;

-- array of an array's field through a subquery
SELECT COUNT(*) FROM (SELECT h.items AS items FROM acme.lab.sessions, UNNEST(hits) AS h), UNNEST(items) AS i WHERE i.price > 1;

-- JSON field
SELECT payload.a.b, JSON_VALUE(payload, '$.c') FROM acme.lab.sessions;

-- condition between arrays
SELECT session_id FROM acme.lab.sessions AS s WHERE (SELECT SUM(i.price) FROM UNNEST(s.hits) AS h, h.items AS i) > s.revenue;

-- filter with a lambda
SELECT ARRAY_FILTER(scores, e -> e > manager_id) FROM acme.lab.users;

-- transform with a lambda over structs
SELECT ARRAY_TRANSFORM(params, p -> p.key) FROM acme.lab.sessions;
