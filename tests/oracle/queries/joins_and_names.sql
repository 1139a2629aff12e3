-- join on
SELECT u.name, p.price FROM acme.lab.users AS u JOIN acme.lab.plans AS p ON u.plan = p.plan AND p.currency = 'EUR';

-- join without table names on the columns
SELECT name, price FROM acme.lab.users AS u LEFT JOIN acme.lab.plans AS p ON u.plan = p.plan;

-- using
SELECT name FROM acme.lab.users JOIN acme.lab.plans USING (plan);

-- full join using, the merged column shown
SELECT plan FROM acme.lab.users FULL JOIN acme.lab.plans USING (plan);

-- right join using
SELECT plan, currency FROM acme.lab.users RIGHT JOIN acme.lab.plans USING (plan);

-- three tables with using
SELECT id FROM acme.lab.users JOIN acme.lab.plans USING (plan) JOIN acme.lab.wide USING (id);

-- comma join with a condition
SELECT u.id FROM acme.lab.users AS u, acme.lab.plans AS p WHERE u.plan = p.plan;

-- cross join
SELECT u.id FROM acme.lab.users AS u CROSS JOIN acme.lab.plans;

-- self join
SELECT a.name, b.country FROM acme.lab.users AS a JOIN acme.lab.users AS b ON a.manager_id = b.id;

-- join with a subquery that takes its own names
SELECT id, total FROM acme.lab.wide JOIN (SELECT id, SUM(q1) AS total FROM acme.lab.wide GROUP BY id) USING (id);

-- join in parentheses
SELECT u.name, w.note FROM acme.lab.users AS u JOIN (acme.lab.plans AS p JOIN acme.lab.wide AS w ON p.users = w.q1) ON u.plan = p.plan;

-- star with except over a join
SELECT * EXCEPT (plan, users, profile) FROM acme.lab.users JOIN acme.lab.plans USING (plan);

-- stars of both sides with except
SELECT u.* EXCEPT (plan, scores), p.* EXCEPT (users) FROM acme.lab.users AS u JOIN acme.lab.plans AS p ON u.plan = p.plan;

-- column named as another table of the query
SELECT users.id, plans.users FROM acme.lab.users JOIN acme.lab.plans USING (plan);

-- column named as an alias
SELECT plan.plan FROM acme.lab.plans AS plan WHERE plan.users > 1;

-- column named as the table's alias, in ORDER BY
SELECT users FROM acme.lab.plans ORDER BY users;

-- alias of a column in the way of a column
SELECT name AS country, UPPER(country) AS name FROM acme.lab.users WHERE country = 'DE';

-- alias in HAVING hides nothing of WHERE
SELECT country AS plan, COUNT(*) AS n FROM acme.lab.users WHERE plan = 'x' GROUP BY country HAVING n > 1;

-- lateral reference to an outer table in FROM
SELECT u.id, s.total FROM acme.lab.users AS u CROSS JOIN UNNEST([STRUCT((SELECT SUM(q1) FROM acme.lab.wide AS w WHERE w.id = u.id) AS total)]) AS s;

-- condition on one row
SELECT w.id FROM acme.lab.wide AS w CROSS JOIN (SELECT MAX(price) AS top, MIN(currency) AS first FROM acme.lab.plans) AS p WHERE w.q1 > p.top;

-- table used twice with different columns
SELECT (SELECT COUNT(name) FROM acme.lab.users), (SELECT MAX(created) FROM acme.lab.users);

-- ambiguous name settled by the catalog
SELECT price, note FROM acme.lab.plans CROSS JOIN acme.lab.wide WHERE q2 = 1 AND currency = 'EUR';

-- ambiguous struct settled by the catalog
SELECT profile.age, device.os FROM acme.lab.users, acme.lab.sessions;

-- same field names on both sides
SELECT s.user.id, u.id FROM acme.lab.sessions AS s JOIN acme.lab.users AS u ON s.user.id = u.id;

-- wildcard table
SELECT level, context.trace FROM `acme.lab.log_2026*` WHERE _TABLE_SUFFIX BETWEEN '0101' AND '0102';

-- star of a wildcard table
SELECT * FROM `acme.lab.log_*`;

-- suffix in the result
SELECT _TABLE_SUFFIX AS suffix, COUNT(*) FROM `acme.lab.log_*` GROUP BY suffix;

-- partition time
SELECT id, _PARTITIONTIME AS loaded FROM acme.lab.ingested WHERE _PARTITIONDATE > '2026-01-01';

-- star leaves partition time out
SELECT * FROM acme.lab.ingested WHERE _PARTITIONTIME IS NULL;

-- partition time under another name through a subquery
SELECT body FROM (SELECT *, _PARTITIONTIME AS loaded FROM acme.lab.ingested) WHERE loaded > TIMESTAMP '2026-01-01';

-- system time
SELECT name FROM acme.lab.users FOR SYSTEM_TIME AS OF TIMESTAMP '2026-01-01';

-- sample
SELECT name FROM acme.lab.users TABLESAMPLE SYSTEM (10 PERCENT) WHERE id > 3;
